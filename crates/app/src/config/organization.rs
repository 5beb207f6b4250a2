//! Organizations that the file declares.

use secrecy::{ExposeSecret as _, SecretString};
use webinar_bridge_domain::endpoint::EndpointId;
use webinar_bridge_dynamics::Access;

use super::check::Check;
use super::file;

/// An organization that the file declares.
pub(crate) struct DeclaredOrganization {
    pub(crate) name: String,
    pub(crate) terms_accepted: Option<u32>,
    pub(crate) on24: Option<DeclaredOn24>,
    pub(crate) dataverse: Option<Access>,
    pub(crate) webhook: Option<DeclaredWebhook>,
}

/// The door for webhooks of an organization that the file declares.
pub(crate) struct DeclaredWebhook {
    pub(crate) endpoint: EndpointId,
    pub(crate) secret: SecretString,
}

/// The ON24 account of an organization that the file declares.
pub(crate) struct DeclaredOn24 {
    pub(crate) base_url: String,
    pub(crate) client_id: String,
    pub(crate) access_token_key: SecretString,
    pub(crate) access_token_secret: SecretString,
}

/// An organization without mistakes.
pub(super) fn checked(
    check: &mut Check<'_>,
    index: usize,
    given: file::Organization,
    default_base_url: &str,
) -> Option<DeclaredOrganization> {
    let index = index.to_string();
    let at = |rest: &[&'static str]| -> Vec<String> {
        ["organization".to_owned(), index.clone()]
            .into_iter()
            .chain(rest.iter().map(|s| (*s).to_owned()))
            .collect()
    };
    let path = at(&["name"]);
    let name = check.needed(&borrowed(&path), given.name.map(|name| name.trim().to_owned()));
    if name.as_deref() == Some("") {
        check.mistake(&borrowed(&path), "`organization.name` must not be empty", None);
    }
    let on24 = given.on24.map(|on24| declared_on24(check, &at(&["on24"]), on24, default_base_url));
    let dataverse = given.dataverse.map(|crm| declared_dataverse(check, &at(&["dataverse"]), crm));
    let webhook = given.webhook.map(|webhook| declared_webhook(check, &at(&["webhook"]), webhook));
    if matches!(on24, Some(None)) || matches!(dataverse, Some(None)) || matches!(webhook, Some(None)) {
        return None;
    }
    let (on24, dataverse, webhook) = (on24.flatten(), dataverse.flatten(), webhook.flatten());
    Some(DeclaredOrganization { name: name?, terms_accepted: given.terms_accepted, on24, dataverse, webhook })
}

fn borrowed(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

fn declared_on24(
    check: &mut Check<'_>,
    path: &[String],
    given: file::OrganizationOn24,
    default_base_url: &str,
) -> Option<DeclaredOn24> {
    let at = |name: &'static str| borrowed(path).into_iter().chain([name]).collect::<Vec<_>>();
    let base_url = match given.base_url {
        Some(given) => check.url(&at("base_url"), Some(given)).map(|url| url.to_string()),
        None => Some(default_base_url.to_owned()),
    };
    let client_id = check.needed(&at("client_id"), given.client_id).map(|id| id.0);
    if client_id.as_ref().is_some_and(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit())) {
        check.mistake(&at("client_id"), "`organization.on24.client_id` must be a number", None);
    }
    let key = check.needed(&at("access_token_key"), given.access_token_key);
    let secret = check.needed(&at("access_token_secret"), given.access_token_secret);
    Some(DeclaredOn24 {
        base_url: base_url?,
        client_id: client_id?,
        access_token_key: key?,
        access_token_secret: secret?,
    })
}

fn declared_dataverse(
    check: &mut Check<'_>,
    path: &[String],
    given: file::OrganizationDataverse,
) -> Option<Access> {
    let at = |name: &'static str| borrowed(path).into_iter().chain([name]).collect::<Vec<_>>();
    let authority = given.authority.unwrap_or_else(|| "https://login.microsoftonline.com".to_owned());
    let base_url = check.needed(&at("base_url"), given.base_url);
    let base_url = check.url(&at("base_url"), base_url);
    let authority = check.url(&at("authority"), Some(authority));
    let tenant_id = check.needed(&at("tenant_id"), given.tenant_id);
    let client_id = check.needed(&at("client_id"), given.client_id);
    let client_secret = check.needed(&at("client_secret"), given.client_secret);
    Some(Access {
        base_url: base_url?,
        authority: authority?,
        tenant_id: tenant_id?,
        client_id: client_id?,
        client_secret: client_secret?,
    })
}

fn declared_webhook(
    check: &mut Check<'_>,
    path: &[String],
    given: file::OrganizationWebhook,
) -> Option<DeclaredWebhook> {
    let at = |name: &'static str| borrowed(path).into_iter().chain([name]).collect::<Vec<_>>();
    let endpoint = check.needed(&at("endpoint"), given.endpoint);
    let id = endpoint.as_deref().and_then(|text| uuid::Uuid::try_parse(text).ok()).filter(|id| !id.is_nil());
    if endpoint.is_some() && id.is_none() {
        let help = Some("`openssl rand -hex 16` makes a good one".to_owned());
        let what = "`organization.webhook.endpoint` must have 32 hexadecimal digits";
        check.mistake(&at("endpoint"), what, help);
    }
    let secret = check.needed(&at("secret"), given.secret);
    let fits = |secret: &SecretString| {
        let text = secret.expose_secret();
        text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if secret.as_ref().is_some_and(|secret| !fits(secret)) {
        let help = Some("`openssl rand -hex 32` makes a good one".to_owned());
        let what = "`organization.webhook.secret` must have at least 32 characters, ASCII and no blanks";
        check.mistake(&at("secret"), what, help);
    }
    Some(DeclaredWebhook { endpoint: id?.into(), secret: secret? })
}

/// A name stands for one organization.
pub(super) fn one_of_each_name(check: &mut Check<'_>, given: &[file::Organization]) {
    let name = |one: &file::Organization| one.name.as_ref().map(|name| name.trim().to_owned());
    for (i, one) in given.iter().enumerate() {
        if name(one).is_some() && given[..i].iter().any(|other| name(other) == name(one)) {
            let index = i.to_string();
            let path = ["organization", index.as_str(), "name"];
            check.mistake(&path, "two organizations have the same name", None);
        }
    }
}

impl DeclaredOrganization {
    /// Tells one declaration from another without telling what is in it.
    pub(crate) fn digest(&self) -> String {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        let mut add = |text: &str| {
            context.update(&text.len().to_be_bytes());
            context.update(text.as_bytes());
        };
        add(&self.name);
        add(&format!("{:?}", self.terms_accepted));
        if let Some(on24) = &self.on24 {
            add("on24");
            add(&on24.base_url);
            add(&on24.client_id);
            add(on24.access_token_key.expose_secret());
            add(on24.access_token_secret.expose_secret());
        }
        if let Some(crm) = &self.dataverse {
            add("dataverse");
            add(crm.base_url.as_str());
            add(crm.authority.as_str());
            add(&crm.tenant_id);
            add(&crm.client_id);
            add(crm.client_secret.expose_secret());
        }
        if let Some(webhook) = &self.webhook {
            add("webhook");
            add(&webhook.endpoint.to_string());
            add(webhook.secret.expose_secret());
        }
        context.finish().as_ref().iter().fold(String::new(), |mut hex, byte| {
            use std::fmt::Write as _;
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}
