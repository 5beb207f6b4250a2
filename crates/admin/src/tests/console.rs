use axum::body::Body;
use axum::http::{Request, StatusCode};
use webinar_bridge_domain::flow::Topic;
use webinar_bridge_domain::id::ProviderEventId;
use webinar_bridge_domain::time::SignedDuration;
use webinar_bridge_domain::webinar::Link;

use super::balance::plan;
use super::world::{Answer, TOKEN, World};

async fn page(world: &World, cookie: Option<&str>) -> Answer {
    let mut request = Request::get("/");
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

async fn sign_in(world: &World, token: &str, site: Option<&str>) -> Answer {
    let mut request = Request::post("/sign-in").header("content-type", "application/x-www-form-urlencoded");
    if let Some(site) = site {
        request = request.header("sec-fetch-site", site);
    }
    let form = format!("token={}", token.replace('+', "%2B").replace(' ', "+"));
    world.send(request.body(Body::from(form)).unwrap()).await
}

fn is_page(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.text.starts_with("<!DOCTYPE html><html lang=\"en\">"));
    let lower = answer.text.to_lowercase();
    assert!(!lower.contains("<style") && !lower.contains(" style="), "no inline style");
    assert!(!lower.contains("javascript:"));
    for script in lower.split("<script").skip(1) {
        assert!(script.starts_with(" src=\"/assets/console.js\" defer></script>"), "no inline script");
    }
    for handler in [" onload=", " onclick=", " onerror=", " onsubmit="] {
        assert!(!lower.contains(handler), "no inline handler");
    }
    assert!(!lower.contains("http://") && !lower.contains("https://"), "nothing from elsewhere");
}

fn is_sign_in(answer: &Answer) {
    is_page(answer);
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert_eq!(answer.header("set-cookie"), "");
    assert_eq!(answer.text.matches("<h1").count(), 1);
    assert!(answer.text.contains("<label for=\"token\">") && answer.text.contains("type=\"password\""));
}

#[tokio::test]
async fn a_stranger_sees_the_sign_in_and_nothing_else() {
    let world = World::new().await;
    world.organization("Contoso").await;
    for cookie in [None, Some("wb="), Some("wb=wrong"), Some("other=1"), Some("wb")] {
        let answer = page(&world, cookie).await;
        is_sign_in(&answer);
        assert!(!answer.text.contains("Contoso") && !answer.text.contains("Sign out"));
    }
}

#[tokio::test]
async fn the_cookie_of_the_sign_in_opens_the_page() {
    let world = World::new().await;
    world.organization("Contoso").await;
    let answer = sign_in(&world, &format!(" {TOKEN} "), Some("same-origin")).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"));
    let set = answer.header("set-cookie").to_owned();
    assert_eq!(set, format!("wb={TOKEN}; Path=/; HttpOnly; SameSite=Strict; Max-Age=28800"));
    let opened = page(&world, Some(&format!("theme=dark; {}", set.split(';').next().unwrap()))).await;
    assert_eq!(opened.status, StatusCode::OK);
    is_page(&opened);
    assert!(opened.text.contains("Contoso") && opened.text.contains("Sign out"));

    world.clock.advance(SignedDuration::from_hours(24));
    is_sign_in(&page(&world, Some(&set)).await);
}

#[tokio::test]
async fn behind_a_proxy_that_ends_tls_the_cookie_is_sent_over_tls_alone() {
    let world = World::new().await;
    let request = Request::post("/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-proto", "https");
    let answer = world.send(request.body(Body::from(format!("token={TOKEN}"))).unwrap()).await;
    assert!(answer.header("set-cookie").ends_with("; Secure"));
}

#[tokio::test]
async fn a_sign_in_that_fails_says_so_and_sets_nothing() {
    let world = World::new().await;
    for token in ["", "wrong", "a;b", "a\"b", "%0d%0aset-cookie:+x=1"] {
        let answer = sign_in(&world, token, None).await;
        is_sign_in(&answer);
        assert!(answer.text.contains("role=\"alert\""));
    }
    for site in ["cross-site", "same-site"] {
        is_sign_in(&sign_in(&world, TOKEN, Some(site)).await);
    }
    let body = Request::post("/sign-in").header("content-type", "application/json").body(Body::from("{}"));
    is_sign_in(&world.send(body.unwrap()).await);
}

