//! A registrant's details, in clear and sealed.

use core::fmt;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use unicode_normalization::UnicodeNormalization as _;

/// An e-mail address as it was typed. Prints redacted; cannot be serialised.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// Takes an address as typed.
    pub fn new(typed: impl Into<String>) -> Self {
        Self(typed.into())
    }

    /// The address as typed.
    pub fn as_typed(&self) -> &str {
        &self.0
    }

    /// What identifies the person: trimmed, NFC, lower-case (rule O7). `None` if mail could never arrive there.
    pub fn canonical(&self) -> Option<String> {
        let typed = self.0.trim();
        // The long way changes nothing else of plain letters, and most addresses are made of them.
        let canonical: String = if typed.is_ascii() {
            typed.to_ascii_lowercase()
        } else {
            typed.nfc().flat_map(char::to_lowercase).nfc().collect()
        };
        let (local, domain) = canonical.rsplit_once('@')?;
        let usable = !local.is_empty()
            && !domain.is_empty()
            && !canonical.chars().any(|c| c.is_whitespace() || c.is_control());
        usable.then_some(canonical)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address([redacted])")
    }
}

/// What a provider is told of a person, in clear. Prints redacted; cannot be serialised, so it cannot reach a store.
#[derive(Clone, PartialEq, Eq)]
pub struct Details {
    /// Where the person is written to.
    pub address: Address,
    /// Given name; empty if the CRM has none.
    pub first_name: String,
    /// Family name; empty if the CRM has none.
    pub last_name: String,
    /// The company's name; empty if the CRM has none.
    pub company: String,
    /// The position held there; empty if the CRM has none.
    pub job_title: String,
    /// Mapped fields by the provider's name of the field.
    pub more: BTreeMap<String, String>,
}

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Details([redacted])")
    }
}

/// Declares 32 bytes that came out of a keyed function: they name something without telling it.
macro_rules! keyed_bytes {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes the output of the keyed function.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes themselves.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                self.0[..8].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let bytes = base64_bytes(deserializer)?;
                let bytes = bytes.try_into().map_err(|_| de::Error::custom("expected 32 bytes"))?;
                Ok(Self(bytes))
            }
        }
    };
}

keyed_bytes!(
    /// The HMAC of a canonical address under the organization's key: finds a person, tells nobody. Prints as a pseudonym.
    EmailKey,
    "p_"
);
keyed_bytes!(
    /// The HMAC of a person's details under the organization's key: equal details, equal digest.
    Digest,
    "d_"
);

fn base64_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(de::Error::custom)
}

/// Details under the organization's data key, bound to the organization and the row they belong to.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedDetails(Vec<u8>);

impl SealedDetails {
    /// Takes what a privacy sealed.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The sealed bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedDetails({} bytes)", self.0.len())
    }
}

impl Serialize for SealedDetails {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for SealedDetails {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        base64_bytes(deserializer).map(Self)
    }
}

/// A person as the store may know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPerson {
    /// Finds the person.
    pub key: EmailKey,
    /// Tells whether the details changed.
    pub digest: Digest,
    /// The details, for whoever holds the data key.
    pub details: SealedDetails,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(typed: &str) -> Option<String> {
        Address::new(typed).canonical()
    }

    #[test]
    fn one_person_has_one_canonical_address() {
        let same = [
            "Zoë.Ångström@Example.COM",
            "  zoë.ångström@example.com ",
            "zoe\u{308}.a\u{30a}ngstro\u{308}m@example.com",
        ];
        for typed in same {
            assert_eq!(canonical(typed).as_deref(), Some("zoë.ångström@example.com"), "{typed}");
        }
        assert_eq!(canonical(" Ada.Lovelace@X.IO "), canonical("ada.lovelace@x.io"), "plain letters, too");
        assert_ne!(canonical("a+b@x.io"), canonical("a@x.io"), "a plus address is another address");
    }

    #[test]
    fn what_mail_cannot_reach_is_no_address() {
        for typed in ["", "  ", "nobody", "@x.io", "a@", "a b@x.io", "a@x\u{0}.io", "a@x .io"] {
            assert_eq!(canonical(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn clear_details_never_print() {
        let details = Details {
            address: Address::new("ada@example.com"),
            first_name: "Ada".into(),
            last_name: "Lovelace".into(),
            company: "Engines".into(),
            job_title: "Countess".into(),
            more: BTreeMap::from([("std1".into(), "poetical".into())]),
        };
        let printed = format!("{details:?} {:?}", details.address);
        for secret in ["ada", "Ada", "Lovelace", "Engines", "Countess", "poetical"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn sealed_things_survive_a_document() {
        let sealed = SealedDetails::new(vec![0, 255, 7]);
        let key = EmailKey::new([9; 32]);
        let json = serde_json::to_string(&(&sealed, key)).unwrap();
        assert_eq!(serde_json::from_str::<(SealedDetails, EmailKey)>(&json).unwrap(), (sealed, key));
        assert!(serde_json::from_str::<EmailKey>("\"AAAA\"").is_err());
    }
}
