//! Where a webhook goes, and how it shows that it may.

use std::net::IpAddr;

use http::Uri;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

/// What need not be encoded in a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The values of `authtype` that webhooks have.
pub(super) const WEBHOOK_KEY: i64 = 4;
pub(super) const HTTP_HEADER: i64 = 5;
pub(super) const HTTP_QUERY_STRING: i64 = 6;

/// How a request shows that it comes from this organization.
#[derive(Clone, PartialEq)]
pub(super) enum Credential {
    WebhookKey(String),
    HttpHeader(Vec<(String, String)>),
    HttpQueryString(Vec<(String, String)>),
}

impl Credential {
    /// From the columns `authtype` and `authvalue`. Pairs are written as `<settings><setting name="…" value="…"
    /// /></settings>`, by the Plug-in Registration Tool and by its likes.
    pub(super) fn read(kind: i64, value: &str) -> Result<Self, String> {
        match kind {
            WEBHOOK_KEY => Ok(Self::WebhookKey(value.to_owned())),
            HTTP_HEADER => {
                let pairs = pairs(value)?;
                match pairs.iter().find(|(name, value)| header(name, value).is_none()) {
                    Some((name, _)) => Err(format!("No header can carry '{name}' with its value.")),
                    None => Ok(Self::HttpHeader(pairs)),
                }
            }
            HTTP_QUERY_STRING => Ok(Self::HttpQueryString(pairs(value)?)),
            _ => Err("The authentication type of a webhook is 4 (WebhookKey), 5 (HttpHeader) or 6 (HttpQueryString)."
                .to_owned()),
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::WebhookKey(_) => "WebhookKey",
            Self::HttpHeader(_) => "HttpHeader",
            Self::HttpQueryString(_) => "HttpQueryString",
        }
    }
}

/// A service endpoint of the kind webhook. Its credential is never shown.
#[derive(Clone)]
pub(in super::super) struct Endpoint {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) credential: Credential,
}

impl Endpoint {
    /// The URL to post to, with what the credential adds.
    pub(super) fn target(&self) -> String {
        let added = match &self.credential {
            Credential::WebhookKey(key) => format!("code={}", encoded(key)),
            Credential::HttpQueryString(pairs) => {
                let pairs = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
                pairs.collect::<Vec<_>>().join("&")
            }
            Credential::HttpHeader(_) => String::new(),
        };
        if added.is_empty() {
            return self.url.clone();
        }
        let link = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{link}{added}", self.url)
    }

    /// The headers that the credential adds.
    pub(super) fn headers(&self) -> HeaderMap {
        let Credential::HttpHeader(pairs) = &self.credential else { return HeaderMap::new() };
        pairs.iter().filter_map(|(name, value)| header(name, value)).collect()
    }
}

fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((name.parse().ok()?, value.parse().ok()?))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// Whether a URL may be called. Nothing here ever calls another machine.
pub(super) fn admit(url: &str, published_ports_only: bool) -> Result<(), String> {
    let unreadable = || "The URL of a webhook begins with http:// or https:// and names a host.".to_owned();
    let uri: Uri = url.parse().map_err(|_| unreadable())?;
    let scheme =
        uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https")).ok_or_else(unreadable)?;
    let authority = uri.authority().ok_or_else(unreadable)?;
    if authority.as_str().contains('@') {
        return Err("The URL of a webhook names no user.".to_owned());
    }
    let host = authority.host().trim_matches(['[', ']']);
    let local = host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    if !local {
        return Err(format!(
            "This server calls webhooks of its own machine only: 127.0.0.1, [::1] or localhost, not '{host}'."
        ));
    }
    let published = if scheme == "https" { 443 } else { 80 };
    if published_ports_only && uri.port_u16().is_some_and(|port| port != published) {
        return Err("Registered webhooks support only port 80 for HTTP and port 443 for HTTPS.".to_owned());
    }
    Ok(())
}

