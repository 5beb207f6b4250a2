//! Who is held, in the console and over the API, and how they are sent again.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;
use uuid::Uuid;
use webinar_bridge_domain::id::{CrmRecordId, ProviderEventId, Revision, Stored, WebinarId};
use webinar_bridge_domain::person::EmailKey;
use webinar_bridge_domain::port::{HeldFilter, HeldQuery, MockBooks, TaskStore as _};
use webinar_bridge_domain::registration::{Cause, Phase, Registration, RegistrationKey, Tried, Words};
use webinar_bridge_domain::task::{Job, Task};
use webinar_bridge_domain::webinar::Link;

use super::world::{Answer, TOKEN, World, at};

/// Filters that books were asked with.
type Asked = Arc<Mutex<Vec<HeldFilter>>>;

fn webinar() -> WebinarId {
    CrmRecordId::from(Uuid::from_u128(7)).into()
}

fn held(query: &HeldQuery) -> Vec<Stored<Registration>> {
    let (organization, email) = (query.organization, EmailKey::new([9; 32]));
    let key = RegistrationKey { organization, webinar: webinar(), email };
    let phase = Phase::Held {
        cause: Cause::Refused(Words::new("the event is <full>")),
        since: at("2026-07-01T08:00:00Z"),
    };
    let tried = Some(Tried { first: at("2026-07-01T07:00:00Z"), last: at("2026-07-01T07:30:00Z") });
    let item = Registration { phase, tried, attempts: 3, ..Registration::new(key) };
    vec![Stored { item, revision: Revision(1) }]
}

/// A world in which 1 234 are held, of whom one is shown.
async fn world() -> (World, Asked, String) {
    let asked = Asked::default();
    let (listed, counted) = (asked.clone(), asked.clone());
    let mut books = MockBooks::new();
    books.expect_balances().returning(|_| Ok(vec![]));
    books.expect_held().returning(move |query| {
        listed.lock().unwrap().push(query.filter.clone());
        Ok(held(query))
    });
    books.expect_count().returning(move |_, filter| {
        counted.lock().unwrap().push(filter.clone());
        Ok(1_234)
    });
    let world = World::with(|ports| ports.books = Arc::new(books)).await;
    let organization = world.organization("Contoso").await;
    let id = organization.rsplit('/').next().unwrap().to_owned();
    (world, asked, id)
}

