//! What the answers of all peers have in common.

use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};

use crate::answer::Answer;
use crate::exchange::Exchange;

/// The longest wait that a peer can ask for.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// The fault that the status means with every peer; `None`: the peer's own adapter decides (2xx and other 4xx).
///
/// 429, and 503 that says when to come back, are waits. 408 and other 5xx may hide a write that was carried out. A
/// redirect is not followed: it would take the credential along, so the address is wrong until somebody mends it.
pub fn common(answer: &Answer, exchange: &Exchange, now: Timestamp) -> Option<Fault> {
    let after = retry_after(answer, now);
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => Some(throttled(exchange, after)),
        StatusCode::SERVICE_UNAVAILABLE if after.is_some() => Some(throttled(exchange, after)),
        StatusCode::REQUEST_TIMEOUT => Some(exchange.unclear("transport.status_408")),
        status if status.is_server_error() => Some(exchange.unclear("transport.status_5xx")),
        status if status.is_redirection() => {
            let why = Some(Code::new("transport.redirect"));
            Some(exchange.fault(FaultKind::Denied { why }, "transport.redirect"))
        }
        _ => None,
    }
}

const fn throttled(exchange: &Exchange, after: Option<SignedDuration>) -> Fault {
    exchange.fault(FaultKind::Throttled { after }, "transport.throttled")
}

/// How long `Retry-After` asks to wait, from `now`: whole seconds or an HTTP date, at most [`LONGEST_WAIT`]. `None`
/// when it is absent or neither.
pub fn retry_after(answer: &Answer, now: Timestamp) -> Option<SignedDuration> {
    let value = answer.header(RETRY_AFTER.as_str())?.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        value.parse().map_or(LONGEST_WAIT, SignedDuration::from_secs)
    } else {
        jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?.duration_since(now)
    };
    Some(wait.clamp(SignedDuration::ZERO, LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderValue};
    use webinar_bridge_domain::fault::Peer;

    use super::*;

    /// 2026-10-21 07:28:00 UTC.
    const NOW: Timestamp = Timestamp::constant(1_792_567_680, 0);

    fn answer(status: u16, retry_after: Option<&[u8]>) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_bytes(value).unwrap());
        }
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::new() }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let table: [(&[u8], Option<i64>); 12] = [
            (b"7", Some(7)),
            (b" 7 ", Some(7)),
            (b"0", Some(0)),
            (b"86400", Some(3600)),
            (b"99999999999999999999999", Some(3600)),
            (b"Wed, 21 Oct 2026 07:29:30 GMT", Some(90)),
            (b"Wed, 21 Oct 2026 07:00:00 GMT", Some(0)),
            (b"Thu, 22 Oct 2026 07:28:00 GMT", Some(3600)),
            (b"-5", None),
            (b"soon", None),
            (b"", None),
            (b"\xff\xfe", None),
        ];
        for (value, expected) in table {
            let wait = retry_after(&answer(429, Some(value)), NOW);
            assert_eq!(wait, expected.map(SignedDuration::from_secs), "{}", String::from_utf8_lossy(value));
        }
        assert_eq!(retry_after(&answer(429, None), NOW), None);
    }

    #[test]
    fn every_status_has_its_kind() {
        use FaultKind::{Ambiguous, Throttled, Transient};
        let redirect = || FaultKind::Denied { why: Some(Code::new("transport.redirect")) };
        let seven = || Throttled { after: Some(SignedDuration::from_secs(7)) };
        let table = [
            (200, None, None),
            (204, None, None),
            (302, None, Some((redirect(), redirect()))),
            (400, None, None),
            (401, None, None),
            (403, Some("7"), None),
            (404, None, None),
            (408, None, Some((Transient, Ambiguous))),
            (412, None, None),
            (429, None, Some((Throttled { after: None }, Throttled { after: None }))),
            (429, Some("7"), Some((seven(), seven()))),
            (500, Some("7"), Some((Transient, Ambiguous))),
            (502, None, Some((Transient, Ambiguous))),
            (503, None, Some((Transient, Ambiguous))),
            (503, Some("7"), Some((seven(), seven()))),
            (504, None, Some((Transient, Ambiguous))),
        ];
        for (status, after, expected) in table {
            let answer = answer(status, after.map(str::as_bytes));
            let kind = |exchange| common(&answer, &exchange, NOW).map(|fault| fault.kind);
            let read = kind(Exchange::read(Peer::Crm, "read"));
            assert_eq!(read, expected.clone().map(|(read, _)| read), "{status}");
            assert_eq!(kind(Exchange::page(Peer::Crm, "page")), read, "{status}");
            let write = kind(Exchange::write(Peer::Crm, "write"));
            assert_eq!(write, expected.map(|(_, write)| write), "{status}");
        }
    }
}
