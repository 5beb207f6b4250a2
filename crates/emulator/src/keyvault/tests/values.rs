use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;

use super::bench::{Bench, key};

#[tokio::test]
async fn azure_8_values_are_base64url_without_padding_out_and_with_or_without_in() {
    let bench = Bench::new();
    let plain = [0xfb; 32];
    let padded = URL_SAFE.encode(plain);
    assert!(padded.ends_with('='));
    let reply = bench.post(&key("/wrapkey"), "RSA-OAEP-256", &padded).await;
    let (kid, wrapped) = (reply.body["kid"].as_str().unwrap(), reply.body["value"].as_str().unwrap());
    assert_eq!(wrapped.len(), 342);
    assert!(!wrapped.contains(['+', '/', '=']));
    for value in [wrapped.to_owned(), format!("{wrapped}==")] {
        let opened = bench.unwrap(kid, &value).await;
        assert_eq!((opened.status, &opened.body["value"]), (200, &json!(URL_SAFE_NO_PAD.encode(plain))));
    }
    let usual = STANDARD.encode([0xfb; 33]);
    assert!(usual.contains('+') || usual.contains('/'));
    for value in [usual.as_str(), "a", "AA A", "ä"] {
        let reply = bench.post(&key("/wrapkey"), "RSA-OAEP-256", value).await;
        assert_eq!(reply.code(), (400, "BadParameter", ""), "{value}");
    }
}

#[tokio::test]
async fn azure_10_two_wraps_of_the_same_value_differ() {
    let bench = Bench::new();
    let (kid, one) = bench.wrap(&key("/wrapkey"), &[7; 32]).await;
    let (again, other) = bench.wrap(&key("/wrapkey"), &[7; 32]).await;
    assert_eq!(kid, again);
    assert_ne!(one, other);
    assert_eq!(bench.unwrap(&kid, &one).await.body, bench.unwrap(&kid, &other).await.body);
}

#[tokio::test]
async fn azure_11_what_another_version_has_wrapped_is_garbage() {
    let bench = Bench::new();
    let (old, wrapped) = bench.wrap(&key("/wrapkey"), &[5; 32]).await;
    bench.vault.rotate();
    let (new, _) = bench.wrap(&key("/wrapkey"), &[5; 32]).await;
    let foreign = bench.unwrap(&new, &wrapped).await;
    assert_eq!(foreign.code(), (400, "BadParameter", ""));
    for value in [
        vec![5; 256],
        vec![0; 256],
        vec![0xff; 256],
        vec![5; 255],
        vec![5; 257],
        vec![5; 10_000],
        vec![],
        vec![1],
    ] {
        let garbage = bench.unwrap(&new, &URL_SAFE_NO_PAD.encode(value)).await;
        assert_eq!((garbage.status, &garbage.body), (foreign.status, &foreign.body));
    }
    assert_eq!(bench.unwrap(&old, &wrapped).await.status, 200);
}

#[tokio::test]
async fn azure_12_algorithms_of_other_keys_and_unknown_ones_are_refused() {
    let bench = Bench::new();
    let plain = URL_SAFE_NO_PAD.encode([9; 32]);
    for alg in ["A128KW", "A192KW", "A256KW", "CKM_AES_KEY_WRAP", "none", "", "rsa-oaep-256"] {
        let reply = bench.post(&key("/wrapkey"), alg, &plain).await;
        assert_eq!(reply.code(), (400, "BadParameter", ""), "{alg}");
    }
    for alg in ["RSA-OAEP-256", "RSA-OAEP", "RSA1_5"] {
        let reply = bench.post(&key("/wrapkey"), alg, &plain).await;
        let (kid, wrapped) = (reply.body["kid"].as_str().unwrap(), reply.body["value"].as_str().unwrap());
        for other in ["RSA-OAEP-256", "RSA-OAEP", "RSA1_5"] {
            let path = format!("{}/unwrapkey", super::bench::path_of(kid));
            let opened = bench.post(&path, other, wrapped).await;
            let expected = if other == alg { (200, &json!(plain)) } else { (400, &json!(null)) };
            assert_eq!((opened.status, &opened.body["value"]), expected, "{alg} by {other}");
        }
    }
}

#[tokio::test]
async fn azure_13_a_value_must_fit_into_the_key() {
    let bench = Bench::new();
    let post = async |length| {
        bench.post(&key("/wrapkey"), "RSA-OAEP-256", &URL_SAFE_NO_PAD.encode(vec![1; length])).await
    };
    assert_eq!(post(190).await.status, 200);
    for length in [191, 256, 100_000] {
        assert_eq!(post(length).await.code(), (400, "BadParameter", ""), "{length}");
    }
    let kid = bench.create("wide", &json!({ "kty": "RSA", "key_size": 3072 })).await;
    let path = format!("{}/wrapkey", super::bench::path_of(&kid));
    let (_, wrapped) = bench.wrap(&path, &[1; 318]).await;
    assert_eq!(wrapped.len(), 512);
    let reply = bench.post(&path, "RSA-OAEP-256", &URL_SAFE_NO_PAD.encode([1; 319])).await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn a_body_that_is_none_of_the_operation_is_refused() {
    let bench = Bench::new();
    for body in ["", "{", "[]", "7", "{}", r#"{"alg":"RSA-OAEP-256"}"#, r#"{"alg":5,"value":"AA"}"#] {
        let call = crate::wire::Call::json(
            http::Method::POST,
            &format!("{}?api-version=7.4", key("/wrapkey")),
            body,
        );
        assert_eq!(bench.send(call).await.code(), (400, "BadParameter", ""), "{body}");
    }
}

#[tokio::test]
async fn a_key_encrypts_as_it_wraps() {
    let bench = Bench::new();
    let kid = bench.create("plain", &json!({ "kty": "RSA" })).await;
    let path = super::bench::path_of(&kid);
    let plain = URL_SAFE_NO_PAD.encode([9; 100]);
    let sealed = bench.post(&format!("{path}/encrypt"), "RSA-OAEP-256", &plain).await;
    let opened =
        bench.post(&format!("{path}/decrypt"), "RSA-OAEP-256", sealed.body["value"].as_str().unwrap()).await;
    assert_eq!(
        (opened.status, &opened.body["value"], &opened.body["kid"]),
        (200, &json!(plain), &json!(kid))
    );
}

#[tokio::test]
async fn vaults_of_one_seed_have_the_same_keys() {
    let (one, other) = (Bench::new(), Bench::new());
    for version in 0..2 {
        let (kid, wrapped) = one.wrap(&key("/wrapkey"), &[7; 32]).await;
        let opened = other.unwrap(&kid, &wrapped).await;
        assert_eq!(
            (opened.status, &opened.body["value"]),
            (200, &json!(URL_SAFE_NO_PAD.encode([7; 32]))),
            "{version}"
        );
        one.vault.rotate();
        other.vault.rotate();
    }
}
