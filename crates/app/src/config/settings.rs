//! The settings, checked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use webinar_bridge_admin::{Terms, Token};
use webinar_bridge_domain::flow::Policies;
use webinar_bridge_domain::integration::TermsVersion;
use webinar_bridge_dynamics::{Access, DynamicsSettings};
use webinar_bridge_keyvault::{AzureSettings, CacheSettings, VaultSettings};
use webinar_bridge_on24::{On24Settings, Restore};

use super::environment::variable;
use super::file::{self, File};
use super::mistake::Mistake;
use super::read::Text;

/// Everything that the program needs to know.
pub(crate) struct Settings {
    pub(crate) storage_url: String,
    pub(crate) public: SocketAddr,
    pub(crate) private: SocketAddr,
    pub(crate) log_filter: String,
    pub(crate) log_format: LogFormat,
    pub(crate) token: Option<Token>,
    pub(crate) terms: Terms,
    pub(crate) ca: Option<Vec<u8>>,
    pub(crate) vault: VaultHouse,
    pub(crate) on24: On24Settings,
    pub(crate) on24_base_url: String,
    pub(crate) dynamics: DynamicsSettings,
    pub(crate) deliver_workers: u32,
    pub(crate) policies: Policies,
    pub(crate) organizations: Vec<DeclaredOrganization>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
    /// For people on a terminal, for machines elsewhere.
    Auto,
}

/// The house of the keys.
pub(crate) struct VaultHouse(pub(crate) VaultSettings);

/// An organization that the file declares.
pub(crate) struct DeclaredOrganization {
    pub(crate) name: String,
    pub(crate) terms_accepted: Option<u32>,
    pub(crate) on24: Option<DeclaredOn24>,
    pub(crate) dataverse: Option<Access>,
}

/// The ON24 account of an organization that the file declares.
pub(crate) struct DeclaredOn24 {
    pub(crate) base_url: String,
    pub(crate) client_id: String,
    pub(crate) access_token_key: SecretString,
    pub(crate) access_token_secret: SecretString,
}

/// The terms, unless the file has others.
const TERMS: &str = "By accepting, you let webinar-bridge read registrations, names, e-mail addresses and company \
    names from this Dynamics 365 environment, send them to your ON24 account, and write webinar metrics back. \
    Credentials and personal data are kept encrypted. Remove the ON24 credentials to stop.";

/// Collects what is wrong, so that all of it is told at once.
struct Checker<'a> {
    text: Option<&'a Text>,
    mistakes: Vec<Mistake>,
}

