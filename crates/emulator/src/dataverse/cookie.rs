//! Where a reader stands in a long list: the content of `$skiptoken`. Opaque to clients.

use std::fmt::Write;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use uuid::Uuid;

use super::error::{Outcome, Refusal};

/// A place in a list, after the last row that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cookie {
    /// The number of the page that comes next, from 2.
    pub(super) page: u64,
    /// The id of the last row given, if any.
    pub(super) last: Option<Uuid>,
    /// How many rows were given so far.
    pub(super) given: usize,
    /// Of a tracked list: the version at which it began, and how far a list of changes came.
    pub(super) tracked: Option<Tracked>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tracked {
    pub(super) until: u64,
    pub(super) reached: u64,
    /// Whether the changed rows were all given and the deletions have begun.
    pub(super) deletions: bool,
}

/// The mark by which a link of a tracked list is told from others, once decoded.
pub(super) const TRACKING: &str = "istracking=\"True\"";

impl Cookie {
    /// Percent-encoded, ready for a URL; the inner cookie is encoded once more, as the platform does it.
    pub(super) fn encode(&self) -> String {
        let last = self.last.map(|id| id.to_string()).unwrap_or_default();
        let mut inner =
            format!("<cookie page=\"{}\" last=\"{last}\" given=\"{}\"", self.page - 1, self.given);
        if let Some(tracked) = self.tracked {
            let Tracked { until, reached, deletions } = tracked;
            let _ = write!(inner, " until=\"{until}\" reached=\"{reached}\" deletions=\"{deletions}\"");
        }
        inner.push_str(" />");
        let twice = utf8_percent_encode(&inner, NON_ALPHANUMERIC).to_string();
        let tracking = if self.tracked.is_some() { TRACKING } else { "istracking=\"False\"" };
        let outer = format!("<cookie pagenumber=\"{}\" pagingcookie=\"{twice}\" {tracking} />", self.page);
        utf8_percent_encode(&outer, NON_ALPHANUMERIC).to_string()
    }

    /// Reads a decoded `$skiptoken`.
    pub(super) fn decode(token: &str) -> Outcome<Self> {
        read(token).ok_or_else(|| Refusal::argument("Malformed XML in the Paging Cookie"))
    }
}

fn read(token: &str) -> Option<Cookie> {
    let inner = percent_decode_str(attribute(token, "pagingcookie")?).decode_utf8().ok()?;
    let last = match attribute(&inner, "last")? {
        "" => None,
        id => Some(id.parse().ok()?),
    };
    let tracked = match attribute(&inner, "until") {
        Some(until) => Some(Tracked {
            until: until.parse().ok()?,
            reached: attribute(&inner, "reached")?.parse().ok()?,
            deletions: attribute(&inner, "deletions")?.parse().ok()?,
        }),
        None => None,
    };
    let page = attribute(token, "pagenumber")?.parse().ok().filter(|page| (2..u64::MAX).contains(page))?;
    Some(Cookie { page, last, given: attribute(&inner, "given")?.parse().ok()?, tracked })
}

fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for tracked in [None, Some(Tracked { until: 9, reached: 4, deletions: true })] {
            for last in [None, Some(Uuid::from_u128(7))] {
                let cookie = Cookie { page: 3, last, given: 40, tracked };
                let text = percent_decode_str(&cookie.encode()).decode_utf8_lossy().into_owned();
                assert_eq!(text.contains(TRACKING), tracked.is_some());
                assert_eq!(Cookie::decode(&text).unwrap(), cookie);
            }
        }
    }

    #[test]
    fn garbage_is_refused() {
        for text in ["", "<cookie", "<cookie pagenumber=\"x\" pagingcookie=\"\" />", "1"] {
            assert!(Cookie::decode(text).is_err(), "{text}");
        }
    }
}
