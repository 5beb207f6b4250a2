//! Failures without a cause in the request, in the shapes that clients have met.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value as Json, json};

use super::error::Refusal;
use crate::wire::Answer;

/// The limits, as variants of `quota`.
pub(super) const LIMITS: [&str; 3] = ["requests", "execution_time", "concurrency"];
/// The bodies of errors, as variants of `status:N`.
pub(super) const VARIANTS: &[&str] = &[
    LIMITS[0],
    LIMITS[1],
    LIMITS[2],
    "code_empty",
    "code_zero",
    "inner_error",
    "annotated",
    "deadlock",
    "sql_timeout",
    "gateway",
];

/// The answer of this status, as it usually is or in one of the shapes.
pub(super) fn answer(status: StatusCode, variant: Option<&str>) -> Answer {
    let (code, words) = usual(status);
    let error = |code: &str, words: &str| json!({"code": code, "message": words});
    match variant {
        Some("code_empty") => of(status, &error("", words)),
        Some("code_zero") => of(status, &error("0x0", words)),
        Some("inner_error") => {
            let mut error = error(code, words);
            error["innererror"] = json!({"message": words, "type": "Microsoft.Crm.CrmException",
                "stacktrace": "   at Microsoft.Crm.Extensibility.OData.CrmODataExecutionContext.Execute()"});
            of(status, &error)
        }
        Some("annotated") => of(status, &annotated(error(code, words), words)),
        Some("deadlock") => of(status, &error("0x80044150", super::locks::DEADLOCK)),
        Some("sql_timeout") => of(status, &error("0x80044151", "Sql error: SQL timeout expired.")),
        Some("gateway") => page(status),
        _ if status == StatusCode::INTERNAL_SERVER_ERROR => Refusal::new(status, code, words).answer(),
        _ => Answer::empty(status),
    }
}

fn of(status: StatusCode, error: &Json) -> Answer {
    Answer::json(status, &json!({ "error": error }))
}

/// With what a request for annotations adds.
fn annotated(mut error: Json, words: &str) -> Json {
    const DETAILS: &str = "@Microsoft.PowerApps.CDS.ErrorDetails";
    for (name, value) in [
        (format!("{DETAILS}.OperationStatus"), "0"),
        (format!("{DETAILS}.SubErrorCode"), "-2146233088"),
        ("@Microsoft.PowerApps.CDS.HelpLink".to_owned(), "http://go.microsoft.com/fwlink/?LinkID=398563"),
        ("@Microsoft.PowerApps.CDS.TraceText".to_owned(), ""),
        ("@Microsoft.PowerApps.CDS.InnerError.Message".to_owned(), words),
    ] {
        error[name] = value.into();
    }
    error
}

/// The page of a gateway before the platform.
fn page(status: StatusCode) -> Answer {
    let reason = status.canonical_reason().unwrap_or("Error");
    let body = format!(
        "<html>\r\n<head><title>{0} {reason}</title></head>\r\n<body><center><h1>{0} {reason}</h1></center>\r\n\
         <hr><center>Microsoft-Azure-Application-Gateway/v2</center></body>\r\n</html>\r\n",
        status.as_u16()
    );
    let mut answer = Answer { body: body.into(), ..Answer::empty(status) };
    answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    answer
}

/// The code and the words that go with a status.
fn usual(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        400 => ("0x80040203", "Invalid Argument."),
        401 => ("0x8005f101", "The requested resource requires authentication."),
        403 => ("0x80048405", "Access is denied."),
        _ => ("0x80040216", "An unexpected error occurred."),
    }
}
