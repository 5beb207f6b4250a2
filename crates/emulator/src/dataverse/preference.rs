//! What a client prefers: the `Prefer` header.

use crate::wire::Call;

/// The largest page; more is not given, and an unreadable wish is passed over.
pub(super) const LARGEST_PAGE: usize = 5000;

/// The preferences of one request.
#[derive(Debug, Default)]
pub(super) struct Preferences {
    page: Option<usize>,
    annotations: Vec<String>,
    pub(super) track: bool,
    pub(super) represent: bool,
    pub(super) continue_on_error: bool,
}

impl Preferences {
    /// Of all `Prefer` headers, each with one or several preferences.
    pub(super) fn of(call: &Call) -> Self {
        let mut preferences = Self::default();
        for header in call.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok()) {
            for wish in split(header, ',') {
                preferences.take(wish.trim());
            }
        }
        preferences
    }

    fn take(&mut self, wish: &str) {
        let (name, value) = wish.split_once('=').unwrap_or((wish, ""));
        let value = value.trim().trim_matches('"');
        match (name.trim().to_ascii_lowercase().as_str(), value) {
            ("odata.maxpagesize", size) => {
                self.page = size.parse().ok().filter(|size| (1..=LARGEST_PAGE).contains(size));
            }
            ("odata.include-annotations", list) => {
                self.annotations = list.split(',').map(|pattern| pattern.trim().to_owned()).collect();
            }
            ("odata.track-changes", "" | "true") => self.track = true,
            ("odata.continue-on-error", "" | "true") => self.continue_on_error = true,
            ("return", "representation") => self.represent = true,
            _ => {}
        }
    }

    pub(super) fn page(&self) -> usize {
        self.page.unwrap_or(LARGEST_PAGE)
    }

    pub(super) fn annotated(&self) -> bool {
        !self.annotations.is_empty()
    }

    /// Whether an annotation of this name was asked for; a later pattern overrules an earlier one.
    pub(super) fn annotates(&self, name: &str) -> bool {
        self.annotations.iter().fold(false, |asked, pattern| match pattern.strip_prefix('-') {
            Some(without) => asked && !matches(without, name),
            None => asked || matches(pattern, name),
        })
    }

    /// What of it was heeded by a read, as `Preference-Applied` says it.
    pub(super) fn applied(&self) -> Option<String> {
        let mut applied = Vec::new();
        if self.track {
            applied.push("odata.track-changes".to_owned());
        }
        if let Some(size) = self.page {
            applied.push(format!("odata.maxpagesize={size}"));
        }
        if self.annotated() {
            applied.push(format!("odata.include-annotations=\"{}\"", self.annotations.join(",")));
        }
        (!applied.is_empty()).then(|| applied.join(","))
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

/// Splits where the separator stands outside of quotes and parentheses.
pub(super) fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_i32, None);
    for (place, char) in text.char_indices() {
        match (quote, char) {
            (Some(open), _) if open == char => quote = None,
            (None, '"' | '\'') => quote = Some(char),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, _) if char == separator && depth <= 0 => {
                parts.push(&text[start..place]);
                start = place + char.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};

    use super::*;

    fn preferences(lines: &[&'static str]) -> Preferences {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("Prefer", HeaderValue::from_static(line));
        }
        Preferences::of(&Call { headers, ..Call::bare(Method::GET, "") })
    }

    #[test]
    fn several_preferences_stand_on_one_line_or_on_several() {
        let one = preferences(&[r#"odata.include-annotations="*",odata.maxpagesize=1,odata.track-changes"#]);
        assert!(one.annotates("OData.Community.Display.V1.FormattedValue") && one.track && one.page() == 1);
        let two = preferences(&["odata.maxpagesize=20", "return=representation, odata.continue-on-error"]);
        assert!(two.represent && two.continue_on_error && two.page() == 20 && !two.annotated());
    }

    #[test]
    fn annotations_are_asked_for_by_pattern() {
        let some = preferences(&[
            r#"odata.include-annotations="Microsoft.Dynamics.CRM.*,-Microsoft.Dynamics.CRM.x""#,
        ]);
        assert!(some.annotates("Microsoft.Dynamics.CRM.lookuplogicalname"));
        assert!(!some.annotates("Microsoft.Dynamics.CRM.x"));
        assert!(!some.annotates("OData.Community.Display.V1.FormattedValue"));
    }

    #[test]
    fn a_page_beyond_the_largest_is_passed_over() {
        for line in ["odata.maxpagesize=5001", "odata.maxpagesize=0", "odata.maxpagesize=many"] {
            assert_eq!(preferences(&[line]).page(), LARGEST_PAGE);
        }
    }
}
