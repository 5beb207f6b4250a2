use core::fmt;
use std::net::IpAddr;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use webinar_bridge_domain::port::OpenSecret;
use webinar_bridge_transport::{HeaderValue, Url};

use crate::config::On24Settings;

/// Makes the secret of an account. The address is part of it, so that nobody who can merely write to the database can
/// have the token sent elsewhere. `base_url` ends with the version: `https://api.on24.com/v2`.
pub fn secret(base_url: &str, client_id: &str, key: &str, secret: &str) -> OpenSecret {
    let text = json!({
        "base_url": base_url,
        "client_id": client_id,
        "access_token_key": key,
        "access_token_secret": secret,
    });
    OpenSecret::new(SecretString::from(text.to_string()))
}

/// Whether the text is a secret that calls can be made with; says which field is wrong.
pub fn check_secret(settings: &On24Settings, secret: &OpenSecret) -> Result<(), SecretFault> {
    Token::open(settings, secret).map(drop)
}

/// What is wrong with a secret's text. Names the field and never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    /// It is no JSON object with text and numbers as members.
    #[error(
        "the secret is not a JSON object of base_url, client_id, access_token_key and access_token_secret"
    )]
    Form,
    /// The address is missing, or is none.
    #[error("base_url is missing or not an absolute address without query")]
    BaseUrl,
    /// The address is plain http on another machine.
    #[error("base_url must be https")]
    PlainHttp,
    /// The client's id is missing, or not a number.
    #[error("client_id is missing or not a number")]
    ClientId,
    /// The key is missing, or not fit for a header.
    #[error("access_token_key is missing or has characters that a token cannot have")]
    Key,
    /// The secret is missing, or not fit for a header.
    #[error("access_token_secret is missing or has characters that a token cannot have")]
    Secret,
}

impl SecretFault {
    /// The stable code of the fault.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Form => "on24.secret_form",
            Self::BaseUrl => "on24.secret_base_url",
            Self::PlainHttp => "on24.secret_plain_http",
            Self::ClientId => "on24.secret_client_id",
            Self::Key => "on24.secret_key",
            Self::Secret => "on24.secret_secret",
        }
    }
}

/// An account's secret, taken apart.
pub(crate) struct Token {
    base: Url,
    client_id: String,
    key: SecretString,
    secret: SecretString,
}

#[derive(Deserialize)]
struct Text {
    base_url: Option<String>,
    client_id: Option<Value>,
    access_token_key: Option<SecretText>,
    access_token_secret: Option<SecretText>,
}

/// Text that is wiped when dropped.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

impl Token {
    pub(crate) fn open(settings: &On24Settings, secret: &OpenSecret) -> Result<Self, SecretFault> {
        let text = secret.reveal().expose_secret();
        let text: Text = serde_json::from_str(text).map_err(|_| SecretFault::Form)?;
        Ok(Self {
            base: base(settings, text.base_url.as_deref().unwrap_or_default())?,
            client_id: client_id(text.client_id).ok_or(SecretFault::ClientId)?,
            key: token(text.access_token_key).ok_or(SecretFault::Key)?,
            secret: token(text.access_token_secret).ok_or(SecretFault::Secret)?,
        })
    }

    /// The address of something of this account. `path` is made of our own words and of digits.
    pub(crate) fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["client", &self.client_id]).extend(path);
        }
        url
    }

    /// The key and the secret as headers, which do not print.
    pub(crate) fn headers(&self) -> [(&'static str, HeaderValue); 2] {
        [("accesstokenkey", &self.key), ("accesstokensecret", &self.secret)].map(|(name, token)| {
            let mut value = HeaderValue::from_str(token.expose_secret())
                .unwrap_or_else(|_| HeaderValue::from_static("unfit"));
            value.set_sensitive(true);
            (name, value)
        })
    }
}

