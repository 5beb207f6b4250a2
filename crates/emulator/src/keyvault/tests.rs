use super::*;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use http::HeaderMap;
use jiff::SignedDuration;

/// A vault with its client's token.
struct Visit {
    vault: KeyVault,
    token: String,
    clock: Clock,
}

impl Visit {
    fn new() -> Self {
        let clock = Clock::new();
        let issuer = Issuer::new(clock.clone(), 42);
        let vault = KeyVault::new(clock.clone(), Arc::clone(&issuer), "http://127.0.0.1:9000".to_owned(), 42);
        let (token, _) = issuer.issue(RESOURCE).unwrap();
        Self { vault, token, clock }
    }

    async fn send(&self, call: Call) -> (u16, Value, HeaderMap) {
        let call =
            call.with("host", "vault.example:8443").with("authorization", &format!("Bearer {}", self.token));
        let answer = self.vault.handle(call).await;
        (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap(), answer.headers)
    }

    async fn post(&self, path: &str, alg: &str, value: &str) -> (u16, Value) {
        let body = json!({ "alg": alg, "value": value, "later": "ignored" }).to_string();
        let (status, body, _) =
            self.send(Call::json(Method::POST, &format!("{path}?api-version=2025-07-01"), &body)).await;
        (status, body)
    }

    async fn wrap(&self, path: &str, plain: &[u8]) -> (String, String) {
        let (status, body) = self.post(path, "RSA-OAEP-256", &URL_SAFE_NO_PAD.encode(plain)).await;
        assert_eq!(status, 200, "{body}");
        let member = |name: &str| body[name].as_str().unwrap().to_owned();
        (member("kid"), member("value"))
    }

    async fn unwrap(&self, kid: &str, wrapped: &str) -> (u16, Value) {
        let path = kid.strip_prefix("http://vault.example:8443").unwrap();
        self.post(&format!("{path}/unwrapkey"), "RSA-OAEP-256", wrapped).await
    }
}

#[tokio::test]
async fn what_is_wrapped_can_be_unwrapped_and_never_looks_the_same() {
    let visit = Visit::new();
    let plain = [7_u8; 32];
    let (kid, wrapped) = visit.wrap("/keys/tenant-kek/wrapkey", &plain).await;
    let (_, version) = kid.rsplit_once('/').unwrap();
    assert_eq!(kid, format!("http://vault.example:8443/keys/tenant-kek/{version}"));
    assert!(version.len() == 32 && version.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)));
    assert_eq!(wrapped.len(), 342);
    let (again, other) = visit.wrap("//Keys/tenant-kek//WrapKey/", &plain).await;
    assert_eq!(again, kid);
    assert_ne!(other, wrapped);
    for value in [wrapped.clone(), other, format!("{wrapped}==")] {
        let (status, body) = visit.unwrap(&kid, &value).await;
        assert_eq!((status, body["value"].as_str().unwrap()), (200, URL_SAFE_NO_PAD.encode(plain).as_str()));
    }
}

