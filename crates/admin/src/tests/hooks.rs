//! Knocks at the door: who is let in, what is taken, and what a stranger learns.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;
use webinar_bridge_domain::flow::Ports;
use webinar_bridge_domain::id::{OrganizationId, SourceId};
use webinar_bridge_domain::integration::{Integration, TermsVersion};
use webinar_bridge_domain::memory::MemoryStore;
use webinar_bridge_domain::port::{
    CrmRow, CrmTable, FeedPlace, Hint, Intake, IntakeBatch, Known, Lookup, MockIntake, OrganizationChange,
    Organizations as _, PendingHint, Recorded, StoreError,
};

use super::world::{Answer, World};

const ROW: Uuid = Uuid::from_u128(0x1111_2222_3333_4444_5555_6666_7777_8888);

/// An organization at work, with an open door: its path in the API, the door's path, and its key.
struct House {
    organization: String,
    path: String,
    key: String,
}

async fn house(world: &World) -> House {
    let organization = world.organization("Contoso").await;
    activate(&world.store, &organization).await;
    let opened = world.post(&format!("{organization}/webhook"), &Value::Null).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    let text = |place: &str| opened.json().pointer(place).unwrap().as_str().unwrap().to_owned();
    assert_eq!(text("/webhook/header"), "x-test-key");
    House { organization, path: text("/webhook/path"), key: text("/secret") }
}

async fn activate(store: &MemoryStore, organization: &str) {
    let id: Uuid = organization.rsplit('/').next().unwrap().parse().unwrap();
    let stored = store.load(&id.into()).await.unwrap().unwrap();
    let integration = Integration::Active { terms: TermsVersion(3), newer: None };
    let next = webinar_bridge_domain::port::Organization { integration, ..stored.item };
    store.save(&OrganizationChange { expected: Some(stored.revision), next, facts: vec![] }).await.unwrap();
}

fn context(entity: &str) -> String {
    json!({
        "PrimaryEntityName": entity, "PrimaryEntityId": ROW, "MessageName": "Update",
        "OperationId": Uuid::from_u128(5), "Depth": 1, "InputParameters": [], "ParentContext": null,
    })
    .to_string()
}

/// A knock, with a key if one is given.
async fn knock(world: &World, path: &str, key: Option<&str>, media: &str, body: impl Into<Body>) -> Answer {
    let mut request = Request::builder().method(Method::POST).uri(path).header("content-type", media);
    if let Some(key) = key {
        request = request.header("x-test-key", key);
    }
    world.send(request.body(body.into()).unwrap()).await
}

async fn tell(world: &World, house: &House, entity: &str) -> Answer {
    knock(world, &house.path, Some(&house.key), "application/json; charset=utf-8", context(entity)).await
}

async fn hints(world: &World, house: &House) -> Vec<CrmRow> {
    let id: Uuid = house.organization.rsplit('/').next().unwrap().parse().unwrap();
    world.store.hints(&id.into(), 100).await.unwrap().into_iter().map(|hint| hint.row).collect()
}

#[tokio::test]
async fn a_notice_becomes_a_hint() {
    let world = World::new().await;
    let house = house(&world).await;
    for _ in 0..3 {
        let answer = tell(&world, &house, "registration").await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::ACCEPTED, ""));
    }
    let row = CrmRow { table: CrmTable::Registrations, id: ROW.into() };
    assert_eq!(hints(&world, &house).await, [row], "three notices of one row are one hint");
    let heard = world.get(&format!("{}/webhook", house.organization)).await.json();
    assert_eq!(heard["heard"], "2026-07-01T10:00:00Z");
    assert!(world.ask("/metrics").await.text.contains("webinar_bridge_webhooks_total{outcome=\"stored\"} 3"));
}

