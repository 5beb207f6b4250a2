use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

/// A peer's whole answer. Its body does not print: it may hold anybody's data.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
}

impl Answer {
    /// A header's value, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What may be logged of the body (rule G4): its length in bytes and the first 16 hex digits of its SHA-256.
    pub fn fingerprint(&self) -> String {
        let head =
            Sha256::digest(&self.body).iter().take(8).fold(0, |head, byte| head << 8 | u64::from(*byte));
        format!("{}:{head:016x}", self.body.len())
    }

    /// The body as JSON; a byte order mark before it is passed over.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, JsonFault> {
        let text = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body);
        serde_json::from_slice(text).map_err(|error| JsonFault::of(&error))
    }
}

impl core::fmt::Debug for Answer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Answer({}, {})", self.status.as_u16(), self.fingerprint())
    }
}

/// A body is not the JSON that was expected. Tells where, and never what was there instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at line {line}, column {column}")]
pub struct JsonFault {
    what: &'static str,
    line: usize,
    column: usize,
}

impl JsonFault {
    fn of(error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        let what = match error.classify() {
            Category::Io => "unreadable",
            Category::Syntax => "not JSON",
            Category::Data => "JSON of another shape",
            Category::Eof => "cut off",
        };
        Self { what, line: error.line(), column: error.column() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &'static [u8]) -> Answer {
        Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: Bytes::from_static(body) }
    }

    #[test]
    fn a_fingerprint_is_length_and_digest() {
        assert_eq!(answer(b"abc").fingerprint(), "3:ba7816bf8f01cfea");
        assert_eq!(answer(b"").fingerprint(), "0:e3b0c44298fc1c14");
        assert_eq!(format!("{:?}", answer(b"abc")), "Answer(200, 3:ba7816bf8f01cfea)");
    }

    #[test]
    fn a_byte_order_mark_is_no_mistake() {
        assert_eq!(answer(b"\xef\xbb\xbf[1]").json::<Vec<u8>>(), Ok(vec![1]));
    }

    #[test]
    fn what_is_not_json_is_not_repeated() {
        let table: [(&[u8], &str); 4] = [
            (b"<html>ada</html>", "not JSON at line 1, column 1"),
            (b"[1,", "cut off at line 1, column 3"),
            (b"", "cut off at line 1, column 0"),
            (b"[\"ada@example.com\"]", "JSON of another shape at line 1, column 18"),
        ];
        for (body, expected) in table {
            let answer = Answer { body: Bytes::copy_from_slice(body), ..answer(b"") };
            assert_eq!(answer.json::<Vec<u8>>().unwrap_err().to_string(), expected);
        }
    }
}
