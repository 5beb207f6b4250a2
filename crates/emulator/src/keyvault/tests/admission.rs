use http::Method;
use jiff::SignedDuration;
use serde_json::json;

use super::bench::{AUTHORITY, Bench, HOST, key, read};
use crate::emulated::Emulated;
use crate::wire::Call;

#[tokio::test]
async fn azure_1_without_a_token_there_is_a_challenge_before_anything_is_looked_at() {
    let bench = Bench::new();
    let challenge = format!(
        "Bearer authorization=\"{AUTHORITY}/{}\", resource=\"https://vault.azure.net\"",
        bench.issuer.tenant()
    );
    for call in [
        Call::bare(Method::GET, "/keys/tenant-kek"),
        Call::json(Method::POST, "/keys/tenant-kek/wrapkey", "{"),
        Call::form(Method::POST, "/keys/tenant-kek/wrapkey?api-version=1", "x"),
        Call::bare(Method::GET, "/keys/%20?api-version=2025-07-01"),
        Call::bare(Method::PUT, "/nowhere"),
    ] {
        let reply = read(&bench.vault.handle(call).await);
        assert_eq!(reply.code(), (401, "Unauthorized", ""));
        assert!(reply.message().starts_with("AKV10000"));
        assert_eq!(reply.headers["www-authenticate"], challenge.as_str());
    }
}

#[tokio::test]
async fn azure_2_the_probe_of_an_sdk_is_a_post_without_body_and_type() {
    let bench = Bench::new();
    let probe = Call::bare(Method::POST, "/keys/tenant-kek//wrapkey?api-version=2025-07-01")
        .with("content-length", "0");
    let reply = read(&bench.vault.handle(probe).await);
    assert_eq!(reply.status, 401);
    assert!(reply.headers.contains_key("www-authenticate"));
}

#[tokio::test]
async fn azure_3_the_challenge_names_a_resource_or_a_scope() {
    let bench = Bench::new();
    let tenant = bench.issuer.tenant();
    for (style, words) in [
        (
            "resource",
            format!("Bearer authorization=\"{AUTHORITY}/{tenant}\", resource=\"https://vault.azure.net\""),
        ),
        (
            "scope",
            format!(
                "Bearer authorization=\"{AUTHORITY}/{tenant}\", scope=\"https://vault.azure.net/.default\""
            ),
        ),
        (
            "authorization_uri",
            format!(
                "Bearer authorization_uri=\"{AUTHORITY}/{tenant}\", resource=\"https://vault.azure.net\""
            ),
        ),
    ] {
        bench.set(&json!({ "challenge": style }));
        let reply = read(&bench.vault.handle(Call::bare(Method::GET, "/keys/tenant-kek")).await);
        assert_eq!(reply.headers["www-authenticate"], words.as_str());
    }
}

#[tokio::test]
async fn azure_4_every_bad_token_is_challenged_anew() {
    let mut bench = Bench::new();
    let good = bench.token.clone();
    let minted = |claims| {
        let body = json!({ "claims": claims }).to_string();
        let call = Call::json(Method::POST, "/_emulator/token", &body);
        let answer = bench.entra.control("token", &call).unwrap();
        read(&answer).body["access_token"].as_str().unwrap().to_owned()
    };
    let other = "https://sts.windows.net/3f2504e0-4f89-41d3-9a0c-0305e82c3301/";
    let cases = [
        ("made-up".to_owned(), "AKV10032"),
        (format!("{good}A"), "AKV10032"),
        (minted(json!({ "aud": "http://127.0.0.1:4711" })), "AKV10022"),
        (minted(json!({ "iss": other })), "AKV10032"),
        (minted(json!({ "exp": bench.now() })), "AKV10001"),
        (minted(json!({ "nbf": bench.now() + 60 })), "AKV10001"),
    ];
    for (token, words) in cases {
        bench.token = token;
        let reply = bench.get(&key("")).await;
        assert_eq!(reply.code(), (401, "Unauthorized", ""));
        assert!(reply.message().starts_with(words), "{}", reply.message());
        assert!(reply.headers.contains_key("www-authenticate"));
    }
    for header in [good.clone(), format!("Basic {good}"), "Bearer".to_owned()] {
        let call = Call::bare(Method::GET, "/keys/tenant-kek?api-version=7.4").with("authorization", &header);
        let reply = read(&bench.vault.handle(call).await);
        assert_eq!(reply.code(), (401, "Unauthorized", ""));
        assert!(reply.message().starts_with("AKV10000") && reply.headers.contains_key("www-authenticate"));
    }
    bench.token = good;
    assert_eq!(bench.get(&key("")).await.status, 200);
    bench.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(bench.get(&key("")).await.status, 401);
}

#[tokio::test]
async fn azure_4_an_audience_with_a_slash_is_refused_or_accepted() {
    let mut bench = Bench::new();
    bench.token = bench.issuer.issue("https://vault.azure.net/").unwrap().0;
    let reply = bench.get(&key("")).await;
    assert_eq!(reply.status, 401);
    let words =
        "AKV10022: Invalid audience. Expected https://vault.azure.net, found: https://vault.azure.net/.";
    assert_eq!(reply.message(), words);
    bench.set(&json!({ "audience_slash": "accepted" }));
    assert_eq!(bench.get(&key("")).await.status, 200);
}

