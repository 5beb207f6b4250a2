use reqwest::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};

use crate::answer::Answer;
use crate::classify;
use crate::exchange::Exchange;

/// What the directory answers when it gives out a token.
#[derive(Deserialize)]
struct Grant {
    access_token: SecretString,
    expires_in: Seconds,
}

/// Seconds as a number or as its digits: both are seen.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u32),
    Text(String),
}

impl Seconds {
    fn duration(&self) -> Option<SignedDuration> {
        let seconds = match self {
            Self::Number(seconds) => *seconds,
            Self::Text(digits) => digits.trim().parse().ok()?,
        };
        Some(SignedDuration::from_secs(seconds.into()))
    }
}

/// What the directory answers when it does not. Its description is for people and is not kept.
#[derive(Default, Deserialize)]
struct No {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_codes: Vec<u64>,
}

/// The token and how long it is good for, or why there is none.
pub(crate) fn granted(
    answer: &Answer,
    exchange: &Exchange,
    version: u64,
    now: Timestamp,
) -> Result<(SecretString, SignedDuration), Fault> {
    if let Some(fault) = classify::common(answer, exchange, now) {
        return Err(fault);
    }
    if answer.status != StatusCode::OK {
        return Err(refusal(answer, exchange, version));
    }
    let unreadable = || exchange.unclear("entra.garbled");
    let grant: Grant = answer.json().map_err(|_| unreadable())?;
    let lasts = grant.expires_in.duration().ok_or_else(unreadable)?;
    Ok((grant.access_token, lasts))
}

/// Sorts a refusal by `error`, and where that is shared by several causes by the number of the message.
fn refusal(answer: &Answer, exchange: &Exchange, version: u64) -> Fault {
    let no: No = answer.json().unwrap_or_default();
    let has = |number| no.error_codes.contains(&number);
    let unauthorised = |code| exchange.fault(FaultKind::Unauthorised { version }, code);
    let denied = |code| exchange.fault(FaultKind::Denied { why: Some(Code::new(code)) }, code);
    match no.error.as_str() {
        _ if has(50196) => exchange.fault(FaultKind::Throttled { after: None }, "entra.loop"),
        "temporarily_unavailable" | "server_error" => exchange.unclear("entra.unavailable"),
        _ if has(90033) => exchange.unclear("entra.unavailable"),
        _ if has(7_000_222) => unauthorised("entra.secret_expired"),
        "invalid_client" => unauthorised("entra.bad_secret"),
        _ if has(700_016) => unauthorised("entra.unknown_app"),
        "unauthorized_client" => unauthorised("entra.unknown_app"),
        _ if has(90002) => unauthorised("entra.unknown_tenant"),
        "invalid_resource" | "invalid_scope" => denied("entra.unknown_resource"),
        "invalid_request" => denied("entra.invalid_request"),
        _ if answer.status == StatusCode::UNAUTHORIZED => unauthorised("entra.bad_secret"),
        _ => exchange.fault(FaultKind::Denied { why: None }, "entra.unknown"),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;
    use webinar_bridge_domain::fault::Peer;

    use super::*;

    const EXCHANGE: Exchange = Exchange::read(Peer::Directory, "token");

    fn judged(status: u16, body: &str) -> Fault {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        granted(&answer, &EXCHANGE, 7, Timestamp::UNIX_EPOCH).unwrap_err()
    }

    #[test]
    fn every_refusal_has_its_code() {
        let table = [
            (401, r#"{"error":"invalid_client","error_codes":[7000215]}"#, "entra.bad_secret"),
            (401, r#"{"error":"invalid_client","error_codes":[7000222]}"#, "entra.secret_expired"),
            (401, r#"{"error":"invalid_client"}"#, "entra.bad_secret"),
            (400, r#"{"error":"unauthorized_client","error_codes":[700016]}"#, "entra.unknown_app"),
            (400, r#"{"error":"invalid_request","error_codes":[90002]}"#, "entra.unknown_tenant"),
            (400, r#"{"error":"invalid_request","error_codes":[900144]}"#, "entra.invalid_request"),
            (400, r#"{"error":"invalid_resource","error_codes":[500011]}"#, "entra.unknown_resource"),
            (400, r#"{"error":"invalid_scope","error_codes":[70011]}"#, "entra.unknown_resource"),
            (400, r#"{"error":"invalid_grant","error_codes":[50196]}"#, "entra.loop"),
            (400, r#"{"error":"temporarily_unavailable"}"#, "entra.unavailable"),
            (400, r#"{"error":"server_error","error_codes":[90033]}"#, "entra.unavailable"),
            (401, "", "entra.bad_secret"),
            (400, "<html>", "entra.unknown"),
            (404, "", "entra.unknown"),
            (200, "<html>", "entra.garbled"),
            (200, r#"{"access_token":"t"}"#, "entra.garbled"),
            (200, r#"{"access_token":"t","expires_in":"long"}"#, "entra.garbled"),
            (500, "", "transport.status_5xx"),
            (429, "", "transport.throttled"),
        ];
        for (status, body, code) in table {
            assert_eq!(judged(status, body).code.as_str(), code, "{status} {body}");
        }
        assert_eq!(judged(401, r#"{"error":"invalid_client"}"#).kind, FaultKind::Unauthorised { version: 7 });
        assert_eq!(judged(400, "").kind, FaultKind::Denied { why: None });
        assert_eq!(judged(200, "").kind, FaultKind::Transient);
    }
}
