use http::Method;
use rsa::{BigUint, RsaPublicKey};
use serde_json::{Value, json};

use super::bench::{Bench, HOST, parts};
use crate::base64url;
use crate::emulated::Emulated;
use crate::entra::jwt::Jwt;
use crate::wire::Call;

async fn get(bench: &Bench, path: &str) -> (u16, Value) {
    let reply = bench.send(Call::bare(Method::GET, path)).await;
    (reply.status, reply.body)
}

#[tokio::test]
async fn azure_30_the_document_of_endpoints_leads_to_all_others() {
    let bench = Bench::new();
    let tenant = bench.issuer.tenant().to_owned();
    for (name, issuer) in
        [(tenant.as_str(), tenant.as_str()), ("common", "{tenantid}"), ("organizations", "{tenantid}")]
    {
        let (status, body) = get(&bench, &format!("/{name}/v2.0/.well-known/openid-configuration")).await;
        assert_eq!(status, 200);
        assert_eq!(body["issuer"], format!("http://{HOST}/{issuer}/v2.0"));
        assert_eq!(body["token_endpoint"], format!("http://{HOST}/{name}/oauth2/v2.0/token"));
        assert_eq!(body["authorization_endpoint"], format!("http://{HOST}/{name}/oauth2/v2.0/authorize"));
        assert_eq!(body["jwks_uri"], format!("http://{HOST}/{name}/discovery/v2.0/keys"));
        let methods = &body["token_endpoint_auth_methods_supported"];
        assert_eq!(*methods, json!(["client_secret_post", "private_key_jwt", "client_secret_basic"]));
    }
    let (_, body) = get(&bench, &format!("/{tenant}/.well-known/openid-configuration")).await;
    assert_eq!(body["issuer"], format!("https://sts.windows.net/{tenant}/"));
    let secure =
        Call { secure: true, ..Call::bare(Method::GET, "/common/v2.0/.well-known/openid-configuration") };
    let body = bench.send(secure).await.body;
    assert!(body["token_endpoint"].as_str().unwrap().starts_with("https://"));
    let (status, body) = get(&bench, "/nobody/v2.0/.well-known/openid-configuration").await;
    assert_eq!((status, &body["error_codes"]), (400, &json!([90002])));
}

#[tokio::test]
async fn azure_30_the_document_of_keys_has_the_one_that_signs() {
    let bench = Bench::new();
    let granted = bench.ask(&[]).await;
    let token = granted.token();
    let (header, _) = parts(token);
    for path in
        [format!("/{}/discovery/v2.0/keys", bench.issuer.tenant()), "/common/discovery/keys".to_owned()]
    {
        let (status, body) = get(&bench, &path).await;
        assert_eq!((status, body["keys"].as_array().unwrap().len()), (200, 1));
        let key = &body["keys"][0];
        assert_eq!(
            (&key["kid"], &key["kty"], &key["use"], &key["e"]),
            (&header["kid"], &json!("RSA"), &json!("sig"), &json!("AQAB"))
        );
        let number =
            |name: &str| BigUint::from_bytes_be(&base64url::decode(key[name].as_str().unwrap()).unwrap());
        let public = RsaPublicKey::new(number("n"), number("e")).unwrap();
        assert!(Jwt::read(token).unwrap().is_signed_by(&public));
    }
    assert_eq!(get(&bench, "/nobody/discovery/v2.0/keys").await.0, 400);
}

#[tokio::test]
async fn azure_30_a_client_that_asks_after_the_authority_hears_of_this_one() {
    let bench = Bench::new();
    let endpoint = "https%3A%2F%2Flocalhost%3A8443%2Fcontoso%2Foauth2%2Fv2.0%2Fauthorize";
    let path = format!("/common/discovery/instance?api-version=1.1&authorization_endpoint={endpoint}");
    let (status, body) = get(&bench, &path).await;
    assert_eq!(status, 200);
    let document = format!("http://{HOST}/contoso/v2.0/.well-known/openid-configuration");
    assert_eq!(body["tenant_discovery_endpoint"], document);
    assert_eq!(body["metadata"][0]["aliases"], json!([HOST]));
    let (_, body) = get(&bench, "/common/discovery/instance").await;
    assert!(body["tenant_discovery_endpoint"].as_str().unwrap().contains("/common/"));
}

#[test]
fn operations_are_told_apart() {
    let bench = Bench::new();
    for (method, path, operation) in [
        (Method::POST, "/t/oauth2/v2.0/token", "token"),
        (Method::GET, "/t/oauth2/v2.0/token", "other"),
        (Method::GET, "/t/v2.0/.well-known/openid-configuration", "configuration"),
        (Method::GET, "/t/discovery/v2.0/keys", "keys"),
        (Method::GET, "/common/discovery/instance", "instance"),
        (Method::GET, "/metadata/identity/oauth2/token", "machine"),
        (Method::GET, "/metadata/identity/oauth2/token?api-version=2019-07-01-preview", "fabric"),
        (Method::GET, "/", "other"),
    ] {
        let named = bench.entra.operation(&Call::bare(method, path));
        assert_eq!(named, operation, "{path}");
        assert!(bench.entra.operations().contains(&named));
    }
}
