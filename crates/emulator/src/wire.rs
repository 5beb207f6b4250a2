//! One request and one answer, whole, as every emulated server sees them.

use std::fmt::Display;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;

/// The origin of a server at this authority, such as `127.0.0.1:41002`; `secure` is TLS.
pub(crate) fn origin(secure: bool, authority: impl Display) -> String {
    format!("{}://{authority}", if secure { "https" } else { "http" })
}

/// A request whose body has been read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path as it came, percent-encoded, without the query.
    pub(crate) path: String,
    /// The query as it came, without the question mark; empty when there is none.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether it came by TLS.
    pub(crate) secure: bool,
}

impl Call {
    /// The decoded, non-empty segments of the path.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect()
    }

    /// The query as decoded pairs; `+` is a space.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        serde_urlencoded::from_str(&self.query).unwrap_or_default()
    }

    /// The origin that the client called, by its `Host` header: that of a proxy, where one stands between. `None`
    /// when the header is missing or cannot stand in a URL.
    pub(crate) fn origin(&self) -> Option<String> {
        let authority: Authority = self.header("host")?.parse().ok()?;
        (!authority.as_str().contains('@')).then(|| origin(self.secure, authority))
    }

    /// The token that the call bears.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// What a server answers.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).unwrap_or_default();
        let mut answer = Self { body: body.into(), ..Self::empty(status) };
        answer
            .headers
            .insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        answer
    }

    /// Adds a header; a value that no header can carry is left out.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

#[cfg(test)]
impl Call {
    /// A request without headers and body; `target` is the path with its query.
    pub(crate) fn bare(method: Method, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            secure: false,
        }
    }

    pub(crate) fn form(method: Method, target: &str, body: &str) -> Self {
        Self::bare(method, target).carrying("application/x-www-form-urlencoded", body)
    }

    pub(crate) fn json(method: Method, target: &str, body: &str) -> Self {
        Self::bare(method, target).carrying("application/json", body)
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    fn carrying(self, kind: &str, body: &str) -> Self {
        Self { body: Bytes::from(body.to_owned()), ..self.with("content-type", kind) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(host: &str) -> Option<String> {
        Call::bare(Method::GET, "/").with("host", host).origin()
    }

    #[test]
    fn a_token_is_borne_by_its_scheme_and_by_no_other() {
        let borne = |value| {
            let call = Call::bare(Method::GET, "/").with("authorization", value);
            call.bearer().map(str::to_owned)
        };
        for value in ["Bearer abc", "bearer  abc "] {
            assert_eq!(borne(value).as_deref(), Some("abc"), "{value}");
        }
        for value in ["abc", "Basic abc", "Bearer", ""] {
            assert_eq!(borne(value), None, "{value}");
        }
        assert_eq!(Call::bare(Method::GET, "/").bearer(), None);
    }

    #[test]
    fn the_origin_is_the_host_s_unless_no_url_can_hold_it() {
        assert_eq!(called("localhost:8080").as_deref(), Some("http://localhost:8080"));
        assert_eq!(called("[::1]:8080").as_deref(), Some("http://[::1]:8080"));
        assert_eq!(called("proxy.example").as_deref(), Some("http://proxy.example"));
        for host in ["", "a b", "user@proxy.example", "proxy.example/path", "<proxy>"] {
            assert_eq!(called(host), None, "{host}");
        }
        assert_eq!(Call::bare(Method::GET, "/").origin(), None);
        let secure = Call { secure: true, ..Call::bare(Method::GET, "/").with("host", "localhost:8443") };
        assert_eq!(secure.origin().as_deref(), Some("https://localhost:8443"));
    }
}
