//! `$batch`: several writes in one request, each with an outcome of its own.
//!
//! Answers are read leniently: LF or CRLF, a boundary in quotes or not, parts nested or not, cut off at the end.

use core::fmt::Write as _;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use webinar_bridge_domain::fault::{Fault, FaultKind};
use webinar_bridge_domain::port::ItemOutcome;
use webinar_bridge_transport::{Answer, Exchange, HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::api::{Body, Call, Session};
use crate::refusal;

/// No line of a body can look like it: bodies are JSON in one line each.
const BOUNDARY: &str = "batch_webinar_bridge";
/// How deep parts may stand in parts.
const DEPTH: usize = 3;

/// One write.
pub(crate) struct Patch {
    /// The row, as `set(id)`.
    pub(crate) resource: String,
    /// Whether a row that is not there is left alone rather than made.
    pub(crate) must_exist: bool,
    /// The columns that are set, by name, so that the same row is always the same bytes.
    pub(crate) body: BTreeMap<String, Value>,
}

/// What became of one write: the answer to it, or why there is none.
type Part = Result<Answer, Fault>;

/// Sends the writes in one request. One outcome for each, in order; an `Err` means that nobody knows of any.
/// `is_absent` tells the answer that means that the row is gone.
pub(crate) async fn send(
    session: &Session<'_>,
    patches: &[Patch],
    is_absent: fn(&Answer) -> bool,
    exchange: &Exchange,
) -> Result<Vec<ItemOutcome>, Fault> {
    if patches.is_empty() {
        return Ok(Vec::new());
    }
    let parts = exchanged(session, patches, exchange).await?;
    let outcome = |part: Part| match part {
        Ok(answer) if answer.status.is_success() => ItemOutcome::Done,
        Ok(answer) if is_absent(&answer) => ItemOutcome::Absent,
        Ok(answer) => ItemOutcome::Failed(session.refused(&answer, exchange)),
        Err(fault) => ItemOutcome::Failed(fault),
    };
    Ok(parts.into_iter().map(outcome).collect())
}

async fn exchanged(
    session: &Session<'_>,
    patches: &[Patch],
    exchange: &Exchange,
) -> Result<Vec<Part>, Fault> {
    let call = Call {
        method: Method::POST,
        url: session.root.at("$batch", None),
        prefer: Some("odata.continue-on-error".to_owned()),
        body: Some(Body {
            content_type: format!("multipart/mixed; boundary=\"{BOUNDARY}\""),
            bytes: written(session, patches).into(),
        }),
    };
    let answer = session.send(&call, exchange).await?;
    match parts(&answer) {
        // Some servers stop at the first failure, answer with its status, and still tell of those before it.
        Some(parts) if answer.status.is_success() || answer.status.is_client_error() => {
            matched(parts, patches.len(), &answer, exchange)
        }
        _ if answer.status.is_success() => {
            tracing::warn!(operation = exchange.operation, body = answer.fingerprint(), "malformed answer");
            Err(refusal::malformed(exchange))
        }
        _ => Err(session.refused(&answer, exchange)),
    }
}

fn written(session: &Session<'_>, patches: &[Patch]) -> String {
    let mut text = String::new();
    for patch in patches {
        let path = session.root.path(&patch.resource);
        let condition = if patch.must_exist { "If-Match: *\r\n" } else { "" };
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            "--{BOUNDARY}\r\n\
             Content-Type: application/http\r\n\
             Content-Transfer-Encoding: binary\r\n\
             \r\n\
             PATCH {path} HTTP/1.1\r\n\
             Accept: application/json\r\n\
             Content-Type: application/json; type=entry\r\n\
             {condition}\r\n\
             {}\r\n",
            json!(patch.body)
        );
    }
    let _ = write!(text, "--{BOUNDARY}--\r\n");
    text
}

/// The parts by their writes. Where the list ends early, a success says nothing of the rest; a failure says that the
/// rest was not begun.
fn matched(
    parts: Vec<Option<Answer>>,
    writes: usize,
    whole: &Answer,
    exchange: &Exchange,
) -> Result<Vec<Part>, Fault> {
    if parts.is_empty() || parts.len() > writes {
        return Err(refusal::malformed(exchange));
    }
    let missing = if whole.status.is_success() {
        exchange.unclear("dataverse.not_told")
    } else {
        exchange.fault(FaultKind::Transient, "dataverse.not_begun")
    };
    let mut matched: Vec<Part> =
        parts.into_iter().map(|part| part.ok_or_else(|| refusal::malformed(exchange))).collect();
    matched.resize(writes, Err(missing));
    Ok(matched)
}

/// The parts of a multipart answer, in order; an unreadable part is `None`. `None` if it is no multipart answer.
fn parts(answer: &Answer) -> Option<Vec<Option<Answer>>> {
    let text = String::from_utf8_lossy(&answer.body);
    let boundary = match answer.header("content-type").and_then(boundary) {
        Some(boundary) => boundary,
        // A label may be lost on the way; the first line tells as well.
        None => text.trim_start().lines().next()?.trim_end().strip_prefix("--")?.to_owned(),
    };
    if !text.contains(&format!("--{boundary}")) {
        return None;
    }
    let mut parts = Vec::new();
    collect(&text, &boundary, &mut parts, DEPTH);
    Some(parts)
}

fn collect(text: &str, boundary: &str, parts: &mut Vec<Option<Answer>>, depth: usize) {
    for part in split(text, boundary) {
        let (headers, content) = head(part);
        let label = headers.get("content-type").and_then(|label| label.to_str().ok());
        match label.and_then(self::boundary) {
            Some(inner) if depth > 0 => collect(content, &inner, parts, depth - 1),
            _ => parts.push(response(content)),
        }
    }
}

/// What stands between the lines of the boundary; what stands before the first is no part.
fn split<'a>(text: &'a str, boundary: &str) -> Vec<&'a str> {
    let (mut parts, mut begin, mut at) = (Vec::new(), None, 0);
    for line in text.split_inclusive('\n') {
        let mark = line.trim_end().strip_prefix("--").and_then(|rest| rest.strip_prefix(boundary));
        if let Some(end @ ("" | "--")) = mark {
            parts.extend(begin.map(|begin| &text[begin..at]));
            begin = end.is_empty().then_some(at + line.len());
        }
        at += line.len();
    }
    // Cut off: what came of the last part is judged like any other.
    parts.extend(begin.map(|begin| &text[begin..]).filter(|rest| !rest.trim().is_empty()));
    parts
}

/// Headers up to the first empty line, and what follows it.
fn head(text: &str) -> (HeaderMap, &str) {
    let mut headers = HeaderMap::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        let pair = line.split_once(':').and_then(|(name, value)| {
            let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value.trim()).ok()?))
        });
        headers.extend(pair.map(|(name, value)| (Some(name), value)));
    }
    (headers, &text[at..])
}

/// `HTTP/1.1 204 No Content`, headers, and a body.
fn response(text: &str) -> Option<Answer> {
    let text = text.trim_start();
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let mut words = line.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/"))?;
    let status = StatusCode::from_bytes(words.next()?.as_bytes()).ok()?;
    let (headers, body) = head(rest);
    Some(Answer { status, headers, body: body.trim().to_owned().into() })
}

/// The boundary in the label of a multipart body.
fn boundary(label: &str) -> Option<String> {
    let (kind, parameters) = label.split_once(';')?;
    if !kind.trim().to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    let mut named = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let (_, value) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    let value = value.trim().trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests;
