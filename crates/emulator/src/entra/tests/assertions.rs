use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

use super::bench::{Bench, HOST, Reply, VAULT, parts};
use crate::base64url;
use crate::entra::certificate::Certificate;
use crate::entra::jwt;

/// Made by `openssl req -x509 -newkey rsa:2048 -nodes -days 36500 -subj "/CN=emulator test client"`; the key opens
/// nothing but these tests.
const CERTIFICATE: &str = include_str!("vectors/client.pem");
const KEY: &str = include_str!("vectors/client.key.pem");
/// Made by `PyJWT` 2.15 with that key (`python make.py`), for the tenant of seed 42.
const FOREIGN_MADE: &str = include_str!("vectors/assertions.json");

const CLIENT: &str = "2b1f0d3c-6f0e-4d5c-9a53-0c2f3b7c1a90";
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn key() -> RsaPrivateKey {
    RsaPrivateKey::from_pkcs8_pem(KEY).unwrap()
}

/// A tenant with a client that has a certificate.
fn bench() -> Bench {
    let bench = Bench::new();
    let reply = bench.control("clients", &json!({ "client_id": CLIENT, "certificates": [CERTIFICATE] }));
    assert_eq!(reply.status, 200);
    assert!(reply.body.get("client_secret").is_none());
    bench
}

