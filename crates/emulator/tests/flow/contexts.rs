use serde_json::{Value, json};

use super::listener::Listener;
use super::organization::{A, Organization, entry, keys};

const CONTRACTS: &str = "http://schemas.microsoft.com/xrm/2011/Contracts";
const MEMBERS: [&str; 29] = [
    "BusinessUnitId",
    "CorrelationId",
    "Depth",
    "InitiatingUserAzureActiveDirectoryObjectId",
    "InitiatingUserId",
    "InputParameters",
    "IsExecutingOffline",
    "IsInTransaction",
    "IsOfflinePlayback",
    "IsolationMode",
    "MessageName",
    "Mode",
    "OperationCreatedOn",
    "OperationId",
    "OrganizationId",
    "OrganizationName",
    "OutputParameters",
    "OwningExtension",
    "ParentContext",
    "PostEntityImages",
    "PreEntityImages",
    "PrimaryEntityId",
    "PrimaryEntityName",
    "RequestId",
    "SecondaryEntityName",
    "SharedVariables",
    "Stage",
    "UserAzureActiveDirectoryObjectId",
    "UserId",
];

fn members(context: &Value) -> Vec<&str> {
    context.as_object().unwrap().keys().map(String::as_str).collect()
}

fn target(context: &Value) -> &Value {
    entry(&context["InputParameters"], "Target").unwrap()
}

async fn hearing(message: &str, table: &str) -> (Organization, Listener) {
    let (organization, listener) = (Organization::start().await, Listener::start().await);
    let step = json!({"message": message, "table": table});
    organization.register(json!({"url": format!("{}/hook", listener.origin), "steps": [step]})).await;
    (organization, listener)
}

