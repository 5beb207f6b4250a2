use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};
use webinar_bridge_domain::balance::{Scope, Tally};
use webinar_bridge_domain::id::{OrganizationId, ProviderEventId, Version, WebinarId};
use webinar_bridge_domain::port::{MockBooks, WebinarChange, WebinarStore as _};
use webinar_bridge_domain::webinar::{Link, Webinar};

use super::world::{NOBODY, World, at};

const WEBINAR: &str = "6f0c5b8e-1111-4222-8333-944455556666";

/// Counters as a store keeps them; both lines add up.
fn kept() -> Tally {
    Tally::from_counters([
        ("row.crm", 20),
        ("row.at_provider", 9),
        ("row.on_their_way", 4),
        ("row.held.refused", 2),
        ("row.held.brake", 1),
        ("row.excluded.cancelled", 3),
        ("row.excluded.no_address", 1),
        ("person.at_provider", 8),
        ("person.on_their_way", 4),
        ("person.held", 2),
        ("person.held_removal", 1),
        ("minutes.provider", 610),
        ("minutes.crm", 600),
        ("minutes.on_their_way", -20),
        ("minutes.unmatched", 30),
        ("minutes.unmatched_people", 2),
    ])
}

/// A world whose books say `kept` of every organization, and of one webinar.
pub(super) async fn world_with_books(kept: Tally) -> World {
    let mut books = MockBooks::new();
    let one = WebinarId::from(WEBINAR.parse::<uuid::Uuid>().unwrap());
    let whole = kept.clone();
    books.expect_balance().returning(move |_, scope| {
        let known = *scope == Scope::Organization || *scope == Scope::Webinar(one);
        Ok(if known { whole.balance() } else { Tally::default().balance() })
    });
    books.expect_balances().returning(move |_| Ok(vec![(one, kept.balance())]));
    World::with(|ports| ports.books = Arc::new(books)).await
}

/// Plans a webinar.
pub(super) async fn plan(world: &World, title: &str, link: Link) {
    let organization = world.admin.bridge.steward.list().await.unwrap()[0].id;
    let next = Webinar {
        id: WebinarId::from(WEBINAR.parse::<uuid::Uuid>().unwrap()),
        organization,
        title: title.to_owned(),
        starts: at("2026-07-08T15:00:00Z"),
        ends: at("2026-07-08T16:00:00Z"),
        link,
        version: Version(1),
    };
    world.store.save(&WebinarChange { expected: None, next, sync: None, facts: vec![] }).await.unwrap();
}

fn full() -> Value {
    json!({
        "registrations": {
            "crm": 20,
            "at_provider": 9,
            "on_their_way": 4,
            "held": 3,
            "excluded": 4,
            "held_by_cause": { "brake": 1, "refused": 2 },
            "excluded_by_reason": { "cancelled": 3, "no_address": 1 },
        },
        "persons": { "at_provider": 8, "on_their_way": 4, "held": 2, "held_removals": 1 },
        "minutes": { "provider": 610, "crm": 600, "on_their_way": -20, "unmatched": 30, "unmatched_people": 2 },
        "adds_up": true,
    })
}

fn empty() -> Value {
    json!({
        "registrations": {
            "crm": 0,
            "at_provider": 0,
            "on_their_way": 0,
            "held": 0,
            "excluded": 0,
            "held_by_cause": {},
            "excluded_by_reason": {},
        },
        "persons": { "at_provider": 0, "on_their_way": 0, "held": 0, "held_removals": 0 },
        "minutes": { "provider": 0, "crm": 0, "on_their_way": 0, "unmatched": 0, "unmatched_people": 0 },
        "adds_up": true,
    })
}

