//! What Dataverse says no with, as faults.
//!
//! Status and code decide, never the words: those are for people, in their language, and may hold their data.

use serde::Deserialize;
use serde_json::Value;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Missing};
use webinar_bridge_domain::time::Timestamp;
use webinar_bridge_transport::{Answer, Exchange, ExchangeKind, StatusCode, classify};

/// A row that is named does not exist.
pub(crate) const NO_SUCH_ROW: u32 = 0x8004_0217;

const EXPIRED: u32 = 0x8004_4352;
const NOT_A_MEMBER: u32 = 0x8007_2560;
const NO_PRIVILEGE: u32 = 0x8004_0220;
const UNKNOWN_PROPERTY: u32 = 0x8006_0888;
const UNKNOWN_IN_BODY: u32 = 0x8004_8d19;
const UNKNOWN_SEGMENT: u32 = 0x8006_088a;
const TOO_LONG: u32 = 0x8004_4331;
const OUT_OF_RANGE: u32 = 0x8004_4330;
const BUSINESS_RULE: u32 = 0x8004_0265;
const STALE: u32 = 0x8006_0882;
const TAKEN: u32 = 0x8004_0237;
const SQL_ERROR: u32 = 0x8004_4150;
const SQL_TIMEOUT: u32 = 0x8004_4151;

/// What an answer that is not a success means; `version` is that of the secret that was shown.
pub(crate) fn fault(answer: &Answer, exchange: &Exchange, version: u64, now: Timestamp) -> Fault {
    let code = code(answer);
    named(answer.status, code, exchange)
        .or_else(|| classify::common(answer, exchange, now))
        .unwrap_or_else(|| by_status(answer.status, exchange, version))
}

/// The platform's code of an error; `None` where it gives none, or says `""` or `0x0`.
pub(crate) fn code(answer: &Answer) -> Option<u32> {
    #[derive(Deserialize)]
    struct Body {
        error: Error,
    }
    #[derive(Deserialize)]
    struct Error {
        #[serde(default)]
        code: Value,
    }
    let body: Body = answer.json().ok()?;
    let number = match &body.error.code {
        Value::String(text) => number(text),
        Value::Number(number) => number.as_i64(),
        _ => None,
    };
    number.and_then(unsigned).filter(|code| *code != 0)
}

/// A code in hex, or in decimal as the signed number that it is in the platform.
fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn unsigned(number: i64) -> Option<u32> {
    u32::try_from(number).ok().or_else(|| i32::try_from(number).ok().map(i32::cast_unsigned))
}

/// Faults that the code tells, whatever other peers mean by the status.
fn named(status: StatusCode, code: Option<u32>, exchange: &Exchange) -> Option<Fault> {
    let denied = |name| exchange.fault(FaultKind::Denied { why: Some(Code::new(name)) }, name);
    let invalid = |name| exchange.fault(FaultKind::Invalid { field: Code::new(name) }, name);
    let no_table = |name| exchange.fault(FaultKind::Gone { what: Missing::Table }, name);
    Some(match (status.as_u16(), code?) {
        (_, EXPIRED) => exchange.fault(FaultKind::Gone { what: Missing::Cursor }, "dataverse.cursor_expired"),
        (_, SQL_ERROR | SQL_TIMEOUT) => exchange.unclear("dataverse.sql"),
        (403, NOT_A_MEMBER) => denied("dataverse.not_a_member"),
        (_, NO_PRIVILEGE) => denied("dataverse.privilege"),
        (400, UNKNOWN_PROPERTY | UNKNOWN_IN_BODY) => no_table("dataverse.unknown_column"),
        (404, UNKNOWN_PROPERTY | UNKNOWN_SEGMENT) => no_table("dataverse.unknown_table"),
        (404, NO_SUCH_ROW) => invalid("dataverse.no_such_row"),
        (400, TOO_LONG) => invalid("dataverse.too_long"),
        (400, OUT_OF_RANGE) => invalid("dataverse.out_of_range"),
        (_, BUSINESS_RULE) => invalid("dataverse.business_rule"),
        (412, STALE) => exchange.fault(FaultKind::Transient, "dataverse.stale"),
        (412, TAKEN) => exchange.fault(FaultKind::Transient, "dataverse.taken"),
        _ => return None,
    })
}

