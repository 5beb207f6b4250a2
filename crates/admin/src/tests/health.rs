use axum::http::StatusCode;
use webinar_bridge_domain::balance::Tally;
use webinar_bridge_domain::flow::{StepReport, Topic};
use webinar_bridge_domain::time::{SignedDuration, later};

use super::balance::world_with_books;
use super::world::World;

#[tokio::test]
async fn a_process_lives_before_it_has_started_and_without_a_store() {
    for world in [World::new().await, World::without_store().await, World::that_panics().await] {
        let alive = world.ask("/livez").await;
        assert_eq!((alive.status, alive.text.as_str()), (StatusCode::OK, "ok\n"));
        assert_eq!(world.ask("/startupz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[tokio::test]
async fn a_process_is_ready_from_its_start_to_its_ending() {
    let world = World::new().await;
    assert_eq!(world.ask("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE, "before the start");
    world.admin.readiness.started();
    assert_eq!(world.ask("/startupz").await.status, StatusCode::OK);
    let ready = world.ask("/readyz").await;
    assert_eq!(ready.status, StatusCode::OK);
    assert_eq!(ready.text, r#"{"ready":true,"store":"ok","ending":false,"troubles":[]}"#);
    world.admin.readiness.ending();
    let ending = world.ask("/readyz").await;
    assert_eq!(
        (ending.status, ending.json()["ready"].clone()),
        (StatusCode::SERVICE_UNAVAILABLE, false.into())
    );
    assert_eq!(ending.json()["ending"], true);
    assert_eq!(world.ask("/startupz").await.status, StatusCode::OK, "it has started once");
    assert_eq!(world.ask("/livez").await.status, StatusCode::OK, "it is not to be killed while it drains");
}

#[tokio::test]
async fn a_process_without_its_store_is_not_ready() {
    let world = World::without_store().await;
    world.admin.readiness.started();
    let answer = world.ask("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.text, r#"{"ready":false,"store":"unavailable","ending":false,"troubles":[]}"#);
    assert_eq!(world.ask("/metrics").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_peer_out_of_reach_is_named_and_takes_no_replica_away() {
    let world = World::new().await;
    world.admin.readiness.started();
    world.organization("Contoso").await;
    trouble(&world, Topic::Vault).await;
    let answer = world.ask("/readyz").await;
    assert_eq!((answer.status, answer.json()["ready"].clone()), (StatusCode::OK, true.into()));
    let trouble = &answer.json()["troubles"][0];
    assert_eq!((&trouble["with"], &trouble["what"]), (&"vault".into(), &"vault.unreachable".into()));
    assert!(!answer.text.contains("Contoso"), "a name is not for probes");
}

async fn trouble(world: &World, topic: Topic) {
    let id = world.admin.bridge.steward.list().await.unwrap()[0].id;
    let now = world.admin.bridge.ports().clock.now();
    let until = later(now, SignedDuration::from_secs(30));
    world.admin.bridge.standing.note(id, topic, "vault.unreachable".to_owned(), now, until);
}

#[tokio::test]
async fn what_is_not_there_on_the_private_listener_is_a_problem_too() {
    let world = World::new().await;
    world.ask("/api/v1/organizations").await.problem(404, "not_found");
    world.ask("/").await.problem(404, "not_found");
}

/// The value of a gauge or counter.
fn value(text: &str, name: &str) -> i64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().unwrap()
}

#[tokio::test]
async fn both_lines_of_the_balance_are_metrics_that_add_up() {
    let tally = Tally::from_counters([
        ("row.crm", 10),
        ("row.at_provider", 4),
        ("row.on_their_way", 3),
        ("row.held.refused", 2),
        ("row.excluded.cancelled", 1),
        ("minutes.provider", 61),
        ("minutes.crm", 60),
        ("minutes.on_their_way", -2),
        ("minutes.unmatched", 3),
    ]);
    let world = world_with_books(tally).await;
    for name in ["Contoso", "Fabrikam"] {
        world.organization(name).await;
    }
    let answer = world.ask("/metrics").await;
    assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.text.ends_with("# EOF\n"));
    let rows =
        |state: &str| value(&answer.text, &format!("webinar_bridge_registrations{{state=\"{state}\"}}"));
    let minutes =
        |state: &str| value(&answer.text, &format!("webinar_bridge_viewing_minutes{{state=\"{state}\"}}"));
    assert_eq!(["crm", "at_provider", "on_their_way", "held", "excluded"].map(rows), [20, 8, 6, 4, 2]);
    assert_eq!(["provider", "crm", "on_their_way", "unmatched"].map(minutes), [122, 120, -4, 6]);
    assert_eq!(value(&answer.text, "webinar_bridge_organizations{state=\"dormant\"}"), 2);
    assert!(answer.text.contains("webinar_bridge_build_info{version=\"0.0.0\"} 1"));
}

#[tokio::test]
async fn metrics_of_nothing_are_zeros_and_not_gaps() {
    let text = World::new().await.ask("/metrics").await.text;
    for state in ["crm", "at_provider", "on_their_way", "held", "excluded"] {
        assert_eq!(value(&text, &format!("webinar_bridge_registrations{{state=\"{state}\"}}")), 0);
    }
}

#[tokio::test]
async fn no_metric_names_anybody() {
    let world = World::new().await;
    let organization = world.organization("Contoso").await;
    super::balance::plan(&world, "Cheese", webinar_bridge_domain::webinar::Link::Waiting).await;
    trouble(&world, Topic::Vault).await;
    let report =
        StepReport { settled: 2, held: 1, ..StepReport::idle(webinar_bridge_domain::flow::Rest::Idle) };
    world.admin.meters.count("deliver", &report);
    world.admin.meters.count("deliver", &report);
    let text = world.ask("/metrics").await.text;
    let id = organization.rsplit('/').next().unwrap();
    for name in ["Contoso", "Cheese", id, "6f0c5b8e"] {
        assert!(!text.contains(name), "{name}");
    }
    assert_eq!(value(&text, "webinar_bridge_work_total{flow=\"deliver\",outcome=\"settled\"}"), 4);
    assert_eq!(value(&text, "webinar_bridge_work_total{flow=\"deliver\",outcome=\"held\"}"), 2);
    assert_eq!(value(&text, "webinar_bridge_troubles{with=\"vault\"}"), 1);
    let labels = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once('{')?.1.split_once('}')?.0));
    let names = labels.flat_map(|labels| labels.split(',')).map(|label| label.split('=').next().unwrap());
    let known = ["state", "flow", "outcome", "with", "version"];
    for name in names {
        assert!(known.contains(&name), "a label of its own for each {name}");
    }
    world.admin.bridge.standing.clear_all(world.admin.bridge.steward.list().await.unwrap()[0].id);
    let text = world.ask("/metrics").await.text;
    assert!(!text.contains("webinar_bridge_troubles{"), "what is over is gone");
}