#[tokio::test]
async fn dynamics_41_a_create_tells_the_whole_row_in_data_contracts() {
    let (organization, mut listener) = hearing("Create", "contact").await;
    let account = organization.post("accounts", json!({"name": "A/B"})).await;
    let body = json!({"contactid": A, "firstname": "Ada", "lastname": "Lee", "donotemail": true,
        "parentcustomerid_account@odata.bind": format!("/accounts({account})")});
    organization.post("contacts", body).await;
    let received = listener.next().await;
    assert_eq!((received.method.as_str(), received.uri.path()), ("POST", "/hook"));
    assert_eq!(received.uri.query(), None);
    let context = received.context();
    assert_eq!(members(&context), MEMBERS);
    let whoami = organization.get("WhoAmI").await;
    assert_eq!(context["OrganizationId"], whoami["OrganizationId"]);
    assert_eq!(context["BusinessUnitId"], whoami["BusinessUnitId"]);
    assert_eq!((&context["UserId"], &context["InitiatingUserId"]), (&whoami["UserId"], &whoami["UserId"]));
    assert_eq!(
        (&context["MessageName"], &context["PrimaryEntityName"]),
        (&json!("Create"), &json!("contact"))
    );
    assert_eq!((&context["PrimaryEntityId"], &context["SecondaryEntityName"]), (&json!(A), &json!("none")));
    assert_eq!((&context["Stage"], &context["Mode"], &context["Depth"]), (&json!(40), &json!(1), &json!(1)));
    assert_eq!(context["OutputParameters"], json!([{"key": "id", "value": A}]));
    assert_eq!(context["IsInTransaction"], false);

    let target = target(&context);
    assert_eq!(target["__type"], format!("Entity:{CONTRACTS}"));
    assert_eq!((&target["Id"], &target["LogicalName"]), (&json!(A), &json!("contact")));
    for name in ["FormattedValues", "KeyAttributes", "RelatedEntities"] {
        assert_eq!(target[name], json!([]), "{name}");
    }
    assert!(target["EntityState"].is_null() && target["RowVersion"].is_null());
    let attributes = &target["Attributes"];
    assert_eq!(entry(attributes, "lastname").unwrap(), "Lee");
    assert_eq!(entry(attributes, "fullname").unwrap(), "Ada Lee");
    assert_eq!(entry(attributes, "donotemail").unwrap(), true);
    assert_eq!(entry(attributes, "contactid").unwrap(), A);
    let choice = json!({"__type": format!("OptionSetValue:{CONTRACTS}"), "Value": 0});
    assert_eq!(entry(attributes, "statecode").unwrap(), &choice);
    let parent = json!({"__type": format!("EntityReference:{CONTRACTS}"), "Id": account, "KeyAttributes": [],
        "LogicalName": "account", "Name": null, "RowVersion": null});
    assert_eq!(entry(attributes, "parentcustomerid").unwrap(), &parent);
    let created = entry(attributes, "createdon").unwrap().as_str().unwrap();
    assert!(created.starts_with("/Date(") && created.ends_with("000)/"), "{created}");
    // On the wire every slash is escaped.
    assert!(
        received.text.contains(r#""__type":"Entity:http:\/\/schemas.microsoft.com\/xrm\/2011\/Contracts""#)
    );
    assert!(received.text.contains(r"\/Date(") && !received.text.replace(r"\/", "").contains('/'));
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_an_update_tells_only_what_was_changed() {
    let (organization, mut listener) = hearing("Update", "contact").await;
    organization
        .post("contacts", json!({"contactid": A, "firstname": "Ada", "lastname": "Lee", "jobtitle": "x"}))
        .await;
    organization.patch(&format!("contacts({A})"), json!({"firstname": "Eva", "jobtitle": null})).await;
    let context = listener.next().await.context();
    assert_eq!(context["MessageName"], "Update");
    let attributes = &target(&context)["Attributes"];
    // What the client set, the key, and what the platform derived and stamped.
    let mut names = keys(attributes);
    names.sort_unstable();
    assert_eq!(names, ["contactid", "firstname", "fullname", "jobtitle", "modifiedon"]);
    assert_eq!(entry(attributes, "firstname").unwrap(), "Eva");
    assert!(entry(attributes, "jobtitle").unwrap().is_null());
    assert_eq!(context["OutputParameters"], json!([]));
    // The main operation knows what the client asked for and nothing more.
    let parent = &context["ParentContext"];
    assert_eq!(members(parent), MEMBERS);
    assert_eq!((&parent["Stage"], &parent["ParentContext"]), (&json!(30), &Value::Null));
    assert_eq!(keys(&parent["InputParameters"]), ["Target", "SuppressDuplicateDetection"]);
    let mut asked = keys(&target(parent)["Attributes"]);
    asked.sort_unstable();
    assert_eq!(asked, ["contactid", "firstname", "jobtitle"]);
    // Every asynchronous step is told the name.
    let primary = entry(&context["PostEntityImages"], "AsynchronousStepPrimaryName").unwrap();
    assert!(primary.get("__type").is_none());
    assert_eq!(keys(&primary["Attributes"]), ["contactid", "fullname"]);
    assert_eq!(context["PreEntityImages"], json!([]));
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_a_delete_carries_a_reference_and_cascades_are_told_too() {
    let (organization, mut listener) = hearing("Delete", "contact").await;
    organization.post("contacts", json!({"contactid": A, "lastname": "Lee"})).await;
    organization.delete(&format!("contacts({A})")).await;
    let context = listener.next().await.context();
    let reference = json!({"__type": format!("EntityReference:{CONTRACTS}"), "Id": A, "KeyAttributes": [],
        "LogicalName": "contact", "Name": null, "RowVersion": null});
    assert_eq!(target(&context), &reference);
    assert_eq!((&context["MessageName"], &context["PostEntityImages"]), (&json!("Delete"), &json!([])));
    organization.emulators.stop().await;

    let options = webinar_bridge_emulator::Options { registrations: 2, ..Default::default() };
    let (organization, mut listener) = (Organization::start_with(options).await, Listener::start().await);
    let step = json!({"message": "Delete", "table": "msevtmgt_eventregistration"});
    organization.register(json!({"url": listener.origin, "steps": [step]})).await;
    let event = organization.get("msevtmgt_events").await["value"][0]["msevtmgt_eventid"].clone();
    organization.delete(&format!("msevtmgt_events({})", event.as_str().unwrap())).await;
    let (one, other) = (listener.next().await.context(), listener.next().await.context());
    assert_ne!(one["PrimaryEntityId"], other["PrimaryEntityId"]);
    assert_eq!(one["CorrelationId"], other["CorrelationId"]);
    assert_ne!(one["OperationId"], other["OperationId"]);
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_moments_are_in_utc_and_one_hints_at_the_server_s_zone() {
    let (organization, mut listener) = hearing("Create", "msevtmgt_checkin").await;
    organization.settings(json!({"webhooks": {"utc_offset_minutes": -420}})).await;
    let body = json!({"msevtmgt_checkintime": "1969-12-31T23:59:59Z", "msevtmgt_checkintype": 100_000_001,
        "msevtmgt_viewingdurationinmins": 7, "msdynmkt_attendancepercentage": 12.5});
    organization.post("msevtmgt_checkins", body).await;
    let context = listener.next().await.context();
    let attributes = &target(&context)["Attributes"];
    assert_eq!(entry(attributes, "msevtmgt_checkintime").unwrap(), "/Date(-1000)/");
    assert_eq!(entry(attributes, "msevtmgt_checkintype").unwrap()["Value"], 100_000_001);
    assert_eq!(entry(attributes, "msevtmgt_viewingdurationinmins").unwrap(), 7);
    assert_eq!(entry(attributes, "msdynmkt_attendancepercentage").unwrap(), 12.5);
    assert!(context["OperationCreatedOn"].as_str().unwrap().ends_with("-0700)/"));
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_images_show_the_row_before_and_after() {
    let (organization, mut listener) = (Organization::start().await, Listener::start().await);
    let images =
        json!([{"alias": "was", "type": "pre", "columns": ["lastname"]}, {"alias": "both", "type": "both"}]);
    let step = json!({"message": "Update", "table": "contact", "images": images});
    organization.register(json!({"url": listener.origin, "steps": [step]})).await;
    organization.post("contacts", json!({"contactid": A, "lastname": "Lee", "jobtitle": "Chief"})).await;
    organization.patch(&format!("contacts({A})"), json!({"lastname": "Ray"})).await;
    let context = listener.next().await.context();
    assert_eq!(keys(&context["PreEntityImages"]), ["both", "was"]);
    assert_eq!(keys(&context["PostEntityImages"]), ["both", "AsynchronousStepPrimaryName"]);
    let was = entry(&context["PreEntityImages"], "was").unwrap();
    assert_eq!(keys(&was["Attributes"]), ["contactid", "lastname"]);
    assert_eq!(entry(&was["Attributes"], "lastname").unwrap(), "Lee");
    let before = entry(&context["PreEntityImages"], "both").unwrap();
    let after = entry(&context["PostEntityImages"], "both").unwrap();
    let last = |image: &Value| entry(&image["Attributes"], "lastname").cloned().unwrap();
    assert_eq!((last(before), last(after)), (json!("Lee"), json!("Ray")));
    assert_eq!(entry(&after["Attributes"], "jobtitle").unwrap(), "Chief");
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_beyond_256_kb_only_ids_and_names_remain() {
    let (organization, mut listener) = hearing("Update", "msevtmgt_eventregistration").await;
    let set = "msevtmgt_eventregistrations";
    let id = organization.post(set, json!({"msevtmgt_name": "R-1"})).await;
    // Each character takes three bytes; the text stands in the target and in that of the parent context.
    let row = format!("{set}({id})");
    organization.patch(&row, json!({"msevtmgt_qrcode": "€".repeat(40_000)})).await;
    let whole = listener.next().await;
    assert_eq!(whole.header("x-ms-dynamics-msg-size-exceeded"), None);
    assert!((240_000..=262_144).contains(&whole.text.len()), "{}", whole.text.len());
    organization.patch(&row, json!({"msevtmgt_qrcode": "€".repeat(45_000)})).await;
    let trimmed = listener.next().await;
    assert!(trimmed.header("x-ms-dynamics-msg-size-exceeded").is_some());
    let context = trimmed.context();
    let removed = ["InputParameters", "ParentContext", "PreEntityImages", "PostEntityImages"];
    let rest: Vec<&str> = MEMBERS.into_iter().filter(|name| !removed.contains(name)).collect();
    assert_eq!(members(&context), rest);
    assert_eq!((&context["PrimaryEntityId"], &context["MessageName"]), (&json!(id), &json!("Update")));
    let log = organization.deliveries(2).await;
    assert_eq!((&log[0]["size_exceeded"], &log[1]["size_exceeded"]), (&json!(false), &json!(true)));
    organization.emulators.stop().await;
}

#[tokio::test]
async fn dynamics_41_a_bulk_message_is_told_by_the_row_and_together() {
    let (organization, mut listener) = hearing("CreateMultiple", "contact").await;
    let rows =
        ["Lee", "Ray"].map(|name| json!({"@odata.type": "Microsoft.Dynamics.CRM.contact", "lastname": name}));
    let (path, body) = ("contacts/Microsoft.Dynamics.CRM.CreateMultiple", json!({ "Targets": rows }));
    // A create of one row is none of many.
    organization.post("contacts", json!({"lastname": "Kay"})).await;
    let made =
        organization.send(reqwest::Method::POST, path, &[], &body).await.json::<Value>().await.unwrap();
    let received = listener.next().await;
    assert_eq!(received.header("x-ms-dynamics-request-name"), Some("CreateMultiple"));
    let context = received.context();
    assert_eq!(context["PrimaryEntityId"], "00000000-0000-0000-0000-000000000000");
    assert_eq!(entry(&context["OutputParameters"], "Ids").unwrap(), &made["Ids"]);
    let targets = entry(&context["InputParameters"], "Targets").unwrap();
    assert_eq!(
        (&targets["__type"], &targets["EntityName"]),
        (&json!(format!("EntityCollection:{CONTRACTS}")), &json!("contact"))
    );
    let names = targets["Entities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| entry(&row["Attributes"], "lastname").unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["Lee", "Ray"]);

    let step = json!({"message": "Create", "table": "contact"});
    organization.register(json!({"url": format!("{}/single", listener.origin), "steps": [step]})).await;
    organization.send(reqwest::Method::POST, path, &[], &body).await;
    let mut paths = Vec::new();
    for _ in 0..3 {
        paths.push(listener.next().await.uri.path().to_owned());
    }
    paths.sort_unstable();
    assert_eq!(paths, ["/hook", "/single", "/single"]);
    organization.emulators.stop().await;
}