/// The claims of a good assertion, with some of them replaced.
fn assertion(bench: &Bench, changes: &Value, header: &[(&str, &str)]) -> String {
    let mut claims = json!({
        "aud": format!("https://{HOST}{}", bench.path()),
        "iss": CLIENT,
        "sub": CLIENT,
        "jti": "0b0d9f9e",
        "nbf": bench.now(),
        "exp": bench.now() + 600,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    jwt::signed(&claims, &key(), header).unwrap()
}

async fn present(bench: &Bench, assertion: &str) -> Reply {
    bench
        .ask(&[
            ("client_secret", ""),
            ("client_id", CLIENT),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion),
        ])
        .await
}

#[tokio::test]
async fn azure_28_a_client_shows_itself_by_a_certificate() {
    let bench = bench();
    let known = Certificate::from_pem(CERTIFICATE).unwrap();
    for header in [
        vec![("x5t", known.sha1.as_str())],
        vec![("x5t#S256", &known.sha256)],
        vec![("x5t", &known.sha1), ("x5t#S256", &known.sha256)],
    ] {
        let reply = present(&bench, &assertion(&bench, &json!({}), &header)).await;
        let caller = bench.issuer.check(reply.token(), VAULT).unwrap();
        assert_eq!(caller.client_id, CLIENT);
        assert_eq!(parts(reply.token()).1["appidacr"], "2");
    }
    let vendor = format!("https://login.microsoftonline.com{}", bench.path());
    let reply = present(&bench, &assertion(&bench, &json!({ "aud": vendor }), &[("x5t", &known.sha1)])).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn azure_28_assertions_that_others_make_are_read() {
    let bench = bench();
    let made: Value = serde_json::from_str(FOREIGN_MADE).unwrap();
    assert_eq!(made["tenant"], bench.issuer.tenant());
    for kind in ["RS256", "PS256"] {
        assert_eq!(present(&bench, made[kind].as_str().unwrap()).await.status, 200, "{kind}");
    }
}

#[tokio::test]
async fn azure_28_every_wrong_assertion_has_its_code() {
    let bench = bench();
    let known = Certificate::from_pem(CERTIFICATE).unwrap();
    let x5t = [("x5t", known.sha1.as_str())];
    let now = bench.now();
    let elsewhere = format!("https://elsewhere.example{}", bench.path());
    let cases = [
        (
            assertion(
                &bench,
                &json!({ "aud": "https://login.microsoftonline.com/common/oauth2/v2.0/token" }),
                &x5t,
            ),
            700_023,
        ),
        (assertion(&bench, &json!({ "aud": elsewhere }), &x5t), 700_023),
        (assertion(&bench, &json!({ "aud": null }), &x5t), 700_023),
        (assertion(&bench, &json!({ "exp": now - 301 }), &x5t), 700_024),
        (assertion(&bench, &json!({ "nbf": now + 302 }), &x5t), 700_024),
        (assertion(&bench, &json!({ "exp": null }), &x5t), 50027),
        (assertion(&bench, &json!({ "jti": null }), &x5t), 50027),
        (assertion(&bench, &json!({ "sub": "somebody" }), &x5t), 700_021),
        (assertion(&bench, &json!({}), &[]), 700_027),
        (assertion(&bench, &json!({}), &[("x5t", "AAAA")]), 700_027),
        (assertion(&bench, &json!({}), &[("x5t", &known.sha1), ("x5t#S256", "AAAA")]), 700_027),
        (format!("{}AAAA", assertion(&bench, &json!({}), &x5t)), 700_027),
        (assertion(&bench, &json!({ "iss": "https://cluster.example" }), &x5t), 700_211),
        ("no token".to_owned(), 50027),
    ];
    for (place, (assertion, code)) in cases.into_iter().enumerate() {
        let reply = present(&bench, &assertion).await;
        assert_eq!((reply.status, &reply.body["error"]), (401, &json!("invalid_client")), "{place}");
        assert_eq!(reply.body["error_codes"], json!([code]), "{place}");
    }
    let missing = bench.ask(&[("client_secret", ""), ("client_id", CLIENT), ("client_assertion", "x")]).await;
    assert_eq!(*missing.code(), 900_144);
}

#[tokio::test]
async fn azure_28_an_assertion_holds_by_the_emulators_clock_and_so_does_a_certificate() {
    let bench = bench();
    let known = Certificate::from_pem(CERTIFICATE).unwrap();
    let made = assertion(&bench, &json!({}), &[("x5t", &known.sha1)]);
    assert_eq!(present(&bench, &made).await.status, 200);
    bench.clock.advance(jiff::SignedDuration::from_secs(901));
    assert_eq!(*present(&bench, &made).await.code(), 700_024);
    bench.clock.advance(jiff::SignedDuration::from_hours(101 * 366 * 24));
    let made = assertion(&bench, &json!({}), &[("x5t", &known.sha1)]);
    assert_eq!(*present(&bench, &made).await.code(), 700_027);
}

#[tokio::test]
async fn azure_28_ids_of_assertions_are_ignored_required_or_taken_once() {
    let bench = bench();
    let known = Certificate::from_pem(CERTIFICATE).unwrap();
    let x5t = [("x5t", known.sha1.as_str())];
    let (named, nameless) =
        (assertion(&bench, &json!({}), &x5t), assertion(&bench, &json!({ "jti": null }), &x5t));
    let statuses = async |ids: &str| {
        bench.control("settings", &json!({ "assertion_ids": ids }));
        let mut statuses = Vec::new();
        for made in [&named, &named, &nameless] {
            statuses.push(present(&bench, made).await.status);
        }
        statuses
    };
    assert_eq!(statuses("ignored").await, [200, 200, 200]);
    assert_eq!(statuses("required").await, [200, 200, 401]);
    assert_eq!(statuses("once").await, [200, 401, 401]);
    bench.clock.advance(jiff::SignedDuration::from_secs(700));
    assert_eq!(statuses("required").await, [200, 200, 401], "clocks may be apart by five minutes");
    assert_eq!(statuses("once").await, [401, 401, 401], "what was taken is remembered as long as it is good");
}

#[tokio::test]
async fn azure_28_an_issuer_that_is_trusted_vouches_for_a_client() {
    let bench = Bench::new();
    let public = key().to_public_key();
    let number = |number: &rsa::BigUint| base64url::encode(number.to_bytes_be());
    let jwk = json!({ "kty": "RSA", "kid": "one", "n": number(public.n()), "e": number(public.e()) });
    let issuer = "https://cluster.example/";
    let subject = "system:serviceaccount:default:bridge";
    assert_eq!(bench.control("issuers", &json!({ "issuer": issuer, "keys": [jwk] })).status, 200);
    bench.control(
        "clients",
        &json!({ "client_id": CLIENT, "federated": [{ "issuer": issuer, "subject": subject }] }),
    );
    let made = |changes: Value| {
        let mut claims =
            json!({ "iss": issuer, "sub": subject, "aud": ["api://AzureADTokenExchange"], "jti": null });
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        claims
    };
    let kid = [("kid", "one")];
    let good = assertion(&bench, &made(json!({})), &kid);
    assert!(bench.issuer.check(present(&bench, &good).await.token(), VAULT).is_ok());
    for (changes, header, code) in [
        (json!({ "sub": "system:serviceaccount:Default:bridge" }), kid, 700_213),
        (json!({ "iss": "https://cluster.example" }), kid, 700_211),
        (json!({ "aud": "https://vault.azure.net" }), kid, 700_212),
        (json!({ "exp": bench.now() - 301 }), kid, 700_024),
        (json!({}), [("kid", "two")], 50013),
    ] {
        let reply = present(&bench, &assertion(&bench, &made(changes), &header)).await;
        assert_eq!((reply.status, reply.code()), (401, &json!(code)));
    }
    assert_eq!(bench.show("issuers"), json!({ "issuers": [{ "issuer": issuer, "keys": ["one"] }] }));
}

#[tokio::test]
async fn azure_28_the_emulator_can_play_the_issuer_itself() {
    let bench = Bench::new();
    let issuer = "https://cluster.example";
    bench.control("issuers", &json!({ "issuer": issuer }));
    bench.control("clients", &json!({ "client_id": CLIENT, "federated": [{ "issuer": issuer, "subject": "me", "audience": "us" }] }));
    let made = bench.minted(&json!({ "iss": issuer, "sub": "me", "aud": "us" }));
    assert_eq!(present(&bench, &made).await.status, 200);
}

#[test]
fn a_certificate_that_is_cut_or_changed_is_none_or_another() {
    let known = Certificate::from_pem(CERTIFICATE).unwrap();
    assert_eq!(known.sha1, base64url::encode(hex("897B43BD772D7CCC206CB9668037A5942403F3C3")));
    assert_eq!(known.valid.1 - known.valid.0, 36500 * 24 * 3600);
    let body: String = CERTIFICATE.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    let pem = |der: &[u8]| {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", STANDARD.encode(der))
    };
    for cut in 0..der.len() {
        assert!(Certificate::from_pem(&pem(&der[..cut])).is_none(), "{cut}");
        let mut changed = der.clone();
        changed[cut] ^= 0xff;
        if let Some(other) = Certificate::from_pem(&pem(&changed)) {
            assert_ne!(other.sha256, known.sha256);
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|place| u8::from_str_radix(&text[place..place + 2], 16).unwrap()).collect()
}
