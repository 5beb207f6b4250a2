//! X.509 certificates, as far as a client is known by one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::Sha256;
use sha1::{Digest, Sha1};

use crate::base64url;

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// Where a certificate of version 3 says that it is one.
const VERSION: u8 = 0xa0;

/// The public half of what a client signs its assertions with.
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    /// The SHA-1 of the certificate in base64url, as the `x5t` of a token names it.
    pub(super) sha1: String,
    /// The SHA-256, as `x5t#S256` names it.
    pub(super) sha256: String,
    pub(super) key: RsaPublicKey,
    /// From when to when it is valid, in Unix seconds.
    pub(super) valid: (i64, i64),
}

impl Certificate {
    /// The first certificate of a PEM text; `None` when there is none with an RSA key of at most 4096 bits.
    pub(super) fn from_pem(text: &str) -> Option<Self> {
        let (_, body) = text.split_once("-----BEGIN CERTIFICATE-----")?;
        let (body, _) = body.split_once("-----END CERTIFICATE-----")?;
        let body: String = body.split_whitespace().collect();
        Self::from_der(&STANDARD.decode(body).ok()?)
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let mut certificate = Der(Der(der).content(SEQUENCE)?);
        let mut body = Der(certificate.content(SEQUENCE)?);
        if body.0.first() == Some(&VERSION) {
            body.next()?;
        }
        let (_serial, _signature, _issuer) = (body.next()?, body.next()?, body.next()?);
        let mut validity = Der(body.content(SEQUENCE)?);
        let valid = (validity.time()?, validity.time()?);
        let (_subject, public) = (body.next()?, body.next()?);
        Some(Self {
            sha1: base64url::encode(Sha1::digest(der)),
            sha256: base64url::encode(Sha256::digest(der)),
            key: RsaPublicKey::from_public_key_der(public.whole).ok()?,
            valid,
        })
    }
}

/// What is left to read of a DER structure.
struct Der<'a>(&'a [u8]);

/// One element: its tag, its content, and both with the length between.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Der<'a> {
    fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match usize::from(first) {
            short @ 0..0x80 => (short, rest),
            long => {
                let (length, rest) = rest.split_at_checked(long - 0x80).filter(|(l, _)| l.len() <= 4)?;
                (length.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)), rest)
            }
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - rest.len())?;
        self.0 = rest;
        Some(Element { tag, content, whole })
    }

    fn content(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|element| element.tag == tag).map(|element| element.content)
    }

    /// `YYMMDDHHMMSSZ` of the years 1950 to 2049, or with four digits for the year.
    fn time(&mut self) -> Option<i64> {
        let element = self.next()?;
        let text = str::from_utf8(element.content).ok()?;
        let text = match (element.tag, text.as_bytes().first()?) {
            (UTC_TIME, b'0'..=b'4') => format!("20{text}"),
            (UTC_TIME, _) => format!("19{text}"),
            (GENERALIZED_TIME, _) => text.to_owned(),
            _ => return None,
        };
        let time = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
        time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp().as_second())
    }
}