fn base(settings: &On24Settings, text: &str) -> Result<Url, SecretFault> {
    let url = Url::parse(text.trim()).map_err(|_| SecretFault::BaseUrl)?;
    let bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.has_host();
    match url.scheme() {
        _ if !bare => Err(SecretFault::BaseUrl),
        "https" => Ok(url),
        "http" if settings.plain_http || is_here(&url) => Ok(url),
        "http" => Err(SecretFault::PlainHttp),
        _ => Err(SecretFault::BaseUrl),
    }
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn client_id(id: Option<Value>) -> Option<String> {
    let id = match id? {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    is_number(&id).then_some(id)
}

/// Whether the id is one that ON24 could have given out; anything else must not get into a path.
pub(crate) fn is_number(id: &str) -> bool {
    !id.is_empty() && id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_digit())
}

fn token(text: Option<SecretText>) -> Option<SecretString> {
    let SecretText(token) = text?;
    let trimmed = token.expose_secret().trim();
    let fit = !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_graphic());
    fit.then(|| SecretString::from(trimmed.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789ABCDEF0123456789ABCDEF";

    fn check(text: &str) -> Result<(), SecretFault> {
        check_secret(&On24Settings::default(), &OpenSecret::new(SecretString::from(text.to_owned())))
    }

    fn with(field: &str, value: &Value) -> Result<(), SecretFault> {
        let mut secret = json!({
            "base_url": "https://api.on24.com/v2",
            "client_id": 10422,
            "access_token_key": KEY,
            "access_token_secret": "0a1b",
        });
        secret[field] = value.clone();
        check(&secret.to_string())
    }

    #[test]
    fn what_is_made_can_be_opened() {
        let made = secret("https://api.eu.on24.com/v2", "10422", KEY, "0a1b");
        let token = Token::open(&On24Settings::default(), &made).unwrap();
        let url = token.url(&["event", "7", "registrant"]);
        assert_eq!(url.as_str(), "https://api.eu.on24.com/v2/client/10422/event/7/registrant");
        let [(_, key), (_, secret)] = token.headers();
        assert_eq!((key.to_str().unwrap(), secret.to_str().unwrap()), (KEY, "0a1b"));
        assert!(!format!("{token:?} {:?}", token.headers()).contains("0a1b"));
    }

    #[test]
    fn a_slash_at_the_end_makes_no_difference() {
        let made = secret("https://api.on24.com/v2/", "1", KEY, "s");
        let token = Token::open(&On24Settings::default(), &made).unwrap();
        assert_eq!(token.url(&["forget"]).as_str(), "https://api.on24.com/v2/client/1/forget");
    }

    #[test]
    fn the_client_is_a_number_or_its_digits() {
        for good in [json!(10422), json!("10422"), json!(" 10422 ")] {
            assert_eq!(with("client_id", &good), Ok(()), "{good}");
        }
        for bad in [json!(null), json!(""), json!("../1"), json!(-1), json!(1.5), json!(true), json!([1])] {
            assert_eq!(with("client_id", &bad), Err(SecretFault::ClientId), "{bad}");
        }
    }

    #[test]
    fn the_address_is_https_or_this_machine() {
        let table = [
            ("https://api.on24.com/v2", Ok(())),
            ("http://127.0.0.1:9/v2", Ok(())),
            ("http://[::1]:9/v2", Ok(())),
            ("http://localhost/v2", Ok(())),
            ("http://api.on24.com/v2", Err(SecretFault::PlainHttp)),
            ("http://127.0.0.1.evil.example/v2", Err(SecretFault::PlainHttp)),
            ("ftp://api.on24.com", Err(SecretFault::BaseUrl)),
            ("https://user:pass@api.on24.com/v2", Err(SecretFault::BaseUrl)),
            ("https://api.on24.com/v2?x=1", Err(SecretFault::BaseUrl)),
            ("https://api.on24.com/v2#x", Err(SecretFault::BaseUrl)),
            ("api.on24.com", Err(SecretFault::BaseUrl)),
            ("data:,x", Err(SecretFault::BaseUrl)),
            ("", Err(SecretFault::BaseUrl)),
        ];
        for (url, expected) in table {
            assert_eq!(with("base_url", &json!(url)), expected, "{url}");
        }
        let sandbox = On24Settings { plain_http: true, ..On24Settings::default() };
        assert_eq!(check_secret(&sandbox, &secret("http://emulators:80/v2", "1", KEY, "s")), Ok(()));
    }

    #[test]
    fn a_fault_names_the_field_and_not_the_value() {
        let table = [
            ("access_token_key", json!(null), SecretFault::Key),
            ("access_token_key", json!("hid den"), SecretFault::Key),
            ("access_token_secret", json!(""), SecretFault::Secret),
            ("access_token_secret", json!("hid\nden"), SecretFault::Secret),
            ("access_token_secret", json!("hïdden"), SecretFault::Secret),
            ("access_token_secret", json!({"hidden": 1}), SecretFault::Form),
        ];
        for (field, value, expected) in table {
            let fault = with(field, &value).unwrap_err();
            assert_eq!(fault, expected, "{field} {value}");
            assert!(!format!("{fault} {fault:?}").contains("den"));
        }
        for text in ["", "hidden", "[]", "{\"base_url\":"] {
            assert_eq!(check(text), Err(SecretFault::Form), "{text}");
        }
        assert_eq!(check("{}"), Err(SecretFault::BaseUrl));
    }
}