/// Reads `<settings><setting name="…" value="…" /></settings>`.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let unreadable = || {
        "Expected <settings><setting name=\"…\" value=\"…\" /></settings> as authentication value.".to_owned()
    };
    let text = text.trim();
    if text == "<settings/>" || text == "<settings />" {
        return Ok(Vec::new());
    }
    let inner = text.strip_prefix("<settings>").and_then(|text| text.strip_suffix("</settings>"));
    let mut rest = inner.ok_or_else(unreadable)?.trim();
    let mut pairs = Vec::new();
    while !rest.is_empty() {
        let (element, after) =
            rest.strip_prefix("<setting ").and_then(|rest| rest.split_once('>')).ok_or_else(unreadable)?;
        let pair = attribute(element, "name").zip(attribute(element, "value")).ok_or_else(unreadable)?;
        pairs.push(pair);
        let after = after.trim_start();
        rest = after.strip_prefix("</setting>").unwrap_or(after).trim_start();
    }
    Ok(pairs)
}

fn attribute(element: &str, name: &str) -> Option<String> {
    let (_, rest) =
        format!(" {element}").split_once(&format!(" {name}=")).map(|(a, b)| (a.to_owned(), b.to_owned()))?;
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, _) = rest[1..].split_once(quote)?;
    Some(unescaped(value))
}

fn unescaped(text: &str) -> String {
    // The ampersand comes last, so that what it begins is not read twice.
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

/// Writes pairs the way `pairs` reads them.
pub(super) fn written<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let escaped = |text: &str| {
        let entities = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;")];
        entities.iter().fold(text.to_owned(), |text, (plain, entity)| text.replace(plain, entity))
    };
    let settings = pairs
        .map(|(name, value)| format!("<setting name=\"{}\" value=\"{}\" />", escaped(name), escaped(value)));
    format!("<settings>{}</settings>", settings.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamics_41_no_other_machine_is_ever_called() {
        for url in
            ["http://127.0.0.1:9000/x", "https://localhost/hook?a=1", "http://[::1]:80/", "http://127.9.9.9/"]
        {
            assert_eq!(admit(url, false), Ok(()), "{url}");
        }
        for url in [
            "https://example.com/hook",
            "http://10.0.0.1/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://0.0.0.0/",
            "http://127.0.0.1@example.com/",
            "http://user:secret@127.0.0.1/",
            "ftp://127.0.0.1/",
            "/hook",
            "",
            "http://2130706433/",
        ] {
            assert!(admit(url, false).is_err(), "{url}");
        }
        assert!(admit("http://example.com/", false).unwrap_err().contains("of its own machine only"));
    }

    #[test]
    fn dynamics_41_the_published_ports_can_be_insisted_on() {
        for url in
            ["http://127.0.0.1/", "http://127.0.0.1:80/", "https://127.0.0.1:443/", "https://localhost/x"]
        {
            assert_eq!(admit(url, true), Ok(()), "{url}");
        }
        for url in ["http://127.0.0.1:8080/", "https://127.0.0.1:80/"] {
            assert!(admit(url, true).unwrap_err().contains("only port 80 for HTTP and port 443 for HTTPS"));
        }
    }

    #[test]
    fn pairs_are_read_as_they_are_written() {
        let given = [("x-key", "a&b<c>\"d'&lt;"), ("other", "")];
        let read = pairs(&written(given.into_iter())).unwrap();
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, given);
        assert_eq!(pairs("<settings></settings>").unwrap(), []);
        let spread = "<settings> <setting value='1' name='k'></setting>\n</settings>";
        assert_eq!(pairs(spread).unwrap(), [("k".to_owned(), "1".to_owned())]);
        for wrong in
            ["", "x", "<settings>", "<settings><setting name=\"a\"/></settings>", "<settings>é</settings>"]
        {
            assert!(pairs(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_header_that_cannot_travel_is_refused() {
        let value = written([("x key", "1")].into_iter());
        assert!(Credential::read(HTTP_HEADER, &value).is_err_and(|words| words.contains("x key")));
        assert!(Credential::read(2, "x").is_err());
    }
}