/// What is left: 1xx to 4xx with a code that is unknown, or with none.
fn by_status(status: StatusCode, exchange: &Exchange, version: u64) -> Fault {
    let unknown = |name| exchange.fault(FaultKind::Denied { why: None }, name);
    match (status.as_u16(), exchange.kind) {
        (401, _) => exchange.fault(FaultKind::Unauthorised { version }, "dataverse.unauthorised"),
        (403, _) => unknown("dataverse.forbidden"),
        (404, _) => exchange.fault(FaultKind::Gone { what: Missing::Table }, "dataverse.not_found"),
        (400..=499, ExchangeKind::Write) => {
            let field = Code::new("dataverse.refused");
            exchange.fault(FaultKind::Invalid { field }, "dataverse.refused")
        }
        (400..=499, _) => unknown("dataverse.refused"),
        // A success that cannot be one here, or an answer that no server should give.
        _ => exchange.unclear("dataverse.malformed"),
    }
}

/// An answer that is not what it says it is: cut off, not JSON, of another shape.
pub(crate) const fn malformed(exchange: &Exchange) -> Fault {
    exchange.unclear("dataverse.malformed")
}

#[cfg(test)]
mod tests {
    use FaultKind::{Ambiguous, Denied, Gone, Invalid, Throttled, Transient, Unauthorised};
    use webinar_bridge_domain::fault::Peer;
    use webinar_bridge_domain::time::SignedDuration;
    use webinar_bridge_transport::{HeaderMap, HeaderValue};

    use super::*;

    const READ: Exchange = Exchange::read(Peer::Crm, "read");
    const WRITE: Exchange = Exchange::write(Peer::Crm, "write");