async fn page(world: &World, path: &str, cookie: Option<&str>) -> Answer {
    let mut request = Request::get(path);
    if let Some(cookie) = cookie {
        request = request.header("cookie", format!("wb={cookie}"));
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

async fn post(world: &World, path: &str, form: &str, cookie: Option<&str>, site: &str) -> Answer {
    let mut request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", site);
    if let Some(cookie) = cookie {
        request = request.header("cookie", format!("wb={cookie}"));
    }
    world.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn releases(world: &World, id: &str) -> Vec<Task> {
    let tasks = world.store.list(&id.parse::<Uuid>().unwrap().into()).await.unwrap();
    tasks.into_iter().filter(|task| matches!(task.job, Job::Release { .. })).collect()
}

#[tokio::test]
async fn the_page_says_who_why_and_what_to_do() {
    let (world, asked, id) = world().await;
    let path = format!("/organizations/{id}/held");
    assert_eq!(page(&world, &path, None).await.status, StatusCode::UNAUTHORIZED);
    let query = "cause=refused&from=2026-07-01T00:00:00Z&to=";
    let shown = page(&world, &format!("{path}?{query}"), Some(TOKEN)).await;
    assert_eq!(shown.status, StatusCode::OK);
    for words in [
        "Held registrations of Contoso",
        "refused: the event is &lt;full&gt;",
        "change the person's details in the CRM",
        "1\u{202f}234",
        "2026-07-01 07:30",
        "maxlength=\"300\"",
        "skip=100",
    ] {
        assert!(shown.text.contains(words), "`{words}` is not on the page: {}", shown.text);
    }
    let filter = asked.lock().unwrap().last().unwrap().clone();
    assert_eq!((filter.cause.as_deref(), filter.to), (Some("refused"), None));
    assert_eq!(filter.from, Some(at("2026-07-01T00:00:00Z")));
    let odd = page(&world, &format!("{path}?from=yesterday"), Some(TOKEN)).await;
    assert!(odd.text.contains("A time is written as in"), "{}", odd.text);
    let nobody = page(&world, &format!("/organizations/{}/held", super::world::NOBODY), Some(TOKEN)).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_who_signed_in_here_sends_anybody_again() {
    let (world, _, id) = world().await;
    let path = format!("/organizations/{id}/held");
    let form = "reason=there+is+room&cause=refused&webinar=&from=&to=";
    for (cookie, site) in [(None, "same-origin"), (Some("wrong"), "same-origin"), (Some(TOKEN), "cross-site")]
    {
        let answer = post(&world, &path, form, cookie, site).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{cookie:?} {site}");
    }
    assert_eq!(releases(&world, &id).await, []);
    for odd in ["reason=+&cause=", "cause=refused", "reason=x&from=yesterday"] {
        let answer = post(&world, &path, odd, Some(TOKEN), "same-origin").await;
        assert!(answer.text.contains("role=\"alert\""), "{odd}: {}", answer.text);
    }
    assert_eq!(releases(&world, &id).await, []);
    let answer = post(&world, &path, form, Some(TOKEN), "same-origin").await;
    let back = format!("{path}?cause=refused&asked=1234");
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, back.as_str()));
    let planned = releases(&world, &id).await;
    let Job::Release { filter, reason, expected, .. } = &planned[0].job else { panic!("{planned:?}") };
    assert_eq!((reason.as_str(), *expected), ("there is room", 1_234));
    assert_eq!(filter.cause.as_deref(), Some("refused"));
    let after = page(&world, &back, Some(TOKEN)).await;
    assert!(after.text.contains("will be sent again") && after.text.contains("there is room"));
}

#[tokio::test]
async fn the_api_counts_first_and_then_releases() {
    let (world, asked, id) = world().await;
    let path = format!("/api/v1/organizations/{id}/held/releases");
    let order = json!({ "ids": ["wb:1"], "cause": "refused", "webinar": Uuid::from_u128(7),
        "from": "2026-07-01T00:00:00Z", "reason": "there is room", "dry_run": true });
    let counted = world.post(&path, &order).await;
    assert_eq!((counted.status, counted.json()), (StatusCode::OK, json!({ "matched": 1234, "task": null })));
    let filter = asked.lock().unwrap().last().unwrap().clone();
    assert_eq!((filter.people, filter.webinar), (vec!["wb:1".to_owned()], Some(webinar())));
    assert_eq!(releases(&world, &id).await, []);
    let released = world.post(&path, &json!({ "reason": " there is room " })).await;
    assert_eq!(released.status, StatusCode::ACCEPTED);
    let task = releases(&world, &id).await.remove(0);
    assert_eq!(released.json(), json!({ "matched": 1234, "task": task.name.as_str() }));
    for (odd, words) in [
        (json!({ "reason": "" }), "1 to 300 characters"),
        (json!({ "reason": "x".repeat(301) }), "1 to 300 characters"),
        (json!({ "reason": "x", "to": "tomorrow" }), "RFC 3339"),
        (json!({ "reason": "x", "ids": vec!["a"; 1_001] }), "at most 1000"),
    ] {
        let answer = world.post(&path, &odd).await;
        assert!(answer.problem(422, "invalid").contains(words), "{odd}");
    }
    world.post(&path, &json!({})).await.problem(422, "invalid");
}

#[tokio::test]
async fn the_list_says_when_they_were_tried() {
    let (world, _, id) = world().await;
    let list = world.get(&format!("/api/v1/organizations/{id}/held?cause=refused")).await;
    let one = &list.json()[0];
    let tried = (&one["first_tried"], &one["last_tried"]);
    assert_eq!(tried, (&json!("2026-07-01T07:00:00Z"), &json!("2026-07-01T07:30:00Z")));
    assert!(one["id"].as_str().unwrap().starts_with("wb:"));
    world.get(&format!("/api/v1/organizations/{id}/held?from=yesterday")).await.problem(400, "malformed");
    world.get(&format!("/api/v1/organizations/{id}/held?nope=1")).await.problem(400, "malformed");
}

#[tokio::test]
async fn a_comparison_is_asked_for_and_stands_among_the_tasks() {
    let (world, _, id) = world().await;
    let path = format!("/api/v1/organizations/{id}");
    let none = world.post(&format!("{path}/reconcile"), &json!({ "dry_run": true })).await;
    assert_eq!((none.status, none.json()), (StatusCode::ACCEPTED, json!({ "tasks": [] })));
    let nowhere = json!({ "webinar": Uuid::from_u128(9) });
    world.post(&format!("{path}/reconcile"), &nowhere).await.problem(404, "not_found");
    super::balance::plan(&world, "Launch", Link::Linked(ProviderEventId::new("2845013"))).await;
    let asked = world.post(&format!("{path}/reconcile"), &json!({})).await.json();
    let tasks = world.get(&format!("{path}/tasks")).await.json();
    assert_eq!((&tasks[0]["name"], &tasks[0]["kind"]), (&asked["tasks"][0], &json!("reconcile")), "{tasks}");
    let (found, ended) = (&tasks[0]["reconcile"]["found"], &tasks[0]["ended"]);
    assert_eq!((found, ended), (&json!(null), &json!(null)));
}