#[tokio::test]
async fn what_is_not_followed_is_taken_and_forgotten() {
    let world = World::new().await;
    let house = house(&world).await;
    assert_eq!(tell(&world, &house, "opportunity").await.status, StatusCode::ACCEPTED);
    let nothing = context("registration").replace(&ROW.to_string(), &Uuid::nil().to_string());
    let answer = knock(&world, &house.path, Some(&house.key), "application/json", nothing).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(hints(&world, &house).await, []);
}

#[tokio::test]
async fn an_organization_at_rest_stores_nothing_and_disturbs_nobody() {
    let world = World::new().await;
    let organization = world.organization("Contoso").await;
    let opened = world.post(&format!("{organization}/webhook"), &Value::Null).await.json();
    let path = opened["webhook"]["path"].as_str().unwrap().to_owned();
    let house = House { organization, path, key: opened["secret"].as_str().unwrap().to_owned() };
    assert_eq!(tell(&world, &house, "registration").await.status, StatusCode::ACCEPTED);
    assert_eq!(hints(&world, &house).await, []);
}

#[tokio::test]
async fn a_stranger_learns_nothing_not_even_whether_there_is_a_door() {
    let world = World::new().await;
    let house = house(&world).await;
    let nowhere = format!("/hooks/dataverse/{}", Uuid::from_u128(3).simple());
    let wrong = house.key.replace("wb_", "wx_");
    let mut bodies = vec![];
    for (path, key) in [
        (house.path.as_str(), Some(wrong.as_str())),
        (&house.path, None),
        (&house.path, Some("")),
        (&house.path, Some(&house.key[..house.key.len() - 1])),
        (&nowhere, Some(&house.key)),
        (&nowhere, None),
        ("/hooks/dataverse/x", Some(&house.key)),
        ("/hooks/dataverse/%00", Some(&house.key)),
    ] {
        let answer = knock(&world, path, key, "application/json", context("registration")).await;
        answer.problem(401, "unauthorised");
        let mut body = answer.json();
        body["trace_id"] = Value::Null;
        bodies.push(body);
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "{bodies:?}");
    assert_eq!(hints(&world, &house).await, []);
}

#[tokio::test]
async fn the_key_is_looked_at_before_the_body() {
    let world = World::new().await;
    let house = house(&world).await;
    let panics = Body::from_stream(futures_of_nothing());
    knock(&world, &house.path, None, "text/plain", panics).await.problem(401, "unauthorised");
}

/// A body that must not be read.
fn futures_of_nothing() -> impl futures::Stream<Item = Result<Vec<u8>, std::io::Error>> + Send + 'static {
    futures::stream::poll_fn(|_| panic!("the body was read"))
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_its_kind() {
    let world = World::new().await;
    let house = house(&world).await;
    let key = Some(house.key.as_str());
    let send = async |media: &'static str, body: Body| knock(&world, &house.path, key, media, body).await;
    send("text/plain", context("registration").into()).await.problem(415, "media_type");
    send("application/json", "{".into()).await.problem(400, "malformed");
    send("application/json", "[]".into()).await.problem(400, "malformed");
    let large = format!("{{\"X\":\"{}\"}}", "x".repeat(1024 * 1024));
    send("application/json", large.clone().into()).await.problem(413, "too_large");
    let unannounced = futures::stream::iter(
        large
            .into_bytes()
            .chunks(4096)
            .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
            .collect::<Vec<_>>(),
    );
    send("application/json", Body::from_stream(unannounced)).await.problem(413, "too_large");
    let fits = context("registration").replace("[]", &format!("\"{}\"", "x".repeat(900_000)));
    assert_eq!(send("application/json", fits.into()).await.status, StatusCode::ACCEPTED);
    let get = Request::get(&house.path).header("x-test-key", &house.key).body(Body::empty()).unwrap();
    world.send(get).await.problem(405, "method_not_allowed");
}

/// A world in which hints cannot be stored, for this reason.
async fn unable(failing: impl Fn() -> Result<(), StoreError> + Send + Sync + 'static) -> World {
    World::with(|ports: &mut Ports| {
        let mut intake = MockIntake::new();
        intake.expect_hint().returning(move |_| failing());
        ports.intake = Arc::new(intake);
    })
    .await
}