#[tokio::test]
async fn a_request_without_a_good_token_is_challenged_before_anything_else() {
    let mut visit = Visit::new();
    let probe = Call::bare(Method::POST, "/keys/%20/wrapkey");
    let answer = visit.vault.handle(probe.clone()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let tenant = visit.vault.issuer.tenant();
    let challenge = format!(
        "Bearer authorization=\"http://127.0.0.1:9000/{tenant}\", resource=\"https://vault.azure.net\""
    );
    assert_eq!(answer.headers["www-authenticate"], challenge.as_str());
    let crm = "http://127.0.0.1:4711";
    visit.vault.issuer.admit_resource(crm);
    let good = visit.token.clone();
    for (token, words) in
        [("made-up".to_owned(), "AKV10032"), (visit.vault.issuer.issue(crm).unwrap().0, "AKV10022")]
    {
        visit.token = token;
        let (status, body, headers) = visit.send(probe.clone()).await;
        assert_eq!(status, 401);
        assert!(body["error"]["message"].as_str().unwrap().starts_with(words));
        assert!(headers.contains_key("www-authenticate"));
    }
    visit.token = good;
    visit.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(visit.send(probe).await.0, 401);
}

#[tokio::test]
async fn wrong_requests_are_400_or_404() {
    let visit = Visit::new();
    let (kid, wrapped) = visit.wrap("/keys/tenant-kek/wrapkey", &[1; 32]).await;
    let plain = URL_SAFE_NO_PAD.encode([1; 32]);
    let binary = STANDARD.encode([0xfb; 33]);
    assert!(binary.contains('+') || binary.contains('/'));
    let long = URL_SAFE.encode([1; 191]);
    for (path, alg, value, status, code) in [
        ("/keys/tenant-kek/wrapkey", "A256KW", plain.as_str(), 400, "BadParameter"),
        ("/keys/tenant-kek/wrapkey", "none", &plain, 400, "BadParameter"),
        ("/keys/tenant-kek/wrapkey", "RSA-OAEP-256", &binary, 400, "BadParameter"),
        ("/keys/tenant-kek/wrapkey", "RSA-OAEP-256", &long, 400, "BadParameter"),
        ("/keys/tenant_kek/wrapkey", "RSA-OAEP-256", &plain, 400, "BadParameter"),
        ("/keys/tenant-kek/unwrapkey", "RSA-OAEP-256", &wrapped, 400, "BadParameter"),
        ("/keys/other-kek/wrapkey", "RSA-OAEP-256", &plain, 404, "KeyNotFound"),
        (
            "/keys/tenant-kek/0123456789abcdef0123456789abcdef/unwrapkey",
            "RSA-OAEP-256",
            &wrapped,
            404,
            "KeyNotFound",
        ),
        ("/secrets/tenant-kek/wrapkey", "RSA-OAEP-256", &plain, 404, "NotFound"),
    ] {
        let (answered, body) = visit.post(path, alg, value).await;
        assert_eq!((answered, &body["error"]["code"]), (status, &json!(code)), "{path} {alg}");
    }
    let longest = visit.wrap("/keys/tenant-kek/wrapkey", &[1; 190]).await;
    assert_eq!(visit.unwrap(&kid, &longest.1).await.0, 200);
    for query in ["", "?api-version=2010-01-01"] {
        let (status, body, _) =
            visit.send(Call::json(Method::POST, &format!("/keys/tenant-kek/wrapkey{query}"), "{}")).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("BadParameter")));
    }
}

#[tokio::test]
async fn the_older_padding_works_too_but_only_with_itself() {
    let visit = Visit::new();
    let (status, body) =
        visit.post("/keys/tenant-kek/wrapkey", "RSA-OAEP", &URL_SAFE_NO_PAD.encode([9; 32])).await;
    assert_eq!(status, 200);
    let (kid, wrapped) = (body["kid"].as_str().unwrap(), body["value"].as_str().unwrap());
    assert_eq!(visit.unwrap(kid, wrapped).await.0, 400);
}

#[tokio::test]
async fn after_a_rotation_old_values_open_with_their_own_version_only() {
    let visit = Visit::new();
    let (old, wrapped) = visit.wrap("/keys/tenant-kek/wrapkey", &[5; 32]).await;
    visit.vault.rotate();
    let (new, _) = visit.wrap("/keys/tenant-kek/wrapkey", &[5; 32]).await;
    assert_ne!(old, new);
    assert_eq!(visit.unwrap(&old, &wrapped).await.0, 200);
    let foreign = visit.unwrap(&new, &wrapped).await;
    let garbage = visit.unwrap(&new, &URL_SAFE_NO_PAD.encode([5; 256])).await;
    assert_eq!(foreign.0, 400);
    assert_eq!(foreign, garbage);
    let version = new.rsplit_once('/').unwrap().1;
    let off = json!({ "enabled": false, "version": version }).to_string();
    visit.vault.control("key", &Call::json(Method::POST, "/_emulator/key", &off)).unwrap();
    assert_eq!(visit.wrap("/keys/tenant-kek/wrapkey", &[5; 32]).await.0, old);
}

