use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::world::{CLIENT_SECRET, KEY, NOBODY, SECRET, World, on24, request};

#[tokio::test]
async fn what_is_not_there_is_a_problem_with_and_without_a_token() {
    let world = World::new().await;
    for path in ["/nowhere", "/api", "/api/v1", "/api/v1/", "/api/v1/organizations/", "/assets/../x", "/%00"]
    {
        world.get(path).await.problem(404, "not_found");
        world.send(Request::get(path).body(Body::empty()).unwrap()).await.problem(404, "not_found");
        world.post(path, &json!({})).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_names_the_right_ones() {
    let world = World::new().await;
    let paths = [
        ("/api/v1/organizations", "GET,HEAD,POST"),
        (&format!("/api/v1/organizations/{NOBODY}/credentials/on24"), "DELETE,PUT"),
        ("/api/openapi.json", "GET,HEAD"),
        ("/sign-in", "POST"),
    ];
    for (path, allowed) in paths {
        let answer = world.call(Method::PATCH, path, None).await;
        answer.problem(405, "method_not_allowed");
        let mut allow: Vec<&str> = answer.header("allow").split(',').collect();
        allow.sort_unstable();
        assert_eq!(allow.join(","), allowed, "{path}");
    }
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let world = World::new().await;
    let organization = world.organization("Contoso").await;
    let no_such = format!("/api/v1/organizations/{NOBODY}");
    for path in [organization.as_str(), "/api/openapi.json", "/", "/assets/console.js", "/nowhere", &no_such]
    {
        let (get, head) = (world.get(path).await, world.call(Method::HEAD, path, None).await);
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.text, "", "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert_eq!(head.header("content-length"), get.text.len().to_string(), "{path}");
    }
}

/// Every path that takes a body, with a body it would take.
async fn writes(world: &World) -> Vec<(Method, String, Value)> {
    let organization = world.organization("Contoso").await;
    vec![
        (Method::POST, "/api/v1/organizations".to_owned(), json!({ "name": "Fabrikam" })),
        (Method::POST, format!("{organization}/terms"), json!({ "version": 3 })),
        (Method::PUT, format!("{organization}/credentials/on24"), on24()),
        (Method::PUT, format!("{organization}/credentials/dataverse"), super::world::dataverse()),
    ]
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_problem() {
    let world = World::new().await;
    for (method, path, good) in writes(&world).await {
        let send = async |media: &str, body: &str| {
            world.send(request(method.clone(), &path, Some((media, body.to_owned())))).await
        };
        let whole = good.to_string();
        let cut = &whole[..whole.len() - 1];
        for broken in ["", "{", "nonsense", cut] {
            send("application/json", broken).await.problem(400, "malformed");
        }
        for media in ["text/plain", "application/x-www-form-urlencoded", "", "json"] {
            send(media, &good.to_string()).await.problem(415, "media_type");
        }
        let none = request(method.clone(), &path, None);
        world.send(none).await.problem(415, "media_type");
        let blanks = " ".repeat(64 * 1024);
        send("application/json", &format!("{blanks}{good}")).await.problem(413, "too_large");
        let room = 64 * 1024 - good.to_string().len();
        let fits = send("application/json", &format!("{}{good}", &blanks[..room])).await;
        assert!(fits.status.is_success(), "{path}: {}", fits.text);
    }
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_told_by_field_and_in_our_own_words() {
    let world = World::new().await;
    for (method, path, good) in writes(&world).await {
        let send =
            async |body: &Value| world.call(method.clone(), &path, Some(body)).await.problem(422, "invalid");
        for name in good.as_object().unwrap().keys() {
            let mut body = good.clone();
            body.as_object_mut().unwrap().remove(name);
            assert_eq!(send(&body).await, format!("`{name}` is missing"));
            body[name] = json!({ "nested": KEY });
            assert!(send(&body).await.starts_with(&format!("`{name}` must be ")), "{name}");
        }
        let mut body = good.clone();
        body[KEY] = json!(1);
        let detail = send(&body).await;
        assert!(
            detail.starts_with("the body must be an object of `") && detail.ends_with("and nothing else")
        );
        assert!(
            good.as_object().unwrap().keys().all(|name| detail.contains(&format!("`{name}`"))),
            "{detail}"
        );
        for other in [json!(null), json!(KEY), json!(17), json!([])] {
            send(&other).await;
        }
    }
}

#[tokio::test]
async fn a_field_that_is_given_twice_is_named() {
    let world = World::new().await;
    let body = (String::from("application/json"), format!(r#"{{"name":"{KEY}","name":"{SECRET}"}}"#));
    let twice = request(Method::POST, "/api/v1/organizations", Some((&body.0, body.1)));
    assert_eq!(world.send(twice).await.problem(422, "invalid"), "`name` is given twice");
}

/// Values that try to get past whoever strips quotations. Each has the canary, for which every answer is searched.
fn sly() -> Vec<Value> {
    let texts = [
        format!("a\"{KEY}\"b"),
        format!("\\\"{KEY}"),
        format!("`{KEY}`"),
        format!("x, expected {KEY} at line 1 column 2"),
        format!("missing field `{KEY}`"),
        format!("client_id: {KEY}"),
        format!("{KEY}\u{0}\n"),
    ];
    let nested = texts.iter().flat_map(|text| [json!([text]), json!({ text: text })]);
    texts.iter().map(|text| json!(text)).chain(nested).collect()
}

#[tokio::test]
async fn no_complaint_quotes_a_value_or_an_unknown_name() {
    let world = World::new().await;
    for (method, path, good) in writes(&world).await {
        for (name, _) in good.as_object().unwrap() {
            for sly in sly() {
                let mut body = good.clone();
                body[name] = sly.clone();
                // The canaries are looked for in every answer, whatever its status. Only a name is there to be shown.
                if name != "name" {
                    world.call(method.clone(), &path, Some(&body)).await;
                }
                if let Some(text) = sly.as_str() {
                    let mut body = good.clone();
                    body[text] = json!(CLIENT_SECRET);
                    world.call(method.clone(), &path, Some(&body)).await.problem(422, "invalid");
                }
            }
        }
    }
}

#[tokio::test]
async fn numbers_in_place_of_secrets_are_not_quoted_either() {
    let world = World::new().await;
    let path = format!("{}/credentials/on24", world.organization("Contoso").await);
    for number in [json!(8_714_623_590_124_u64), json!(-8_714_623_590_124_i64), json!(87_146_235.901_24)] {
        for field in ["access_token_key", "access_token_secret", "base_url"] {
            let mut body = on24();
            body[field] = number.clone();
            assert_eq!(
                world.put(&path, &body).await.problem(422, "invalid"),
                format!("`{field}` must be text")
            );
        }
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_a_problem() {
    let world = World::new().await;
    let organization = world.organization("Contoso").await;
    let queries = [
        "balance?webinar=7",
        "balance?webinar=",
        "balance?webinr=00000000-0000-7000-8000-000000000000",
        "held?skip=-1",
        "held?limit=many",
        "unmatched?limit=99999999999",
        "unmatched?page=2",
    ];
    for query in queries {
        world.get(&format!("{organization}/{query}")).await.problem(400, "malformed");
    }
    for query in ["held?limit=0", "held?limit=4000000000&skip=4000000000", "unmatched?"] {
        let answer = world.get(&format!("{organization}/{query}")).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!([])), "{query}");
    }
}

#[tokio::test]
async fn a_store_that_fails_is_a_problem_and_says_nothing_of_its_places() {
    let world = World::without_store().await;
    let organization = format!("/api/v1/organizations/{NOBODY}");
    for path in ["/api/v1/organizations", &organization, &format!("{organization}/balance"), "/"] {
        let detail = world.get(path).await.problem(503, "unavailable");
        assert!(!detail.contains("secret-place"), "{detail}");
    }
    world.put(&format!("{organization}/credentials/on24"), &on24()).await.problem(503, "unavailable");
}

#[tokio::test]
async fn a_panic_is_a_problem_and_is_counted() {
    let world = World::that_panics().await;
    for path in ["/api/v1/organizations", "/"] {
        let detail = world.get(path).await.problem(500, "internal");
        assert!(!detail.contains("MockOrganizations"), "{detail}");
    }
    world.ask("/readyz").await.problem(500, "internal");
    let mut scraped = World::new().await;
    scraped.admin.meters = world.admin.meters;
    let metrics = scraped.ask("/metrics").await.text;
    assert!(metrics.contains("webinar_bridge_panics_total 3"), "{metrics}");
}

#[tokio::test]
async fn each_request_has_an_id_of_its_own() {
    let world = World::new().await;
    let first = world.get("/api/v1/organizations").await;
    let second = world.get("/api/v1/organizations").await;
    assert_eq!(first.header("x-trace-id").len(), 32);
    assert_ne!(first.header("x-trace-id"), second.header("x-trace-id"));
}