#[tokio::test]
async fn every_inability_to_store_is_one_that_dataverse_tries_again() {
    let unavailable = || Err(StoreError::Unavailable("disk /var/lib/secret-place".to_owned()));
    let full = || Err(StoreError::Full("disk".to_owned()));
    let fatal = || Err(StoreError::Fatal("sync".to_owned()));
    let corrupt = || Err(StoreError::Corrupt { table: "hint", column: "generation", key: "7".to_owned() });
    let panicking = || panic!("meant");
    every_one_is_503(unable(unavailable).await).await;
    every_one_is_503(unable(full).await).await;
    every_one_is_503(unable(fatal).await).await;
    every_one_is_503(unable(corrupt).await).await;
    every_one_is_503(unable(panicking).await).await;
}

async fn every_one_is_503(world: World) {
    let house = house(&world).await;
    let answer = tell(&world, &house, "registration").await;
    let detail = answer.problem(503, "unavailable");
    assert!(!detail.contains("secret-place"), "{detail}");
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_not_waited_for() {
    let world = World::with(|ports: &mut Ports| {
        ports.intake = Arc::new(Stuck);
    })
    .await;
    let house = house(&world).await;
    tokio::time::pause();
    tell(&world, &house, "registration").await.problem(503, "unavailable");
}

#[tokio::test]
async fn a_key_is_changed_without_a_gap_and_shown_once() {
    let world = World::new().await;
    let house = house(&world).await;
    let webhook = format!("{}/webhook", house.organization);
    let opened = world.post(&webhook, &Value::Null).await.json();
    assert_eq!(opened["webhook"]["path"], house.path.as_str());
    let newer = House { key: opened["secret"].as_str().unwrap().to_owned(), ..house };
    let older =
        House { key: house.key.clone(), organization: newer.organization.clone(), path: newer.path.clone() };
    for house in [&older, &newer] {
        assert_eq!(tell(&world, house, "contact").await.status, StatusCode::ACCEPTED);
    }
    let shown = world.get(&webhook).await;
    assert!(!shown.text.contains(&newer.key) && !shown.text.contains(&older.key));
    assert!(shown.json()["former_key"].is_object());
    let retired = world.delete(&format!("{webhook}/former-key")).await;
    assert_eq!(retired.json()["former_key"], Value::Null);
    tell(&world, &older, "contact").await.problem(401, "unauthorised");
    assert_eq!(tell(&world, &newer, "contact").await.status, StatusCode::ACCEPTED);
    assert_eq!(world.delete(&webhook).await.status, StatusCode::NO_CONTENT);
    tell(&world, &newer, "contact").await.problem(401, "unauthorised");
    world.get(&webhook).await.problem(404, "not_found");
}

/// An intake that never answers.
struct Stuck;

#[async_trait::async_trait]
impl Intake for Stuck {
    async fn place(&self, _: &OrganizationId, _: CrmTable) -> Result<Option<FeedPlace>, StoreError> {
        std::future::pending().await
    }

    async fn begin(&self, _: &OrganizationId, _: CrmTable) -> Result<FeedPlace, StoreError> {
        std::future::pending().await
    }

    async fn hint(&self, _: &[Hint]) -> Result<(), StoreError> {
        std::future::pending().await
    }

    async fn hints(&self, _: &OrganizationId, _: u32) -> Result<Vec<PendingHint>, StoreError> {
        std::future::pending().await
    }

    async fn touched(&self, _: &OrganizationId, _: &[CrmRow]) -> Result<Vec<SourceId>, StoreError> {
        std::future::pending().await
    }

    async fn known(&self, _: &Lookup) -> Result<Known, StoreError> {
        std::future::pending().await
    }

    async fn record(&self, _: &IntakeBatch) -> Result<Recorded, StoreError> {
        std::future::pending().await
    }
}
