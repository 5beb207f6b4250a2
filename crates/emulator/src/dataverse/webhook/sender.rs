//! Posts execution contexts to endpoints, several at once, each at most twice.

use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Webhooks;
use super::context::{Body, Event};
use super::log::{Attempt, Ending};
use super::outbox::Delivery;
use super::rules::WebhookRules;

/// How many deliveries can be under way at most, whatever the settings say.
const PLACES: u32 = 64;

/// The settings as they stand at each delivery.
pub(super) type Ask = Arc<dyn Fn() -> WebhookRules + Send + Sync>;

/// Delivers until the server closes.
pub(super) async fn run(webhooks: Arc<Webhooks>, ask: Ask, tasks: TaskTracker, closing: CancellationToken) {
    let places = Arc::new(Semaphore::new(PLACES as usize));
    loop {
        let delivery = tokio::select! {
            () = closing.cancelled() => return,
            delivery = webhooks.outbox.next() => delivery,
        };
        let rules = ask();
        // With one delivery at a time each takes all places.
        let share = PLACES / rules.parallelism.clamp(1, PLACES);
        let place = tokio::select! {
            () = closing.cancelled() => return,
            place = Arc::clone(&places).acquire_many_owned(share) => place,
        };
        let (webhooks, closing) = (Arc::clone(&webhooks), closing.clone());
        tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                () = closing.cancelled() => {}
                ending = deliver(&webhooks, &delivery, &rules) => webhooks.ended(&delivery, ending),
            }
        });
    }
}

/// Makes one delivery, with the one more attempt that some failures are granted.
pub(super) async fn deliver(webhooks: &Webhooks, delivery: &Delivery, rules: &WebhookRules) -> Ending {
    let event = Event {
        organization: &webhooks.organization,
        step: &delivery.step,
        change: &delivery.change,
        rest: &delivery.rest,
        circumstances: &delivery.circumstances,
        operation: delivery.operation,
        at: delivery.at,
        offset_minutes: rules.utc_offset_minutes,
    };
    let body = event.body();
    let mut ending = Ending::Failed;
    for number in 1..=2 {
        ending = post(webhooks, &event, &body, rules).await;
        webhooks.log().note(attempt(webhooks, &event, &body, number, ending));
        if !deserves_another(ending, rules) {
            break;
        }
    }
    ending
}

fn deserves_another(ending: Ending, rules: &WebhookRules) -> bool {
    match ending {
        Ending::Answered(status) => matches!(status, 502..=504),
        Ending::Failed => rules.retry_network_failure,
        Ending::TimedOut => false,
    }
}

async fn post(webhooks: &Webhooks, event: &Event<'_>, body: &Body, rules: &WebhookRules) -> Ending {
    let Some(client) = webhooks.client() else { return Ending::Failed };
    let call = client
        .post(event.step.endpoint.target())
        .headers(headers(event, body.exceeded))
        .timeout(Duration::from_millis(rules.timeout_ms))
        .body(body.text.clone());
    match call.send().await {
        Ok(answer) => Ending::Answered(answer.status().as_u16()),
        Err(error) if error.is_timeout() => Ending::TimedOut,
        Err(_) => Ending::Failed,
    }
}

fn headers(event: &Event<'_>, exceeded: bool) -> HeaderMap {
    let mut headers = event.step.endpoint.headers();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    let correlation = event.circumstances.correlation.to_string();
    let told = [
        ("x-ms-dynamics-organization", event.organization.domain.as_str()),
        ("x-ms-dynamics-entity-name", event.table().logical),
        ("x-ms-dynamics-request-name", event.message()),
        ("x-ms-correlation-request-id", &correlation),
    ];
    for (name, value) in told {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if exceeded {
        headers.insert(
            HeaderName::from_static("x-ms-dynamics-msg-size-exceeded"),
            HeaderValue::from_static("true"),
        );
    }
    headers
}

fn attempt(webhooks: &Webhooks, event: &Event<'_>, body: &Body, number: u32, outcome: Ending) -> Attempt {
    Attempt {
        at: webhooks.clock.now(),
        endpoint: event.step.endpoint.id,
        step: event.step.id,
        message: event.message(),
        table: event.table().logical,
        row: event.change.id,
        operation: event.operation,
        number,
        bytes: body.text.len(),
        exceeded: body.exceeded,
        outcome,
    }
}

/// A client that stays on this machine: no proxy, no redirects, `localhost` without a resolver. Certificates are not
/// checked, since endpoints here have made theirs themselves.
pub(super) fn client() -> Option<reqwest::Client> {
    // Another part of the process may have chosen already; any choice will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let local = ["127.0.0.1:0", "[::1]:0"].iter().filter_map(|address| address.parse().ok());
    reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .resolve_to_addrs("localhost", &local.collect::<Vec<_>>())
        .tls_danger_accept_invalid_certs(true)
        .build()
        .inspect_err(|error| tracing::error!(%error, "no webhook can be sent"))
        .ok()
}