#[tokio::test]
async fn azure_5_the_version_of_the_interface_must_be_known() {
    let bench = Bench::new();
    for version in ["2025-07-01", "7.0", "7.4", "7.5", "7.6"] {
        let call = Call::bare(Method::GET, &format!("/keys/tenant-kek?api-version={version}"));
        assert_eq!(bench.send(call).await.status, 200, "{version}");
    }
    for query in ["", "?api-version=", "?api-version=2010-01-01", "?api-version=8.0", "?version=7.4"] {
        let reply = bench.send(Call::bare(Method::GET, &format!("/keys/tenant-kek{query}"))).await;
        assert_eq!(reply.code(), (400, "BadParameter", ""), "{query}");
    }
}

#[tokio::test]
async fn azure_6_paths_may_have_empty_segments_a_slash_at_the_end_and_any_letter_case() {
    let bench = Bench::new();
    let (kid, _) = bench.wrap(&key("/wrapkey"), &[1; 32]).await;
    for path in ["/keys/tenant-kek//wrapkey", "//Keys/tenant-kek//WrapKey/", "/keys/Tenant-KEK/wrapKey"] {
        assert_eq!(bench.wrap(path, &[1; 32]).await.0, kid, "{path}");
    }
    for path in ["/keys/tenant-kek/", "/keys/tenant-kek//", "/KEYS/tenant-kek"] {
        let reply = bench.get(path).await;
        assert_eq!((reply.status, &reply.body["key"]["kid"]), (200, &json!(kid)), "{path}");
    }
    assert_eq!(bench.get("/secrets/tenant-kek").await.code(), (404, "NotFound", ""));
}

#[tokio::test]
async fn azure_7_identifiers_have_the_host_that_was_called() {
    let bench = Bench::new();
    let called = async |host: &str, secure| {
        let call = Call { secure, ..Call::bare(Method::GET, "/keys/tenant-kek?api-version=7.4") };
        let call = call.with("host", host).with("authorization", &format!("Bearer {}", bench.token));
        let answer = bench.vault.handle(call).await;
        read(&answer).body["key"]["kid"].as_str().unwrap().to_owned()
    };
    let kid = called("127.0.0.1:9000", false).await;
    let (start, version) = kid.rsplit_once('/').unwrap();
    assert_eq!(start, "https://127.0.0.1:9000/keys/tenant-kek");
    assert!(version.len() == 32 && version.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)));
    assert!(
        called("myvault.vault.azure.net", true).await.starts_with("https://myvault.vault.azure.net/keys/")
    );
    assert!(called("a b", false).await.starts_with("https://localhost/keys/"));
    bench.set(&json!({ "kid_scheme": "called" }));
    assert!(called("proxy.example", false).await.starts_with("http://proxy.example/keys/"));
    assert!(called("proxy.example", true).await.starts_with("https://proxy.example/keys/"));
    let kid = bench.wrap(&key("/wrapkey"), &[1; 32]).await.0;
    assert!(kid.starts_with(&format!("http://{HOST}/keys/tenant-kek/")));
}

#[test]
fn operations_are_told_apart() {
    let bench = Bench::new();
    for (method, path, operation) in [
        ("POST", "/keys/k/v/wrapkey", "wrapKey"),
        ("POST", "/keys/k/wrapkey", "wrapKey"),
        ("POST", "/keys/k/v/UNWRAPKEY", "unwrapKey"),
        ("POST", "/keys/k/v/encrypt", "encrypt"),
        ("POST", "/keys/k/v/decrypt", "decrypt"),
        ("GET", "/keys/k", "getKey"),
        ("GET", "/keys/k/v", "getKey"),
        ("GET", "/keys", "listKeys"),
        ("GET", "/keys/k/versions", "listVersions"),
        ("POST", "/keys/k/create", "createKey"),
        ("POST", "/keys/k/rotate", "rotateKey"),
        ("PATCH", "/keys/k/v", "updateKey"),
        ("PATCH", "/keys/k", "updateKey"),
        ("DELETE", "/keys/k", "deleteKey"),
        ("GET", "/keys/k/rotationpolicy", "getPolicy"),
        ("PUT", "/keys/k/rotationpolicy", "setPolicy"),
        ("GET", "/deletedkeys", "listDeletedKeys"),
        ("GET", "/deletedkeys/k", "getDeletedKey"),
        ("POST", "/deletedkeys/k/recover", "recoverKey"),
        ("DELETE", "/deletedkeys/k", "purgeKey"),
        ("GET", "/keys/k/v/wrapkey", "other"),
        ("PUT", "/keys/k", "other"),
        ("POST", "/keys/k/v/sign", "other"),
        ("DELETE", "/keys/k/v", "other"),
        ("POST", "/keys", "other"),
        ("GET", "/", "other"),
    ] {
        let named = bench.vault.operation(&Call::bare(Method::from_bytes(method.as_bytes()).unwrap(), path));
        assert_eq!(named, operation, "{method} {path}");
        assert!(bench.vault.operations().contains(&named));
    }
}
