//! A proxy between client and server: absolute URLs and audiences follow the `Host` header.

use http::StatusCode;
use serde_json::{Value as Json, json};

use super::bench::{A, B, Bench, ORIGIN, ROOT, body, call, header, text};
use crate::emulated::Emulated;

const PROXY: &str = "http://proxy.example:8080";
const HOST: (&str, &str) = ("Host", "proxy.example:8080");
const TRACKED: (&str, &str) = ("Prefer", "odata.track-changes,odata.maxpagesize=1");

/// Every absolute URL in a body.
fn links(body: &Json) -> Vec<String> {
    let pairs = body.as_object().into_iter().flatten();
    let own = pairs.filter(|(name, _)| name.ends_with("Link") || name.ends_with("context"));
    let own = own.filter_map(|(_, link)| link.as_str().map(str::to_owned));
    own.chain(body["value"].as_array().into_iter().flatten().flat_map(links)).collect()
}

#[track_caller]
fn all_begin(links: &[String], origin: &str, count: usize) {
    assert_eq!(links.len(), count, "{links:?}");
    assert!(links.iter().all(|link| link.starts_with(&format!("{origin}{ROOT}/"))), "{links:?}");
}

#[test]
fn links_lead_back_through_the_host_that_was_called() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    bench.contact(B, "Ray");
    let first = bench.get_with("contacts?$select=lastname", &[HOST, TRACKED]);
    all_begin(&links(&first), PROXY, 2);
    let last = bench.get_with(first["@odata.nextLink"].as_str().unwrap(), &[HOST, TRACKED]);
    all_begin(&links(&last), PROXY, 2);
    bench.call("DELETE", &format!("contacts({B})"), &[HOST], "");
    let news = bench.get_with(last["@odata.deltaLink"].as_str().unwrap(), &[HOST]);
    assert_eq!(news["value"][0]["reason"], "deleted");
    all_begin(&links(&news), PROXY, 3);
    for url in
        [String::new(), "WhoAmI".to_owned(), format!("contacts({A})"), format!("contacts({A})/lastname")]
    {
        all_begin(&links(&bench.get_with(&url, &[HOST])), PROXY, 1);
    }
    let definition = bench.get_with("EntityDefinitions(LogicalName='contact')?$select=LogicalName", &[HOST]);
    all_begin(&links(&definition), PROXY, 1);
}

#[test]
fn a_written_row_is_told_by_the_host_that_was_called() {
    let bench = Bench::new();
    let named = format!("{PROXY}{ROOT}/contacts({A})");
    let made = bench.call("POST", "contacts", &[HOST], &json!({ "contactid": A }).to_string());
    assert_eq!(
        (header(&made, "odata-entityid"), header(&made, "location")),
        (named.as_str(), named.as_str())
    );
    let changed = bench.call("PATCH", &format!("contacts({A})"), &[HOST], r#"{"jobtitle":"Lead"}"#);
    assert_eq!(header(&changed, "odata-entityid"), named);
    let bound = json!({ "parentcustomerid_contact@odata.bind": named });
    assert_eq!(bench.patch(&format!("contacts({A})"), &bound).status, StatusCode::NO_CONTENT);
}

#[test]
fn a_link_is_good_by_whatever_host_it_comes_back() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    bench.contact(B, "Ray");
    let first = bench.get_with("contacts", &[HOST, TRACKED]);
    let next = first["@odata.nextLink"].as_str().unwrap();
    let last = bench.get_with(next, &[("Host", "[::1]:9"), TRACKED]);
    assert_eq!(last["value"][0]["contactid"], B);
    all_begin(&links(&last), "http://[::1]:9", 2);
    let news = bench.get(last["@odata.deltaLink"].as_str().unwrap());
    all_begin(&links(&news), ORIGIN, 2);
}

#[test]
fn a_host_that_no_url_can_hold_is_passed_over() {
    let bench = Bench::new();
    for host in ["a b", "user@proxy.example", ""] {
        all_begin(&links(&bench.get_with("contacts", &[("Host", host)])), ORIGIN, 1);
    }
}

#[test]
fn requests_inside_of_a_batch_came_by_the_host_of_the_batch() {
    let bench = Bench::seeded(2, 0);
    let batch = format!(
        "--b\r\nContent-Type: application/http\r\n\r\nGET http://inner.example{ROOT}/contacts HTTP/1.1\r\nHost: \
         inner.example\r\nPrefer: odata.maxpagesize=1\r\n\r\n\r\n--b\r\nContent-Type: multipart/mixed; \
         boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\nPOST contacts \
         HTTP/1.1\r\n\r\n{{}}\r\n--c--\r\n--b--\r\n"
    );
    let kind = ("Content-Type", "multipart/mixed; boundary=b");
    for (headers, origin) in [(vec![kind, HOST], PROXY), (vec![kind], ORIGIN)] {
        let answer = text(&bench.call("POST", "$batch", &headers, &batch));
        for start in ["\"@odata.context\":\"", "\"@odata.nextLink\":\"", "OData-EntityId: ", "Location: "] {
            assert!(answer.contains(&format!("{start}{origin}{ROOT}/")), "{start} {answer}");
        }
        assert!(!answer.contains("inner.example"));
    }
}

#[test]
fn a_token_is_for_the_server_s_own_origin_or_the_one_that_was_called() {
    let bench = Bench::new();
    let proxied = format!("Bearer {}", bench.issuer.issue("http://LOCALHOST:8080/").unwrap().0);
    let own = format!("Bearer {}", bench.token);
    let status = |token: &str, host: Option<&str>| {
        let mut headers = vec![("authorization", token)];
        headers.extend(host.map(|host| ("Host", host)));
        bench.handle(call("GET", "WhoAmI", &headers, "")).status.as_u16()
    };
    for host in [None, Some("localhost:8080"), Some("proxy.example")] {
        assert_eq!(status(&own, host), 200, "{host:?}");
    }
    assert_eq!(status(&proxied, Some("localhost:8080")), 200);
    for host in [None, Some("localhost:8081"), Some("127.0.0.1:8080"), Some("127.0.0.1:41002")] {
        assert_eq!(status(&proxied, host), 401, "{host:?}");
    }
    let refused = bench.handle(call("GET", "WhoAmI", &[("Host", "localhost:8081")], ""));
    assert!(header(&refused, "www-authenticate").ends_with("resource_id=http://localhost:8081/"));
    assert!(body(&bench.call("GET", "WhoAmI", &[HOST], ""))["UserId"].is_string());
    assert_eq!(bench.dataverse.state()["calls"], json!({}));
}
