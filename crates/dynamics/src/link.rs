//! Where the Web API stands, and which links may be followed.

use webinar_bridge_transport::Url;

/// The root of the Web API in one organization.
#[derive(Clone, Debug)]
pub(crate) struct ApiRoot(Url);

impl ApiRoot {
    /// `/api/data/<version>/` below the organization's address.
    pub(crate) fn of(base: &Url, version: &str) -> Self {
        let mut root = base.clone();
        root.set_query(None);
        root.set_fragment(None);
        root.set_path(&format!("{}/api/data/{version}/", base.path().trim_end_matches('/')));
        Self(root)
    }

    /// A resource below the root.
    pub(crate) fn at(&self, resource: &str, query: Option<&str>) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{resource}", self.0.path()));
        url.set_query(query);
        url
    }

    /// The path of a resource, as the inner requests of a batch name it.
    pub(crate) fn path(&self, resource: &str) -> String {
        format!("{}{resource}", self.0.path())
    }

    /// A link out of an answer, if it stays in this API: a token is for one organization and goes nowhere else.
    pub(crate) fn follow(&self, link: &str) -> Option<Url> {
        let url = Url::parse(link).ok()?;
        let ours = url.origin() == self.0.origin()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path().starts_with(self.0.path());
        ours.then_some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(base: &str) -> ApiRoot {
        ApiRoot::of(&base.parse().unwrap(), "v9.2")
    }

    #[test]
    fn resources_stand_below_the_root() {
        for (base, expected) in [
            ("https://o.example", "https://o.example/api/data/v9.2/contacts?$select=a"),
            ("https://o.example/?x=1#y", "https://o.example/api/data/v9.2/contacts?$select=a"),
            ("http://crm.local:8080/org/", "http://crm.local:8080/org/api/data/v9.2/contacts?$select=a"),
        ] {
            assert_eq!(root(base).at("contacts", Some("$select=a")).as_str(), expected);
        }
        assert_eq!(root("http://crm.local/org").path("contacts(1)"), "/org/api/data/v9.2/contacts(1)");
    }

    #[test]
    fn only_links_into_the_same_api_are_followed() {
        let own = [
            "https://o.example/api/data/v9.2/contacts?$select=a&$deltatoken=919042%2108%2f22%2f2017",
            "https://o.example:443/api/data/v9.2/contacts?$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E",
        ];
        for link in own {
            assert!(root("https://o.example").follow(link).is_some(), "{link}");
        }
        let foreign = [
            "https://evil.example/api/data/v9.2/contacts",
            "https://o.example.evil.example/api/data/v9.2/contacts",
            "https://o.example@evil.example/api/data/v9.2/contacts",
            "https://user@o.example/api/data/v9.2/contacts",
            "https://:word@o.example/api/data/v9.2/contacts",
            "https://o.example:8443/api/data/v9.2/contacts",
            "http://o.example/api/data/v9.2/contacts",
            "https://o.example/api/data/v9.1/contacts",
            "https://o.example/api/data/v9.2/../../../other",
            "https://o.example/api/data/v9.2/%2e%2e/%2e%2e/other",
            "https://o.example/",
            "//evil.example/api/data/v9.2/contacts",
            "/api/data/v9.2/contacts",
            "contacts?$skiptoken=1",
            "javascript:1",
            "",
        ];
        for link in foreign {
            assert!(root("https://o.example").follow(link).is_none(), "{link}");
        }
    }

    #[test]
    fn a_link_is_used_byte_for_byte() {
        let link =
            "https://o.example/api/data/v9.2/contacts?%24select=a&$deltatoken=91%2108%2f22%2F2017+x%20y";
        assert_eq!(root("https://o.example").follow(link).unwrap().as_str(), link);
    }
}