#[tokio::test]
async fn a_disabled_key_and_denied_operations_are_403() {
    let visit = Visit::new();
    let (kid, wrapped) = visit.wrap("/keys/tenant-kek/wrapkey", &[5; 32]).await;
    let inner = |body: &Value| body["error"]["innererror"]["code"].clone();
    visit.vault.set_enabled(false);
    let (status, body) = visit.unwrap(&kid, &wrapped).await;
    assert_eq!((status, inner(&body)), (403, json!("KeyDisabled")));
    let (status, body) = visit.post("/keys/tenant-kek/wrapkey", "RSA-OAEP-256", "AAAA").await;
    assert_eq!((status, inner(&body)), (403, json!("KeyDisabled")));
    let on = visit.vault.control("key", &Call::json(Method::POST, "/_emulator/key", r#"{"enabled":true}"#));
    assert_eq!(on.unwrap().status, StatusCode::OK);
    assert_eq!(visit.unwrap(&kid, &wrapped).await.0, 200);
    visit.vault.deny(vec!["unwrapKey".to_owned()]);
    let (status, body) = visit.unwrap(&kid, &wrapped).await;
    assert_eq!((status, inner(&body)), (403, json!("ForbiddenByRbac")));
    visit.wrap("/keys/tenant-kek/wrapkey", &[5; 32]).await;
    assert!(visit.vault.control("weather", &Call::bare(Method::GET, "/")).is_none());
    let bad = visit.vault.control("key", &Call::json(Method::POST, "/_emulator/key", "off")).unwrap();
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_public_half_is_shown_with_the_usual_headers() {
    let visit = Visit::new();
    let call =
        Call::bare(Method::GET, "/keys/tenant-kek?api-version=7.4").with("x-ms-client-request-id", "call-17");
    let (status, body, headers) = visit.send(call).await;
    assert_eq!((status, &body["key"]["kty"], &body["key"]["e"]), (200, &json!("RSA"), &json!("AQAB")));
    assert_eq!(body["key"]["n"].as_str().unwrap().len(), 342);
    assert!(body["attributes"]["created"].is_i64());
    assert_eq!(headers["x-ms-client-request-id"], "call-17");
    assert!(headers.contains_key("x-ms-request-id"));
    assert_eq!(headers["cache-control"], "no-cache");
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
}

#[test]
fn operations_are_told_apart() {
    let visit = Visit::new();
    for (method, path, operation) in [
        (Method::POST, "/keys/k/v/wrapkey", "wrapKey"),
        (Method::POST, "/keys/k/v/UNWRAPKEY", "unwrapKey"),
        (Method::GET, "/keys/k", "getKey"),
        (Method::GET, "/keys/k/v", "getKey"),
        (Method::GET, "/keys/k/versions", "other"),
        (Method::GET, "/keys/k/v/wrapkey", "other"),
        (Method::DELETE, "/keys/k", "other"),
    ] {
        assert_eq!(visit.vault.operation(&Call::bare(method, path)), operation, "{path}");
    }
    assert_eq!(visit.vault.quota("wrapKey", None).status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn vaults_of_one_seed_have_the_same_keys() {
    let (one, other) = (Visit::new(), Visit::new());
    for version in 0..2 {
        let (kid, wrapped) = one.wrap("/keys/tenant-kek/wrapkey", &[7; 32]).await;
        let (status, opened) = other.unwrap(&kid, &wrapped).await;
        assert_eq!((status, &opened["value"]), (200, &json!(URL_SAFE_NO_PAD.encode([7; 32]))), "{version}");
        one.vault.rotate();
        other.vault.rotate();
    }
}

#[tokio::test]
async fn the_key_s_address_is_the_one_that_was_called() {
    let visit = Visit::new();
    let called = async |host: &str| {
        let get = Call::bare(Method::GET, "/keys/tenant-kek?api-version=7.4");
        let get = get.with("host", host).with("authorization", &visit.token);
        let answer = visit.vault.handle(get).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        body["key"]["kid"].as_str().unwrap().rsplit_once("/keys/").unwrap().0.to_owned()
    };
    assert_eq!(called("127.0.0.1:9000").await, "http://127.0.0.1:9000");
    assert_eq!(called("proxy.example").await, "http://proxy.example");
    assert_eq!(called("a b").await, "http://localhost");
}
