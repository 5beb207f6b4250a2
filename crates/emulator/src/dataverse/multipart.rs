//! The multipart form of a batch: its requests read, its answers written. Reading is lenient where clients differ: lines
//! end with CRLF or LF, header names come in any case, URLs are absolute or relative.

use std::fmt::Write;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderName};
use http::{HeaderMap, HeaderValue, Method};

use super::error::{Outcome, Refusal};
use crate::wire::{Answer, Call};

/// More requests than this are refused.
const LARGEST: usize = 1000;

/// One piece of a batch.
pub(super) enum Piece {
    One(Call),
    /// Requests that go together or not at all, each with its Content-ID.
    Together(Vec<(String, Call)>),
}

/// One answer as `application/http`.
pub(super) fn part(answer: &Answer, content_id: Option<&str>) -> String {
    let mut text = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n".to_owned();
    if let Some(content_id) = content_id {
        let _ = write!(text, "Content-ID: {content_id}\r\n");
    }
    let _ = write!(
        text,
        "\r\nHTTP/1.1 {} {}\r\n",
        answer.status.as_u16(),
        answer.status.canonical_reason().unwrap_or_default()
    );
    for (name, value) in &answer.headers {
        let _ = write!(text, "{}: {}\r\n", proper(name), value.to_str().unwrap_or_default());
    }
    text.push_str("\r\n");
    text.push_str(&String::from_utf8_lossy(&answer.body));
    text.push_str("\r\n");
    text
}

/// A header's name as the platform writes it; clients should not mind.
fn proper(name: &HeaderName) -> &str {
    match name.as_str() {
        "odata-entityid" => "OData-EntityId",
        "odata-version" => "OData-Version",
        "content-type" => "Content-Type",
        "location" => "Location",
        "etag" => "ETag",
        "preference-applied" => "Preference-Applied",
        "req_id" => "REQ_ID",
        other => other,
    }
}

fn malformed(detail: &str) -> Refusal {
    Refusal::batch(format!("The batch request could not be read: {detail}."))
}

/// What requests inside of a batch take from the batch itself.
struct Outer<'a> {
    /// The path below which relative URLs lie, with a slash at its end.
    root: &'a str,
    /// By which host the batch came. It holds for every request inside, whatever host that one names.
    host: Option<&'a HeaderValue>,
    /// Whether the batch came by TLS.
    secure: bool,
}

impl<'a> Outer<'a> {
    fn of(call: &'a Call) -> Self {
        let root = call.path.trim_end_matches('/').trim_end_matches("$batch").trim_end_matches("%24batch");
        Self { root, host: call.headers.get(HOST), secure: call.secure }
    }
}

/// All pieces of a batch.
pub(super) fn read(call: &Call) -> Outcome<Vec<Piece>> {
    let boundary = call.header("content-type").and_then(boundary);
    let boundary =
        boundary.ok_or_else(|| malformed("its content type is not multipart/mixed with a boundary"))?;
    let text = std::str::from_utf8(&call.body).map_err(|_| malformed("it is not UTF-8"))?;
    let outer = Outer::of(call);
    let mut pieces = Vec::new();
    let mut count = 0;
    for part in parts(text, &boundary)? {
        let (headers, rest) = headers(part)?;
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.to_ascii_lowercase().starts_with("application/http") {
            pieces.push(Piece::One(request(rest, &outer)?.0));
            count += 1;
        } else {
            let boundary = self::boundary(kind)
                .ok_or_else(|| malformed("a part is neither a request nor a change set"))?;
            let calls = change_set(rest, &boundary, &outer)?;
            count += calls.len();
            pieces.push(Piece::Together(calls));
        }
        if count > LARGEST {
            return Err(Refusal::batch(format!("The batch request holds more than {LARGEST} requests.")));
        }
    }
    Ok(pieces)
}

/// The boundary of `multipart/mixed`, quoted or not.
fn boundary(content_type: &str) -> Option<String> {
    let mut parameters = content_type.split(';').map(str::trim);
    parameters.next().filter(|kind| kind.eq_ignore_ascii_case("multipart/mixed"))?;
    let value = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    })?;
    (!value.is_empty()).then_some(value)
}

/// What stands between the delimiters; lines end with CRLF or LF.
fn parts<'a>(text: &'a str, boundary: &str) -> Outcome<Vec<&'a str>> {
    let (delimiter, end) = (format!("--{boundary}"), format!("--{boundary}--"));
    let (mut parts, mut start, mut place) = (Vec::new(), None, 0);
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        if bare == delimiter || bare == end {
            if let Some(start) = start {
                parts.push(&text[start..place]);
            }
            if bare == end {
                return Ok(parts);
            }
            start = Some(place + line.len());
        }
        place += line.len();
    }
    Err(malformed("its closing boundary is missing"))
}