impl Checker<'_> {
    fn mistake(&mut self, path: &[&str], what: impl Into<String>, help: Option<String>) {
        let span = self.text.and_then(|text| text.locate(path));
        self.mistakes.push(Mistake { what: what.into(), span, help });
    }

    fn needed<T>(&mut self, path: &[&str], value: Option<T>) -> Option<T> {
        if value.is_none() {
            let name = path.iter().filter(|step| step.parse::<usize>().is_err()).copied();
            let name = name.collect::<Vec<_>>().join(".");
            let help = if path.first() == Some(&"organization") {
                None
            } else {
                Some(format!("set it in the file, or as `{}`", variable(path)))
            };
            self.mistake(path, format!("`{name}` is missing"), help);
        }
        value
    }

    fn address(&mut self, path: &[&str], value: Option<String>, default: &str) -> SocketAddr {
        let given = value.as_deref().unwrap_or(default);
        given.parse().unwrap_or_else(|_| {
            let what = format!("`{}` must be an address with a port", path.join("."));
            self.mistake(path, what, Some("for example `127.0.0.1:8080`".to_owned()));
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    fn url(&mut self, path: &[&str], value: Option<String>) -> Option<Url> {
        let given = value?;
        let url =
            Url::parse(&given).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if url.is_none() {
            let name = path.iter().filter(|step| step.parse::<usize>().is_err()).copied();
            let what = format!("`{}` must be an http or https address", name.collect::<Vec<_>>().join("."));
            self.mistake(path, what, Some("for example `https://contoso.crm4.dynamics.com`".to_owned()));
        }
        url
    }
}

impl Settings {
    /// Checks everything; all mistakes together.
    pub(crate) fn checked(file: File, text: Option<&Text>, base: &Path) -> Result<Self, Vec<Mistake>> {
        let mut check = Checker { text, mistakes: vec![] };
        let storage_url = check.needed(&["storage", "url"], file.storage.url).unwrap_or_default();
        let public = check.address(&["server", "public"], file.server.public, "127.0.0.1:8080");
        let private = check.address(&["server", "private"], file.server.private, "127.0.0.1:9090");
        let log_format = log_format(&mut check, file.log.format.as_deref());
        let token = token(&mut check, file.api.bootstrap_token);
        let terms = terms(file.terms);
        let ca = ca(&mut check, file.http.ca_file, base);
        let on24_base_url =
            file.on24.base_url.clone().unwrap_or_else(|| "https://api.on24.com/v2".to_owned());
        let on24 = on24(&file.on24, &file.timing);
        let policies = policies(&file.timing, file.vault.grace, terms.version);
        let vault = vault(&mut check, file.vault, base, &storage_url);
        let declared = file.organization.into_iter().enumerate();
        let organizations: Vec<_> =
            declared.filter_map(|(i, one)| organization(&mut check, i, one, &on24_base_url)).collect();
        one_of_each_name(&mut check, &organizations);
        let deliver_workers = file.workers.deliver.unwrap_or(8);
        if !(1..=256).contains(&deliver_workers) {
            check.mistake(&["workers", "deliver"], "`workers.deliver` must be from 1 to 256", None);
        }
        match (vault, check.mistakes) {
            (Some(vault), mistakes) if mistakes.is_empty() => Ok(Self {
                storage_url,
                public,
                private,
                log_filter: file.log.filter.unwrap_or_else(|| "info".to_owned()),
                log_format,
                token,
                terms,
                ca,
                vault: VaultHouse(vault),
                on24,
                on24_base_url,
                dynamics: file.dynamics,
                deliver_workers,
                policies,
                organizations,
            }),
            (_, mistakes) => Err(mistakes),
        }
    }
}

fn log_format(check: &mut Checker<'_>, given: Option<&str>) -> LogFormat {
    match given {
        None | Some("auto") => LogFormat::Auto,
        Some("text") => LogFormat::Text,
        Some("json") => LogFormat::Json,
        Some(_) => {
            check.mistake(&["log", "format"], "`log.format` must be `auto`, `text` or `json`", None);
            LogFormat::Auto
        }
    }
}

fn token(check: &mut Checker<'_>, given: Option<SecretString>) -> Option<Token> {
    let token = given.map(Token::configured);
    if let Some(None) = token {
        let help = Some("`openssl rand -hex 32` makes a good one".to_owned());
        let path = ["api", "bootstrap_token"];
        check.mistake(&path, "`api.bootstrap_token` must have at least 32 characters", help);
    }
    token.flatten()
}

fn terms(given: file::Terms) -> Terms {
    let version = TermsVersion(given.version.unwrap_or(1));
    Terms { version, text: given.text.unwrap_or_else(|| TERMS.to_owned()) }
}

fn ca(check: &mut Checker<'_>, given: Option<PathBuf>, base: &Path) -> Option<Vec<u8>> {
    let path = base.join(given?);
    match std::fs::read(&path) {
        Ok(pem) => Some(pem),
        Err(error) => {
            let what = format!("the certificates in {} cannot be read: {error}", path.display());
            check.mistake(&["http", "ca_file"], what, None);
            None
        }
    }
}

fn on24(given: &file::On24, timing: &file::Timing) -> On24Settings {
    let default = On24Settings::default();
    On24Settings {
        honor_required: given.honor_required.unwrap_or(default.honor_required),
        honor_validation: given.honor_validation.unwrap_or(default.honor_validation),
        event_email: given.event_email.unwrap_or(default.event_email),
        restore: if given.restore == Some(false) { Restore::Never } else { Restore::Always },
        landing: timing.landing.unwrap_or(default.landing),
        ..default
    }
}

fn policies(timing: &file::Timing, grace: Option<SignedDuration>, terms: TermsVersion) -> Policies {
    let mut policies = Policies { terms, ..Policies::default() };
    let set = |place: &mut SignedDuration, given: Option<SignedDuration>| {
        if let Some(given) = given {
            *place = given.max(SignedDuration::ZERO);
        }
    };
    set(&mut policies.poll, timing.poll);
    set(&mut policies.outage_rest, timing.outage_rest);
    set(&mut policies.vault_grace, grace);
    set(&mut policies.registration.pause, timing.pause);
    set(&mut policies.registration.landing, timing.landing);
    let retry = &mut policies.retry;
    set(&mut retry.blind_quota, timing.blind_quota);
    set(&mut retry.longest_wait, timing.longest_wait);
    set(&mut retry.credential_probe, timing.credential_probe);
    set(&mut retry.permission_probe, timing.permission_probe);
    if let Some(waits) = timing.retry_waits.as_ref().filter(|waits| !waits.is_empty()) {
        retry.waits.clone_from(waits);
    }
    policies
}

fn vault(check: &mut Checker<'_>, given: file::Vault, base: &Path, store: &str) -> Option<VaultSettings> {
    match given.kind.as_deref() {
        None | Some("keyring") => {
            let path = given.path.map_or_else(|| beside_store(store), |path| base.join(path));
            Some(VaultSettings::Keyring { path })
        }
        Some("azure") => azure(check, given),
        Some(_) => {
            check.mistake(&["vault", "kind"], "`vault.kind` must be `azure` or `keyring`", None);
            None
        }
    }
}

/// Where the keyring is if nothing is said: beside the store.
fn beside_store(store: &str) -> PathBuf {
    let path = PathBuf::from(store.strip_prefix("sqlite://").unwrap_or("."));
    path.with_extension("keyring")
}

fn azure(check: &mut Checker<'_>, given: file::Vault) -> Option<VaultSettings> {
    let authority = given.authority.unwrap_or_else(|| "https://login.microsoftonline.com".to_owned());
    let base_url = check.needed(&["vault", "base_url"], given.base_url);
    let base_url = check.url(&["vault", "base_url"], base_url);
    let authority = check.url(&["vault", "authority"], Some(authority));
    let key_name = check.needed(&["vault", "key_name"], given.key_name);
    let tenant_id = check.needed(&["vault", "tenant_id"], given.tenant_id);
    let client_id = check.needed(&["vault", "client_id"], given.client_id);
    let client_secret = check.needed(&["vault", "client_secret"], given.client_secret);
    let installation_key = check.needed(&["vault", "installation_key"], given.installation_key);
    let mut cache = CacheSettings::default();
    if let Some(grace) = given.grace {
        cache.outage = grace;
    }
    Some(VaultSettings::Azure(Box::new(AzureSettings {
        base_url: base_url?,
        key_name: key_name?,
        authority: authority?,
        tenant_id: tenant_id?,
        client_id: client_id?,
        client_secret: client_secret?,
        installation: None,
        installation_key: installation_key?,
        retired_installation_keys: vec![],
        allow_insecure_loopback: given.allow_insecure_loopback.unwrap_or(false),
        api_version: AzureSettings::API_VERSION.to_owned(),
        cache,
    })))
}

fn organization(
    check: &mut Checker<'_>,
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
    let on24 = given.on24.map(|on24| declared_on24(check, &at(&["on24"]), on24, default_base_url));
    let dataverse = given.dataverse.map(|crm| declared_dataverse(check, &at(&["dataverse"]), crm));
    if matches!(on24, Some(None)) || matches!(dataverse, Some(None)) {
        return None;
    }
    let (on24, dataverse) = (on24.flatten(), dataverse.flatten());
    Some(DeclaredOrganization { name: name?, terms_accepted: given.terms_accepted, on24, dataverse })
}

fn borrowed(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

fn declared_on24(
    check: &mut Checker<'_>,
    path: &[String],
    given: file::OrganizationOn24,
    default_base_url: &str,
) -> Option<DeclaredOn24> {
    let at = |name: &'static str| borrowed(path).into_iter().chain([name]).collect::<Vec<_>>();
    let base_url = given.base_url.unwrap_or_else(|| default_base_url.to_owned());
    let base_url = check.url(&at("base_url"), Some(base_url));
    let client_id = check.needed(&at("client_id"), given.client_id);
    let key = check.needed(&at("access_token_key"), given.access_token_key);
    let secret = check.needed(&at("access_token_secret"), given.access_token_secret);
    Some(DeclaredOn24 {
        base_url: base_url?.to_string(),
        client_id: client_id?.0,
        access_token_key: key?,
        access_token_secret: secret?,
    })
}

fn declared_dataverse(
    check: &mut Checker<'_>,
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

fn one_of_each_name(check: &mut Checker<'_>, organizations: &[DeclaredOrganization]) {
    for (i, one) in organizations.iter().enumerate() {
        if organizations[..i].iter().any(|other| other.name == one.name) {
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
        context.finish().as_ref().iter().fold(String::new(), |mut hex, byte| {
            use std::fmt::Write as _;
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}
