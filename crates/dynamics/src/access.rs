//! How an organization is reached: the text of its secret.

use core::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;
use webinar_bridge_domain::port::OpenSecret;
use webinar_bridge_transport::TokenOrder;

/// What it takes to reach an organization of Dynamics 365.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// The organization's address, such as `https://contoso.crm4.dynamics.com`.
    pub base_url: Url,
    /// The directory's address, such as `https://login.microsoftonline.com`.
    pub authority: Url,
    /// The directory's tenant, as an id or a domain.
    pub tenant_id: String,
    /// The application that is a user of the organization.
    pub client_id: String,
    /// The application's secret.
    pub client_secret: SecretString,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access([redacted])")
    }
}

/// The secret as this adapter reads it: what is stored for [`Purpose::Crm`](webinar_bridge_domain::credential::Purpose).
pub fn secret(access: &Access) -> OpenSecret {
    let text = serde_json::json!({
        "base_url": access.base_url.as_str(),
        "authority": access.authority.as_str(),
        "tenant_id": access.tenant_id,
        "client_id": access.client_id,
        "client_secret": access.client_secret.expose_secret(),
    });
    OpenSecret::new(SecretString::from(text.to_string()))
}

impl Access {
    /// Reads a secret; `None` if it is of another form, which is told to nobody.
    pub(crate) fn read(secret: &OpenSecret) -> Option<Self> {
        let access: Self = serde_json::from_str(secret.reveal().expose_secret()).ok()?;
        let reachable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        let complete = [&access.tenant_id, &access.client_id].iter().all(|text| !text.is_empty());
        (complete && reachable(&access.base_url) && reachable(&access.authority)).then_some(access)
    }

    /// The token for this organization and no other.
    pub(crate) fn order(&self, version: u64) -> TokenOrder {
        TokenOrder {
            authority: self.authority.clone(),
            tenant: self.tenant_id.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            version,
            scope: format!("{}/.default", self.base_url.origin().ascii_serialization()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(base_url: &str) -> Access {
        Access {
            base_url: base_url.parse().unwrap(),
            authority: "https://login.microsoftonline.com".parse().unwrap(),
            tenant_id: "tenant".into(),
            client_id: "client".into(),
            client_secret: "hush \"quoted\"".into(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let read = Access::read(&secret(&access("https://org.crm4.dynamics.com/"))).unwrap();
        assert_eq!(read.client_secret.expose_secret(), "hush \"quoted\"");
        let order = read.order(7);
        assert_eq!((order.scope.as_str(), order.version), ("https://org.crm4.dynamics.com/.default", 7));
        assert_eq!(order.tenant, "tenant");
        let local = access("http://127.0.0.1:8080/any/path").order(1);
        assert_eq!(local.scope, "http://127.0.0.1:8080/.default");
    }

    #[test]
    fn another_form_is_refused() {
        let whole = secret(&access("https://org.crm4.dynamics.com"));
        let whole = whole.reveal().expose_secret();
        let spoilt = [
            String::new(),
            "{}".into(),
            whole.replace("https://org", "ftp://org"),
            whole.replace("https://org.crm4.dynamics.com", "org"),
            whole.replace("\"tenant\"", "\"\""),
            whole.replace('{', "{\"more\":1,"),
        ];
        for text in spoilt {
            assert!(Access::read(&OpenSecret::new(text.clone().into())).is_none(), "{text}");
        }
    }

    #[test]
    fn nothing_of_it_prints() {
        assert_eq!(format!("{:?}", access("https://org.crm4.dynamics.com")), "Access([redacted])");
    }
}