/// The header lines up to the first empty line, and what follows it.
fn headers(text: &str) -> Outcome<(HeaderMap, &str)> {
    let mut headers = HeaderMap::new();
    let mut place = 0;
    for line in text.split_inclusive('\n') {
        place += line.len();
        let bare = line.trim();
        if bare.is_empty() {
            break;
        }
        let (name, value) = bare.split_once(':').ok_or_else(|| malformed("a header has no colon"))?;
        let name = HeaderName::from_bytes(name.trim().as_bytes());
        let value = HeaderValue::from_str(value.trim());
        match (name, value) {
            (Ok(name), Ok(value)) => drop(headers.append(name, value)),
            _ => return Err(malformed("a header is not valid")),
        }
    }
    Ok((headers, &text[place..]))
}

/// The request inside of an `application/http` part, and its own Content-ID if it has one.
fn request(text: &str, outer: &Outer<'_>) -> Outcome<(Call, Option<String>)> {
    let text = text.trim_start_matches(['\r', '\n']);
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (method, rest_of_line) =
        line.trim().split_once(' ').ok_or_else(|| malformed("a request line is missing"))?;
    let (url, protocol) =
        rest_of_line.rsplit_once(' ').ok_or_else(|| malformed("a request line has no protocol"))?;
    if !protocol.to_ascii_uppercase().starts_with("HTTP/") {
        return Err(malformed("a request line has no protocol"));
    }
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| malformed("a method is not valid"))?;
    let (mut headers, body) = headers(rest)?;
    headers.remove(HOST);
    headers.extend(outer.host.map(|host| (HOST, host.clone())));
    let (path, query) = location(url.trim(), outer.root);
    let content_id = content_id(&headers);
    let body = Bytes::from(body.trim_end_matches(['\r', '\n']).to_owned());
    Ok((Call { method, path, query, headers, body, secure: outer.secure }, content_id))
}

/// Path and query of an absolute URL, of an absolute path or of one below the root of the service.
fn location(url: &str, root: &str) -> (String, String) {
    let url = url.replace(' ', "%20");
    let local = match url.split_once("://") {
        Some((scheme, rest)) if scheme.chars().all(|char| char.is_ascii_alphanumeric()) => {
            rest.find('/').map_or("/", |slash| &rest[slash..])
        }
        _ => url.as_str(),
    };
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    let path = if path.starts_with('/') && !path.starts_with("/$") {
        path.to_owned()
    } else {
        format!("{root}{}", path.trim_start_matches('/'))
    };
    (path, query.to_owned())
}

fn content_id(headers: &HeaderMap) -> Option<String> {
    headers.get("content-id").and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn change_set(text: &str, boundary: &str, outer: &Outer<'_>) -> Outcome<Vec<(String, Call)>> {
    let mut calls: Vec<(String, Call)> = Vec::new();
    for part in parts(text, boundary)? {
        let (headers, rest) = headers(part)?;
        let (call, inner_id) = request(rest, outer)?;
        if call.method == Method::GET {
            return Err(malformed("a change set cannot hold a GET request"));
        }
        let content_id = content_id(&headers).or(inner_id).filter(|id| !id.is_empty());
        let content_id =
            content_id.ok_or_else(|| malformed("a request of a change set has no Content-ID"))?;
        if calls.iter().any(|(taken, _)| *taken == content_id) {
            return Err(malformed("a Content-ID is used twice"));
        }
        if calls.len() >= LARGEST {
            return Err(Refusal::batch(format!("The batch request holds more than {LARGEST} requests.")));
        }
        calls.push((content_id, call));
    }
    Ok(calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_may_be_quoted_and_headers_of_any_case() {
        assert_eq!(boundary("multipart/mixed; boundary=\"batch_x\"").as_deref(), Some("batch_x"));
        assert_eq!(boundary("Multipart/Mixed;charset=utf-8; Boundary=b").as_deref(), Some("b"));
        assert_eq!(boundary("multipart/mixed"), None);
        assert_eq!(boundary("application/json; boundary=b"), None);
    }

    #[test]
    fn urls_are_absolute_or_below_the_root() {
        let root = "/api/data/v9.2/";
        let of = |url| location(url, root).0;
        assert_eq!(of("https://org.example/api/data/v9.1/contacts?$top=1"), "/api/data/v9.1/contacts");
        assert_eq!(of("/api/data/v9.0/contacts"), "/api/data/v9.0/contacts");
        assert_eq!(of("contacts(1)"), "/api/data/v9.2/contacts(1)");
        assert_eq!(of("$1"), "/api/data/v9.2/$1");
        assert_eq!(of("/$1"), "/api/data/v9.2/$1");
    }
}