    fn answer(status: u16, body: &str) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers: HeaderMap::new(), body: body.to_owned().into() }
    }

    fn error(status: u16, code: &str) -> Answer {
        answer(status, &format!(r#"{{"error":{{"code":"{code}","message":"ada@example.com is wrong"}}}}"#))
    }

    fn verdict(answer: &Answer, exchange: &Exchange) -> (FaultKind, String) {
        let fault = fault(answer, exchange, 3, Timestamp::UNIX_EPOCH);
        assert!(!fault.to_string().contains("ada"), "{fault}");
        (fault.kind, fault.code.as_str().to_owned())
    }

    fn why(name: &'static str) -> FaultKind {
        Denied { why: Some(Code::new(name)) }
    }

    fn field(name: &'static str) -> FaultKind {
        Invalid { field: Code::new(name) }
    }

    #[test]
    fn status_and_code_decide() {
        let table = || Gone { what: Missing::Table };
        let cursor = || Gone { what: Missing::Cursor };
        let rows = [
            (400, "0x80044352", cursor(), "dataverse.cursor_expired"),
            (410, "-2147204270", cursor(), "dataverse.cursor_expired"),
            (500, "0x80044352", cursor(), "dataverse.cursor_expired"),
            (403, "0x80072560", why("dataverse.not_a_member"), "dataverse.not_a_member"),
            (403, "0x80040220", why("dataverse.privilege"), "dataverse.privilege"),
            (403, "0x80040999", Denied { why: None }, "dataverse.forbidden"),
            (400, "0x80060888", table(), "dataverse.unknown_column"),
            (400, "0x80048d19", table(), "dataverse.unknown_column"),
            (400, "0x80048D19", table(), "dataverse.unknown_column"),
            (404, "0x8006088a", table(), "dataverse.unknown_table"),
            (404, "0x80060888", table(), "dataverse.unknown_table"),
            (404, "0x80040217", field("dataverse.no_such_row"), "dataverse.no_such_row"),
            (400, "0x80044331", field("dataverse.too_long"), "dataverse.too_long"),
            (400, "0x80044330", field("dataverse.out_of_range"), "dataverse.out_of_range"),
            (400, "0x80040265", field("dataverse.business_rule"), "dataverse.business_rule"),
            (412, "0x80060882", Transient, "dataverse.stale"),
            (412, "0x80040237", Transient, "dataverse.taken"),
            (401, "0x80040000", Unauthorised { version: 3 }, "dataverse.unauthorised"),
        ];
        for (status, code, kind, name) in rows {
            assert_eq!(verdict(&error(status, code), &WRITE), (kind, name.to_owned()), "{status} {code}");
        }
    }

    #[test]
    fn a_write_that_failed_may_have_happened() {
        let rows = [
            (error(500, "-2147204784"), "dataverse.sql"),
            (error(500, "-2147204783"), "dataverse.sql"),
            (error(500, "0x80040216"), "transport.status_5xx"),
            (answer(502, "<html>bad gateway</html>"), "transport.status_5xx"),
            (answer(408, ""), "transport.status_408"),
            (answer(204, ""), "dataverse.malformed"),
        ];
        for (answer, name) in rows {
            assert_eq!(verdict(&answer, &READ), (Transient, name.to_owned()), "{answer:?}");
            assert_eq!(verdict(&answer, &WRITE), (Ambiguous, name.to_owned()), "{answer:?}");
        }
    }

    #[test]
    fn a_wait_is_a_wait_whatever_the_code() {
        for code in ["0x80072322", "0x80072321", "0x80072326", "-2147015902", ""] {
            let mut answer = error(429, code);
            assert_eq!(verdict(&answer, &READ).0, Throttled { after: None });
            answer.headers.insert("retry-after", HeaderValue::from_static("30"));
            let after = Some(SignedDuration::from_secs(30));
            assert_eq!(verdict(&answer, &WRITE).0, Throttled { after });
        }
    }

    #[test]
    fn bodies_of_every_kind_are_survived() {
        let bodies = [
            "",
            "<html>no</html>",
            "null",
            "[]",
            "{}",
            r#"{"error":null}"#,
            r#"{"error":{}}"#,
            r#"{"error":{"code":""}}"#,
            r#"{"error":{"code":"0x0"}}"#,
            r#"{"error":{"code":null}}"#,
            r#"{"error":{"code":"0xZZ"}}"#,
            r#"{"error":{"code":"0xFFFFFFFFFFFFFFFFFF"}}"#,
            r#"{"error":{"code":99999999999999}}"#,
            r#"{"error":{"code":{"deep":1}}}"#,
            r#"{"error":{"code":"0x80044352"#,
            "\u{feff}",
        ];
        for body in bodies {
            let rows = [
                (400, Denied { why: None }),
                (401, Unauthorised { version: 3 }),
                (403, Denied { why: None }),
                (404, Gone { what: Missing::Table }),
                (405, Denied { why: None }),
                (500, Transient),
            ];
            for (status, kind) in rows {
                assert_eq!(verdict(&answer(status, body), &READ).0, kind, "{status} {body}");
            }
            assert_eq!(verdict(&answer(400, body), &WRITE).0, field("dataverse.refused"), "{body}");
        }
    }

    #[test]
    fn a_code_is_read_in_every_dress() {
        for (text, expected) in [
            (r#"{"error":{"code":"0x80044352","innererror":{"message":"m"}}}"#, Some(EXPIRED)),
            (r#"{"error":{"@Microsoft.PowerApps.CDS.HelpLink":"h","code":"0X80044352"}}"#, Some(EXPIRED)),
            (r#"{"error":{"code":-2147204270}}"#, Some(EXPIRED)),
            (r#"{"error":{"code":2147763026}}"#, Some(EXPIRED)),
            (r#"{"error":{"code":"-99999999999"}}"#, None),
        ] {
            assert_eq!(code(&answer(400, text)), expected, "{text}");
        }
    }
}