/// Programs of others read these shapes.
#[tokio::test]
async fn the_balance_has_its_shape_and_adds_up() {
    let world = world_with_books(kept()).await;
    let balance = format!("{}/balance", world.organization("Contoso").await);
    let answer = world.get(&balance).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, full()));
    let (rows, minutes) = (answer.json()["registrations"].clone(), answer.json()["minutes"].clone());
    let n = |of: &Value, name: &str| of[name].as_i64().unwrap();
    let parts: i64 =
        ["at_provider", "on_their_way", "held", "excluded"].iter().map(|name| n(&rows, name)).sum();
    assert_eq!(n(&rows, "crm"), parts);
    let parts: i64 = ["crm", "on_their_way", "unmatched"].iter().map(|name| n(&minutes, name)).sum();
    assert_eq!(n(&minutes, "provider"), parts);
    let sum = |of: &Value| of.as_object().unwrap().values().map(|n| n.as_i64().unwrap()).sum::<i64>();
    assert_eq!(sum(&rows["held_by_cause"]), n(&rows, "held"));
    assert_eq!(sum(&rows["excluded_by_reason"]), n(&rows, "excluded"));
}

#[tokio::test]
async fn a_balance_that_does_not_add_up_says_so() {
    for wrong in [("row.crm", 1), ("minutes.unmatched", 1)] {
        let mut tally = kept();
        tally.merge(&Tally::from_counters([wrong]));
        let world = world_with_books(tally).await;
        let organization = world.organization("Contoso").await;
        assert_eq!(world.get(&format!("{organization}/balance")).await.json()["adds_up"], false, "{wrong:?}");
    }
}

#[tokio::test]
async fn the_balance_of_one_webinar_is_asked_by_its_id() {
    let world = world_with_books(kept()).await;
    let balance = format!("{}/balance", world.organization("Contoso").await);
    assert_eq!(world.get(&format!("{balance}?webinar={WEBINAR}")).await.json(), full());
    let unknown = world.get(&format!("{balance}?webinar={NOBODY}")).await;
    assert_eq!((unknown.status, unknown.json()), (StatusCode::OK, empty()), "one that nobody is at");
}

#[tokio::test]
async fn an_organization_without_anything_has_a_balance_of_zeros() {
    let world = World::new().await;
    let organization = world.organization("Contoso").await;
    assert_eq!(world.get(&format!("{organization}/balance")).await.json(), empty());
    for list in ["webinars", "held", "unmatched"] {
        assert_eq!(world.get(&format!("{organization}/{list}")).await.json(), json!([]), "{list}");
    }
}

#[tokio::test]
async fn webinars_come_with_their_balance() {
    let linked = Link::Linked(ProviderEventId::new("4711"));
    let off = Link::CalledOff(Some(ProviderEventId::new("4711")));
    for (link, name, event) in [
        (linked, "linked", json!("4711")),
        (Link::Waiting, "waiting", Value::Null),
        (Link::CalledOff(None), "called off", Value::Null),
        (off, "called off", json!("4711")),
    ] {
        let world = world_with_books(kept()).await;
        let organization = world.organization("Contoso").await;
        plan(&world, "Cheese & Wine", link).await;
        let expected = json!([{
            "id": WEBINAR,
            "title": "Cheese & Wine",
            "starts": "2026-07-08T15:00:00Z",
            "ends": "2026-07-08T16:00:00Z",
            "link": name,
            "provider_event": event,
            "balance": full(),
        }]);
        assert_eq!(world.get(&format!("{organization}/webinars")).await.json(), expected);
    }
}

#[tokio::test]
async fn the_page_of_people_is_the_one_that_was_asked_for() {
    let mut books = MockBooks::new();
    books.expect_held().times(3).returning(|page| {
        assert_ne!(page.organization, OrganizationId::from(uuid::Uuid::nil()));
        assert!([(0, 100), (200, 500), (7, 1)].contains(&(page.skip, page.limit)), "{page:?}");
        Ok(vec![])
    });
    let world = World::with(|ports| ports.books = Arc::new(books)).await;
    let organization = world.organization("Contoso").await;
    for query in ["", "?skip=200&limit=501", "?limit=0&skip=7"] {
        assert_eq!(world.get(&format!("{organization}/held{query}")).await.status, StatusCode::OK, "{query}");
    }
}
