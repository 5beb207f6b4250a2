use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use secrecy::SecretString;
use webinar_bridge_domain::memory::SeededEntropy;
use webinar_bridge_domain::time::SignedDuration;

use super::world::{TOKEN, World, request, token};
use crate::Token;

const PATH: &str = "/api/v1/organizations";

async fn with_authorization(world: &World, value: &str) -> StatusCode {
    let answer =
        world.send(Request::get(PATH).header("authorization", value).body(Body::empty()).unwrap()).await;
    if answer.status != StatusCode::OK {
        answer.problem(401, "unauthorised");
    }
    answer.status
}

#[tokio::test]
async fn only_a_token_that_was_admitted_comes_in() {
    let world = World::new().await;
    let good = format!("Bearer {TOKEN}");
    let bad = [
        "",
        "Bearer",
        "Bearer ",
        TOKEN,
        "Basic d2I6d2I=",
        &format!("Basic {TOKEN}"),
        &good[..good.len() - 1],
        &format!("{good}x"),
        &good.to_uppercase(),
    ];
    for value in bad {
        assert_eq!(with_authorization(&world, value).await, StatusCode::UNAUTHORIZED, "{value}");
    }
    for value in [good.as_str(), &format!("bearer {TOKEN}"), &format!("Bearer  {TOKEN}")] {
        assert_eq!(with_authorization(&world, value).await, StatusCode::OK, "{value}");
    }
    let detail =
        world.send(Request::get(PATH).body(Body::empty()).unwrap()).await.problem(401, "unauthorised");
    assert!(detail.contains("Authorization: Bearer"), "says what to do: {detail}");
}

#[tokio::test]
async fn the_cookie_of_the_console_opens_no_route_of_the_api() {
    let world = World::new().await;
    let cookie = Request::get(PATH).header("cookie", format!("wb={TOKEN}")).body(Body::empty()).unwrap();
    world.send(cookie).await.problem(401, "unauthorised");
}

#[tokio::test]
async fn a_token_lives_for_its_time_from_its_first_admission() {
    let world = World::new().await;
    world.clock.advance(SignedDuration::from_secs(24 * 60 * 60 - 1));
    world.admin.gate.admit(&token(TOKEN)).await.unwrap();
    assert_eq!(world.get(PATH).await.status, StatusCode::OK);
    world.clock.advance(SignedDuration::from_secs(1));
    world.get(PATH).await.problem(401, "unauthorised");
}

#[tokio::test]
async fn who_may_not_come_in_learns_nothing_about_the_rest_of_the_request() {
    let world = World::new().await;
    let there = world.organization("Contoso").await;
    for path in [format!("{there}/credentials/on24"), format!("{PATH}/x/credentials/on24")] {
        for (media, body) in [("text/plain", "{"), ("application/json", "{}")] {
            let mut request = request(Method::PUT, &path, Some((media, body.to_owned())));
            request.headers_mut().remove("authorization");
            world.send(request).await.problem(401, "unauthorised");
        }
    }
}

#[test]
fn a_token_is_long_and_fits_a_header_and_a_cookie() {
    let entropy = SeededEntropy::new(1);
    let (one, other) = (Token::mint(&entropy), Token::mint(&entropy));
    assert_eq!(one.reveal().len(), 67);
    assert_ne!(one.digest(), other.digest());
    let configured = |text: &str| Token::configured(SecretString::from(text)).map(|token| token.digest());
    assert_eq!(configured(one.reveal()), Some(one.digest()));
    let base64 = "mZ+4/Ytgdj4NsSdMxd1Ao/6hC1sbWhDrQm8yqkS2pg4=";
    assert!(configured(base64).is_some(), "as `openssl rand -base64 32` makes them");
    assert!(configured(&"x".repeat(31)).is_none());
    for odd in [' ', '\n', ';', ',', '"', '\\', 'ü', '\u{7f}'] {
        assert!(configured(&format!("{}{odd}", "x".repeat(40))).is_none(), "{odd:?}");
    }
}
