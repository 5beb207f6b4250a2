//! The shapes of failures that the weather makes.

use http::StatusCode;
use serde_json::Value as Json;

use super::bench::{Bench, body, header, refused, text};
use crate::emulated::Emulated;

const UNEXPECTED: &str = "An unexpected error occurred.";

#[test]
fn dynamics_36_each_limit_has_its_code_and_words() {
    let bench = Bench::new();
    let requests = "Number of requests exceeded the limit of 6000 over time window of 300 seconds.";
    for (variant, code, words) in [
        (None, "0x80072322", requests),
        (Some("requests"), "0x80072322", requests),
        (
            Some("execution_time"),
            "0x80072321",
            "Combined execution time of incoming requests exceeded limit of 1,200,000  milliseconds over time window of \
             300 seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.",
        ),
        (Some("concurrency"), "0x80072326", "Number of concurrent requests exceeded the limit of 52."),
    ] {
        let answer = bench.dataverse.quota("list", variant);
        assert_eq!(refused(&answer, 429, code), words);
        assert_eq!(header(&answer, "retry-after"), "1");
    }
}

#[test]
fn dynamics_40_errors_come_in_every_known_shape() {
    let bench = Bench::new();
    let failed = |status: u16, variant| {
        let answer = bench.dataverse.failure(StatusCode::from_u16(status).unwrap(), variant);
        assert_eq!(answer.status.as_u16(), status);
        answer
    };
    assert_eq!(refused(&failed(500, None), 500, "0x80040216"), UNEXPECTED);
    assert!(failed(503, None).body.is_empty());
    assert_eq!(refused(&failed(503, Some("code_empty")), 503, ""), UNEXPECTED);
    assert_eq!(refused(&failed(500, Some("code_zero")), 500, "0x0"), UNEXPECTED);
    assert_eq!(refused(&failed(403, Some("code_zero")), 403, "0x0"), "Access is denied.");

    let inner = body(&failed(500, Some("inner_error")))["error"]["innererror"].clone();
    let names: Vec<&str> = inner.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["message", "type", "stacktrace"]);

    let annotated = body(&failed(500, Some("annotated")))["error"].clone();
    assert_eq!(annotated["code"], "0x80040216");
    for name in [
        "@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus",
        "@Microsoft.PowerApps.CDS.ErrorDetails.SubErrorCode",
        "@Microsoft.PowerApps.CDS.HelpLink",
        "@Microsoft.PowerApps.CDS.TraceText",
        "@Microsoft.PowerApps.CDS.InnerError.Message",
    ] {
        assert!(annotated[name].is_string(), "{name}");
    }

    let gateway = failed(502, Some("gateway"));
    assert_eq!(header(&gateway, "content-type"), "text/html");
    assert!(text(&gateway).contains("<h1>502 Bad Gateway</h1>"));
    let timeout = refused(&failed(500, Some("sql_timeout")), 500, "0x80044151");
    assert!(timeout.contains("SQL timeout"));
}

#[test]
fn every_variant_is_known_to_the_server() {
    let bench = Bench::new();
    for variant in bench.dataverse.variants() {
        let failed = bench.dataverse.failure(StatusCode::IM_A_TEAPOT, Some(variant));
        let busy = bench.dataverse.quota("list", Some(variant));
        assert_eq!((failed.status, busy.status), (StatusCode::IM_A_TEAPOT, StatusCode::TOO_MANY_REQUESTS));
        assert!(serde_json::from_slice::<Json>(&busy.body).is_ok());
    }
}
