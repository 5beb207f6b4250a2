use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::world::{Answer, NOBODY, World, dataverse, on24, request};

/// One operation of the description.
struct Operation {
    method: Method,
    path: String,
    spec: Value,
}

impl Operation {
    fn name(&self) -> &str {
        self.spec["operationId"].as_str().unwrap()
    }

    /// Where it is for an organization.
    fn of(&self, organization: &str) -> String {
        self.path.replace("{organization}", organization)
    }

    /// A body that it takes, if it takes one.
    fn body(&self) -> Option<Value> {
        self.spec.get("requestBody")?;
        Some(match self.name() {
            "foundOrganization" => json!({ "name": "Fabrikam" }),
            "acceptTerms" => json!({ "version": 3 }),
            "enterOn24Credentials" => on24(),
            "enterDataverseCredentials" => dataverse(),
            "approveBrake" => json!({ "webinar": NOBODY }),
            "reconcile" => json!({}),
            "releaseHeld" => json!({ "reason": "there is room" }),
            other => panic!("no body for {other}"),
        })
    }

    fn statuses(&self) -> BTreeSet<u16> {
        self.spec["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap()).collect()
    }
}

async fn description(world: &World) -> Value {
    let answer = world.send(Request::get("/api/openapi.json").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"));
    answer.json()
}

fn operations(description: &Value) -> Vec<Operation> {
    let paths = description["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, spec)| Operation {
            method: method.to_uppercase().parse().unwrap(),
            path: path.clone(),
            spec: spec.clone(),
        })
    });
    operations.collect()
}

#[tokio::test]
async fn the_description_is_read_without_a_token_and_is_whole() {
    let world = World::new().await;
    let description = description(&world).await;
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(description["security"], json!([{ "token": [] }]));
    assert_eq!(
        description["components"]["securitySchemes"]["token"],
        json!({ "type": "http", "scheme": "bearer" })
    );
    let operations = operations(&description);
    let names: BTreeSet<&str> = operations.iter().map(Operation::name).collect();
    assert_eq!(names.len(), operations.len(), "each has a name of its own");
    assert_eq!(operations.len(), 25);
    for operation in &operations {
        assert!(operation.spec["security"].is_null(), "{} is as guarded as the rest", operation.name());
        assert!(!operation.spec["summary"].as_str().unwrap().is_empty(), "{}", operation.name());
    }
}

#[tokio::test]
async fn every_reference_in_the_description_leads_somewhere() {
    fn walk(value: &Value, whole: &Value) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(place)) = fields.get("$ref") {
                    assert!(whole.pointer(&place[1..]).is_some(), "{place}");
                }
                fields.values().for_each(|value| walk(value, whole));
            }
            Value::Array(values) => values.iter().for_each(|value| walk(value, whole)),
            _ => {}
        }
    }
    let description = description(&World::new().await).await;
    walk(&description, &description);
}

#[tokio::test]
async fn every_status_has_a_media_type_and_problems_have_theirs() {
    for operation in operations(&description(&World::new().await).await) {
        for (status, response) in operation.spec["responses"].as_object().unwrap() {
            let media: Vec<&str> = response["content"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.as_str())
                .collect();
            let expected: &[&str] = match status.as_str() {
                "202" if media.is_empty() => &[],
                "204" => &[],
                "200" | "201" | "202" => &["application/json"],
                _ => &["application/problem+json"],
            };
            assert_eq!(media, expected, "{} {status}", operation.name());
        }
    }
}

#[tokio::test]
async fn every_route_demands_a_token() {
    let world = World::new().await;
    let organization = world.organization("Contoso").await;
    let id = organization.rsplit('/').next().unwrap();
    for operation in operations(&description(&world).await) {
        for id in [id, NOBODY] {
            let body = operation.body().map(|body| ("application/json", body.to_string()));
            let mut request = request(operation.method.clone(), &operation.of(id), body);
            request.headers_mut().remove("authorization");
            world.send(request).await.problem(401, "unauthorised");
        }
    }
    assert_eq!(world.get(&organization).await.json()["state"], "dormant", "and nothing was done");
}