#[tokio::test]
async fn signing_out_takes_the_cookie_away() {
    let world = World::new().await;
    let out =
        |site: &str| Request::post("/sign-out").header("sec-fetch-site", site).body(Body::empty()).unwrap();
    let answer = world.send(out("same-origin")).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(answer.header("set-cookie"), "wb=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    assert_eq!(world.send(out("cross-site")).await.header("set-cookie"), "", "not from elsewhere");
}

#[tokio::test]
async fn an_open_house_shows_its_pages_and_says_what_they_are() {
    let mut world = World::new().await;
    world.admin.open_house = true;
    let answer = page(&world, None).await;
    assert_eq!(answer.status, StatusCode::OK);
    is_page(&answer);
    assert!(answer.text.contains("SANDBOX") && answer.text.contains("Nothing to show yet"));
    assert_eq!(answer.text.matches("<h1").count(), 1);
    let api = Request::get("/api/v1/organizations").body(Body::empty()).unwrap();
    world.send(api).await.problem(401, "unauthorised");
}

#[tokio::test]
async fn the_page_is_built_for_everyone_who_reads_it() {
    let mut world = World::new().await;
    world.admin.open_house = true;
    for name in ["Contoso", "Fabrikam"] {
        world.organization(name).await;
    }
    plan(&world, "Cheese", Link::Linked(ProviderEventId::new("4711"))).await;
    let answer = page(&world, None).await;
    is_page(&answer);
    let text = &answer.text;
    assert_eq!(text.matches("<h1").count(), 2, "one for each organization");
    assert_eq!(text.matches("<table").count(), 1);
    let headers: Vec<&str> = text.split("<th").skip(1).filter(|rest| rest.starts_with([' ', '>'])).collect();
    assert_eq!(headers.len(), 4 + 9 + 1);
    assert!(headers.iter().all(|header| header.starts_with(" scope=\"")), "{headers:?}");
    assert!(text.contains("<main id=\"main\">") && text.contains("href=\"#main\""));
    assert!(text.contains("<meta name=\"viewport\""));
    assert!(text.contains("ON24 event 4711"));
}

#[tokio::test]
async fn what_others_typed_stays_text() {
    let mut world = World::new().await;
    world.admin.open_house = true;
    world.organization("\"><img src=x onerror=alert(1)>").await;
    plan(&world, "<script>alert('x')</script> & \"more\"", Link::Linked(ProviderEventId::new("<b>7</b>")))
        .await;
    let id = world.admin.bridge.steward.list().await.unwrap()[0].id;
    let now = world.admin.bridge.ports().clock.now();
    world.admin.bridge.standing.note(id, Topic::Names, "`<i>` is missing".to_owned(), now, now);
    let text = page(&world, None).await.text;
    assert!(text.contains("&lt;script&gt;alert('x')&lt;/script&gt; &amp; &quot;more&quot;"));
    for raw in ["<script>", "<img", "<b>7", "<i>"] {
        assert!(!text.contains(raw), "{raw}");
    }
    assert!(text.contains("&quot;&gt;&lt;img"), "in an attribute as well");
}

#[tokio::test]
async fn numbers_are_written_for_people() {
    let tally = webinar_bridge_domain::balance::Tally::from_counters([
        ("row.crm", 1_234_567),
        ("row.at_provider", 1_234_566),
        ("row.held.too_late", 1),
        ("minutes.provider", 1),
        ("minutes.on_their_way", -1999),
        ("minutes.crm", 1999),
        ("minutes.unmatched", 1),
        ("minutes.unmatched_people", 1),
    ]);
    let mut world = super::balance::world_with_books(tally).await;
    world.admin.open_house = true;
    world.organization("Contoso").await;
    let text = page(&world, None).await.text;
    assert!(text.contains("<b>1\u{202f}234\u{202f}567</b> = 1\u{202f}234\u{202f}566 at ON24"));
    assert!(text.contains("1 held (1 too late) + 0 excluded"));
    assert!(text.contains("\u{2212}1\u{202f}999 on their way + 1 unmatched (1 person)"), "{text}");
}

#[tokio::test]
async fn styles_and_the_script_are_served_by_the_bridge_itself() {
    let world = World::new().await;
    for (path, content) in [
        ("/assets/console.css", "text/css; charset=utf-8"),
        ("/assets/console.js", "text/javascript; charset=utf-8"),
    ] {
        let answer = world.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, content));
        assert!(
            !answer.text.contains("http:")
                && !answer.text.contains("https:")
                && !answer.text.contains("@import")
        );
    }
    let script = include_str!("../console/console.js");
    assert!(script.lines().count() <= 150);
    for sink in [
        "innerHTML =",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "DOMParser",
        "new Function",
    ] {
        assert!(!script.contains(sink), "{sink} would make markup or code of text");
    }
}
