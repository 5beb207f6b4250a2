use jiff::SignedDuration;
use serde_json::{Value, json};

use super::bench::{Bench, CRM, VAULT, parts};
use crate::clock::Clock;
use crate::entra::{Issuer, TokenFault};

#[tokio::test]
async fn azure_31_a_token_is_signed_and_says_what_version_1_says() {
    let bench = Bench::new();
    let (header, claims) = parts(bench.ask(&[]).await.token());
    assert_eq!(
        (&header["alg"], &header["typ"], &header["kid"]),
        (&json!("RS256"), &json!("JWT"), &header["x5t"])
    );
    let tenant = bench.issuer.tenant();
    let provider = format!("https://sts.windows.net/{tenant}/");
    for (claim, value) in [
        ("aud", json!("https://vault.azure.net")),
        ("iss", json!(provider)),
        ("idp", json!(provider)),
        ("appid", json!(bench.issuer.client_id())),
        ("appidacr", json!("1")),
        ("tid", json!(tenant)),
        ("ver", json!("1.0")),
        ("sub", claims["oid"].clone()),
        ("nbf", claims["iat"].clone()),
        ("exp", json!(claims["iat"].as_i64().unwrap() + 3599)),
    ] {
        assert_eq!(claims[claim], value, "{claim}");
    }
    assert_eq!(claims["oid"].as_str().unwrap().len(), 36);
    let (_, again) = parts(bench.ask(&[]).await.token());
    assert_ne!(claims["uti"], again["uti"]);
}

#[tokio::test]
async fn azure_31_audiences_are_distinct() {
    let bench = Bench::new();
    let vault = bench.ask(&[]).await;
    let crm = bench.ask(&[("scope", "http://127.0.0.1:4711/.default")]).await;
    assert!(bench.issuer.check(vault.token(), VAULT).is_ok());
    assert_eq!(bench.issuer.check(vault.token(), CRM), Err(TokenFault::WrongAudience(VAULT.to_owned())));
    assert_eq!(bench.issuer.check(crm.token(), VAULT), Err(TokenFault::WrongAudience(CRM.to_owned())));
    let slash = bench.ask(&[("scope", "http://127.0.0.1:4711//.default")]).await;
    assert_eq!(parts(slash.token()).1["aud"], "http://127.0.0.1:4711/");
    assert!(bench.issuer.check(slash.token(), CRM).is_ok());
}

#[test]
fn azure_31_a_token_is_admitted_by_its_audience_until_it_expires() {
    let clock = Clock::new();
    let issuer = Issuer::new(clock.clone(), 42);
    issuer.admit_resource("http://127.0.0.1:4711/");
    let (token, seconds) = issuer.issue(CRM).unwrap();
    assert_eq!(seconds, 3599);
    assert!(issuer.check(&token, CRM).is_ok());
    assert!(issuer.check(&token, "http://127.0.0.1:4711/").is_ok());
    clock.advance(SignedDuration::from_secs(3599));
    assert_eq!(issuer.check(&token, CRM), Err(TokenFault::Expired));
}

#[test]
fn azure_31_a_shorter_lifetime_holds_for_new_tokens() {
    let clock = Clock::new();
    let issuer = Issuer::new(clock.clone(), 42);
    let (old, _) = issuer.issue(CRM).unwrap();
    issuer.set_lifetime(SignedDuration::from_secs(30));
    let (new, seconds) = issuer.issue(CRM).unwrap();
    assert_eq!(seconds, 30);
    clock.advance(SignedDuration::from_secs(31));
    assert!(issuer.check(&old, CRM).is_ok());
    assert_eq!(issuer.check(&new, CRM), Err(TokenFault::Expired));
}

#[test]
fn azure_31_what_was_not_signed_here_is_unknown() {
    let bench = Bench::new();
    let (token, _) = bench.issuer.issue(VAULT).unwrap();
    let forged =
        bench.control("token", &json!({ "forged": true })).body["access_token"].as_str().unwrap().to_owned();
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let none = crate::base64url::encode(r#"{"alg":"none"}"#);
    let other = Issuer::new(Clock::new(), 43);
    for bad in [
        "made-up".to_owned(),
        String::new(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{head}.{claims}"),
        format!("{head}.{claims}."),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{head}.{}.{signature}", crate::base64url::encode("{}")),
        format!("{token}.{token}"),
        "x".repeat(100_000),
        format!("{}.{claims}.{signature}", crate::base64url::encode("[".repeat(10_000))),
        forged,
        other.issue(CRM).unwrap().0,
    ] {
        let short: String = bad.chars().take(80).collect();
        assert_eq!(bench.issuer.check(&bad, VAULT), Err(TokenFault::Unknown), "{short}");
    }
    assert!(bench.issuer.check(&token, VAULT).is_ok());
}

#[test]
fn azure_31_a_signed_token_must_still_be_of_this_tenant_and_of_this_time() {
    let bench = Bench::new();
    let now = bench.now();
    let foreign = "https://sts.windows.net/3f2504e0-4f89-41d3-9a0c-0305e82c3301/";
    let cases: [(Value, TokenFault); 5] = [
        (json!({ "iss": foreign }), TokenFault::WrongIssuer(foreign.to_owned())),
        (
            json!({ "tid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301" }),
            TokenFault::WrongIssuer(format!("https://sts.windows.net/{}/", bench.issuer.tenant())),
        ),
        (json!({ "exp": now }), TokenFault::Expired),
        (json!({ "nbf": now + 60 }), TokenFault::NotYet),
        (json!({ "exp": null }), TokenFault::Unknown),
    ];
    for (claims, fault) in cases {
        assert_eq!(bench.issuer.check(&bench.minted(&claims), VAULT), Err(fault), "{claims}");
    }
    let second = format!("https://login.microsoftonline.com/{}/v2.0", bench.issuer.tenant());
    let newer =
        bench.minted(&json!({ "iss": second, "ver": "2.0", "appid": null, "azp": bench.issuer.client_id() }));
    assert!(bench.issuer.check(&newer, VAULT).is_ok());
    let early = bench.minted(&json!({ "nbf": now + 60 }));
    bench.clock.advance(SignedDuration::from_secs(61));
    assert!(bench.issuer.check(&early, VAULT).is_ok());
}

#[test]
fn an_unknown_resource_gets_no_token() {
    let issuer = Issuer::new(Clock::new(), 42);
    for resource in [
        "https://crm.example",
        "http://localhost.example:4711",
        "http://127.0.0.1.example",
        "http://10.0.0.1:4711",
        "http://localhost:4711/path",
        "ftp://localhost",
        "localhost",
        "",
    ] {
        assert!(issuer.issue(resource).is_none(), "{resource}");
    }
}

#[test]
fn every_port_of_the_loopback_is_a_resource_of_its_own() {
    let issuer = Issuer::new(Clock::new(), 42);
    for resource in
        ["http://127.0.0.1:4711", "http://LOCALHOST:80/", "http://[::1]:9000", "https://localhost"]
    {
        let (token, _) = issuer.issue(resource).unwrap();
        assert!(issuer.check(&token, resource).is_ok(), "{resource}");
        let elsewhere = issuer.check(&token, "http://127.0.0.1:4712");
        assert_eq!(elsewhere, Err(TokenFault::WrongAudience(resource.to_owned())));
    }
}

#[test]
fn azure_34_its_debug_form_keeps_the_secrets() {
    let issuer = Issuer::new(Clock::new(), 42);
    let shown = format!("{issuer:?}");
    assert!(!shown.contains(issuer.client_secret()) && !shown.contains(issuer.identity_header()));
}