/// Provokes a problem from an operation.
async fn provoke(operation: &Operation, status: u16) -> Answer {
    let world = match status {
        500 => World::that_panics().await,
        503 => World::without_store().await,
        _ => World::new().await,
    };
    let id = match status {
        404 | 500 | 503 => NOBODY.to_owned(),
        _ => world.organization("Contoso").await.rsplit('/').next().unwrap().to_owned(),
    };
    let path = operation.of(&id);
    let body = operation.body();
    let json = |body: Value| Some(("application/json", body.to_string()));
    let (path, body) = match (status, &body) {
        (400, None) => (format!("{path}?nonsense=1"), None),
        (400, Some(_)) => (path, Some(("application/json", "{".to_owned()))),
        (409, _) if operation.name() == "foundOrganization" => (path, json(json!({ "name": "Contoso" }))),
        (409, _) => (path, json(json!({ "version": 99 }))),
        (413, _) => (path, Some(("application/json", " ".repeat(70_000)))),
        (415, Some(body)) => (path, Some(("text/plain", body.to_string()))),
        (422, _) => (path, json(json!({ "nonsense": 1 }))),
        _ => (path, body.and_then(json)),
    };
    let mut request = request(operation.method.clone(), &path, body);
    if status == 401 {
        request.headers_mut().remove("authorization");
    }
    world.send(request).await
}

#[tokio::test]
async fn every_documented_problem_can_be_had() {
    for operation in operations(&description(&World::new().await).await) {
        let statuses = operation.statuses();
        for status in statuses.iter().copied().filter(|status| *status >= 400) {
            let answer = provoke(&operation, status).await;
            assert_eq!(answer.status.as_u16(), status, "{}: {}", operation.name(), answer.text);
            answer.problem(status, answer.json()["code"].as_str().unwrap());
        }
        let takes_body = operation.spec.get("requestBody").is_some();
        for status in [413, 415, 422] {
            assert_eq!(statuses.contains(&status), takes_body, "{} {status}", operation.name());
        }
        let names_one = operation.path.contains("{organization}");
        assert_eq!(statuses.contains(&404), names_one, "{}", operation.name());
    }
}

/// Whether a value is what a schema says: types, required and known fields, and items.
fn check(value: &Value, schema: &Value, whole: &Value, at: &str) {
    let schema = match schema.get("$ref").and_then(Value::as_str) {
        Some(place) => whole.pointer(&place[1..]).unwrap(),
        None => schema,
    };
    if let Some(either) = schema["oneOf"].as_array() {
        // Something or nothing.
        let nothing = |schema: &&Value| schema["type"] == "null";
        assert!(either.len() == 2 && either.iter().any(|schema| nothing(&schema)), "{at}: {schema}");
        let something = either.iter().find(|schema| !nothing(schema)).unwrap();
        if !value.is_null() {
            check(value, something, whole, at);
        }
        return;
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        other => panic!("{at}: {other}"),
    };
    let actual = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_i64() || n.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(types.contains(&actual), "{at}: {value} is not {types:?}");
    if let Value::Array(items) = value {
        for item in items {
            check(item, &schema["items"], whole, at);
        }
    }
    if let (Value::Object(fields), Some(properties)) = (value, schema["properties"].as_object()) {
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(fields.contains_key(name.as_str().unwrap()), "{at}: {name} is missing");
        }
        for (name, value) in fields {
            let property = properties.get(name).unwrap_or_else(|| panic!("{at}: {name} is not described"));
            check(value, property, whole, &format!("{at}.{name}"));
        }
        let required = schema["required"].as_array().map_or(0, Vec::len);
        assert_eq!(required, properties.len(), "{at}: every field of an answer is always there");
    }
}

#[tokio::test]
async fn answers_are_what_the_description_says() {
    let world = World::new().await;
    let whole = description(&world).await;
    let organization = world.organization("Contoso").await;
    world.accept_terms(&organization).await;
    super::balance::plan(&world, "Cheese", webinar_bridge_domain::webinar::Link::Waiting).await;
    let id = organization.rsplit('/').next().unwrap();
    let mut operations = operations(&whole);
    // Things are made, looked at, and taken away, parts before wholes.
    operations.sort_by_key(|operation| {
        let depth = operation.path.len();
        (operation.method == Method::DELETE, operation.method == Method::GET, std::cmp::Reverse(depth))
    });
    for operation in operations {
        let body = operation.body();
        let answer = world.call(operation.method.clone(), &operation.of(id), body.as_ref()).await;
        let status = answer.status.as_u16();
        assert!(answer.status.is_success() && operation.statuses().contains(&status), "{}", operation.name());
        let response = &operation.spec["responses"][status.to_string()];
        if response["content"].is_null() {
            assert_eq!(answer.text, "");
            continue;
        }
        assert_eq!(answer.header("content-type"), "application/json");
        check(&answer.json(), &response["content"]["application/json"]["schema"], &whole, operation.name());
        for name in response["headers"].as_object().into_iter().flatten().map(|(name, _)| name) {
            assert_ne!(answer.header(name), "", "{} says {name}", operation.name());
        }
    }
    let problem = world.get("/api/v1/organizations/x").await.json();
    check(&problem, &whole["components"]["schemas"]["Problem"], &whole, "problem");
}
