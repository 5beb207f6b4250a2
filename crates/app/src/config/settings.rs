//! The settings, checked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use webinar_bridge_admin::{Terms, Token};
use webinar_bridge_domain::flow::Policies;
use webinar_bridge_domain::integration::TermsVersion;
use webinar_bridge_domain::registration::BrakePolicy;
use webinar_bridge_domain::share::SharePolicy;
use webinar_bridge_domain::task::NightPolicy;
use webinar_bridge_dynamics::DynamicsSettings;
use webinar_bridge_keyvault::{AzureSettings, CacheSettings, VaultSettings};
use webinar_bridge_on24::{On24Settings, Restore};

use super::check::Check;
use super::environment::Variables;
use super::file::{self, File};
use super::mistake::Mistake;
use super::organization::{self, DeclaredOrganization};
use super::read::Text;

/// Everything that the program needs to know.
pub(crate) struct Settings {
    pub(crate) storage_url: String,
    pub(crate) storage_pages: Option<u32>,
    pub(crate) public: SocketAddr,
    pub(crate) private: SocketAddr,
    /// How long the doors stay open once readiness has said no.
    pub(crate) drain: Duration,
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
    /// The header that carries the keys of webhooks.
    pub(crate) webhook_header: String,
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

/// The terms, unless the file has others.
const TERMS: &str = "By accepting, you let webinar-bridge read registrations, names, e-mail addresses and company \
    names from this Dynamics 365 environment, send them to your ON24 account, and write webinar metrics back. \
    Credentials and personal data are kept encrypted. Remove the ON24 credentials to stop.";

impl Settings {
    /// Checks everything; all mistakes together.
    pub(crate) fn checked(
        file: File,
        text: Option<&Text>,
        variables: &Variables,
        base: &Path,
    ) -> Result<Self, Vec<Mistake>> {
        let mut check = Check::new(text, variables);
        let storage_url = storage_url(&mut check, file.storage.url);
        let public = check.address(&["server", "public"], file.server.public.as_deref(), "127.0.0.1:8080");
        let private = check.address(&["server", "private"], file.server.private.as_deref(), "127.0.0.1:9090");
        let drain = drain(&mut check, file.server.drain);
        let log_filter = log_filter(&mut check, file.log.filter);
        let log_format = log_format(&mut check, file.log.format.as_deref());
        let token = token(&mut check, file.api.bootstrap_token);
        let terms = terms(file.terms);
        let ca = ca(&mut check, file.http.ca_file, base);
        let on24_base_url =
            file.on24.base_url.clone().unwrap_or_else(|| "https://api.on24.com/v2".to_owned());
        check.url(&["on24", "base_url"], file.on24.base_url.clone());
        let on24 = on24(&file.on24, &file.timing);
        let mut policies = policies(&mut check, &file.timing, file.vault.grace, terms.version);
        intake(&mut check, &mut policies, &file.intake);
        brake(&mut check, &mut policies.brake, &file.brake);
        night(&mut check, &mut policies.night, &file.night);
        let pause = check.duration(&["held", "release_pause"], file.held.release_pause);
        policies.release_pause = pause.unwrap_or(policies.release_pause);
        pace(&mut check, &mut policies, &file.pace);
        let webhook_header = webhook_header(&mut check, file.webhooks.header);
        let vault = vault(&mut check, file.vault, base, &storage_url);
        organization::one_of_each_name(&mut check, &file.organization);
        let declared = file.organization.into_iter().enumerate();
        let organizations: Vec<_> = declared
            .filter_map(|(i, one)| organization::checked(&mut check, i, one, &on24_base_url))
            .collect();
        let deliver_workers = share(&mut check, &mut policies.share, &file.workers);
        if !(1..=256).contains(&deliver_workers) {
            check.mistake(&["workers", "deliver"], "`workers.deliver` must be from 1 to 256", None);
        }
        match (vault, check.mistakes()) {
            (Some(vault), mistakes) if mistakes.is_empty() => Ok(Self {
                storage_url,
                storage_pages: file.storage.max_pages,
                public,
                private,
                drain,
                log_filter,
                log_format,
                token,
                terms,
                ca,
                vault: VaultHouse(vault),
                on24,
                on24_base_url,
                dynamics: file.dynamics,
                deliver_workers,
                webhook_header,
                policies,
                organizations,
            }),
            (_, mistakes) => Err(mistakes),
        }
    }
}

/// An address that names a file by an absolute path. It may be a foreign one with a password: it is not repeated.
fn storage_url(check: &mut Check<'_>, given: Option<String>) -> String {
    let path = ["storage", "url"];
    let url = check.needed(&path, given).unwrap_or_default();
    let help = Some("for example `sqlite:///var/lib/webinar-bridge/bridge.db`".to_owned());
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        check.mistake(&path, "PostgreSQL is not built yet: `storage.url` must begin with `sqlite:///`", help);
    } else if !url.is_empty() && !url.starts_with("sqlite:///") {
        check.mistake(&path, "`storage.url` must name a file by an absolute path", help);
    }
    url
}

fn log_filter(check: &mut Check<'_>, given: Option<String>) -> String {
    let filter = given.unwrap_or_else(|| "info".to_owned());
    if EnvFilter::try_new(&filter).is_err() {
        let help = Some("for example `info` or `info,webinar_bridge_on24=debug`".to_owned());
        check.mistake(&["log", "filter"], "`log.filter` must be a list of levels", help);
    }
    filter
}

fn log_format(check: &mut Check<'_>, given: Option<&str>) -> LogFormat {
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

fn token(check: &mut Check<'_>, given: Option<SecretString>) -> Option<Token> {
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

fn ca(check: &mut Check<'_>, given: Option<PathBuf>, base: &Path) -> Option<Vec<u8>> {
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
        read_lag: timing.read_lag.unwrap_or(default.read_lag),
        published_pace: given.published_pace.unwrap_or(default.published_pace),
        ..default
    }
}

fn policies(
    check: &mut Check<'_>,
    timing: &file::Timing,
    grace: Option<SignedDuration>,
    terms: TermsVersion,
) -> Policies {
    let mut policies = Policies { terms, ..Policies::default() };
    // The adapter's; only its form is looked at here.
    check.duration(&["timing", "read_lag"], timing.read_lag);
    let mut set = |place: &mut SignedDuration, path: [&str; 2], given: Option<SignedDuration>| {
        *place = check.duration(&path, given).unwrap_or(*place);
    };
    set(&mut policies.poll, ["timing", "poll"], timing.poll);
    set(&mut policies.outage_rest, ["timing", "outage_rest"], timing.outage_rest);
    set(&mut policies.vault_grace, ["vault", "grace"], grace);
    set(&mut policies.registration.pause, ["timing", "pause"], timing.pause);
    set(&mut policies.registration.landing, ["timing", "landing"], timing.landing);
    set(&mut policies.cadence.then_every, ["timing", "attendance_every"], timing.attendance_every);
    let retry = &mut policies.retry;
    set(&mut retry.blind_quota, ["timing", "blind_quota"], timing.blind_quota);
    set(&mut retry.longest_wait, ["timing", "longest_wait"], timing.longest_wait);
    set(&mut retry.credential_probe, ["timing", "credential_probe"], timing.credential_probe);
    set(&mut retry.permission_probe, ["timing", "permission_probe"], timing.permission_probe);
    let lists = [
        ("retry_waits", &timing.retry_waits, &mut retry.waits),
        ("attendance_waits", &timing.attendance_waits, &mut policies.cadence.after_end),
    ];
    for (name, given, place) in lists {
        let Some(waits) = given.as_ref().filter(|waits| !waits.is_empty()) else { continue };
        for wait in waits {
            check.duration(&["timing", name], Some(*wait));
        }
        place.clone_from(waits);
    }
    policies.cadence.after_end.sort_unstable();
    policies
}

/// Long enough for load balancers to notice, short enough to end within 20 seconds.
fn drain(check: &mut Check<'_>, given: Option<SignedDuration>) -> Duration {
    let given = check.duration(&["server", "drain"], given);
    if given.is_some_and(|drain| drain > SignedDuration::from_secs(10)) {
        check.mistake(&["server", "drain"], "`server.drain` must be from 0s to 10s", None);
    }
    given.and_then(|drain| Duration::try_from(drain).ok()).unwrap_or(Duration::from_secs(3))
}

fn intake(check: &mut Check<'_>, policies: &mut Policies, given: &file::Intake) {
    policies.linger = check.duration(&["intake", "linger"], given.linger).unwrap_or(policies.linger);
    if let Some(spread) = given.poll_spread {
        if spread > 50 {
            check.mistake(&["intake", "poll_spread"], "`intake.poll_spread` must be from 0 to 50", None);
        }
        policies.poll_spread = spread;
    }
    if let Some(reads) = given.reads_a_minute {
        if !(1..=100_000).contains(&reads) {
            let what = "`intake.reads_a_minute` must be from 1 to 100000";
            check.mistake(&["intake", "reads_a_minute"], what, None);
        }
        policies.reads_a_minute = reads;
    }
}

fn brake(check: &mut Check<'_>, policy: &mut BrakePolicy, given: &file::Brake) {
    policy.few = given.few.unwrap_or(policy.few);
    policy.percent = given.percent.unwrap_or(policy.percent);
    if policy.percent > 100 {
        check.mistake(&["brake", "percent"], "`brake.percent` must be from 0 to 100", None);
    }
    policy.window = check.duration(&["brake", "window"], given.window).unwrap_or(policy.window);
}

fn night(check: &mut Check<'_>, policy: &mut NightPolicy, given: &file::Night) {
    let mut time = |name: &'static str, given: Option<SignedDuration>, default: SignedDuration| {
        check.duration(&["night", name], given).unwrap_or(default)
    };
    policy.every = time("every", given.every, policy.every);
    policy.after_midnight = time("after_midnight", given.after_midnight, policy.after_midnight);
    policy.after_end = time("after_end", given.after_end, policy.after_end);
    policy.keep = time("keep", given.keep, policy.keep);
    if policy.every < SHORTEST_NIGHT {
        let help = "the provider's whole list is read each time";
        check.mistake(&["night", "every"], "`night.every` must be at least 1 minute", Some(help.to_owned()));
    }
}

/// The shortest time between two nights.
const SHORTEST_NIGHT: SignedDuration = SignedDuration::from_mins(1);

/// How organizations share the calls to the provider; the answer is how many calls there are in all.
fn share(check: &mut Check<'_>, policy: &mut SharePolicy, given: &file::Workers) -> u32 {
    policy.slots = given.deliver.unwrap_or(policy.slots);
    policy.of_one = given.organization.unwrap_or(policy.of_one);
    policy.percent = given.percent.unwrap_or(policy.percent);
    for (name, number) in [("organization", policy.of_one), ("percent", policy.percent)] {
        let most = if name == "percent" { 100 } else { 256 };
        if !(1..=most).contains(&number) {
            let what = format!("`workers.{name}` must be from 1 to {most}");
            check.mistake(&["workers", name], what, None);
        }
    }
    policy.slots
}

/// The figures of gates: what a gate waits for is set where the same wait of an item is.
fn pace(check: &mut Check<'_>, policies: &mut Policies, given: &file::Pace) {
    let (pace, retry) = (&mut policies.pace, &policies.retry);
    pace.paced = given.enabled.unwrap_or(pace.paced);
    pace.patience = check.duration(&["pace", "patience"], given.patience).unwrap_or(pace.patience);
    pace.outage_after = given.outage_after.unwrap_or(pace.outage_after);
    pace.retries_a_minute = given.retries_a_minute.unwrap_or(pace.retries_a_minute);
    for (name, number) in [("outage_after", pace.outage_after), ("retries_a_minute", pace.retries_a_minute)] {
        if number == 0 {
            check.mistake(&["pace", name], format!("`pace.{name}` must be at least 1"), None);
        }
    }
    if let Some(first) = pace.quota_probes.first_mut() {
        *first = retry.blind_quota;
    }
    pace.overshoot_wait = pace.overshoot_wait.min(retry.blind_quota);
    (pace.credential_probe, pace.permission_probe) = (retry.credential_probe, retry.permission_probe);
    (pace.shortest_wait, pace.longest_wait) = (retry.shortest_wait, retry.longest_wait);
}

/// The header that carries the keys of webhooks.
fn webhook_header(check: &mut Check<'_>, given: Option<String>) -> String {
    let header = given.unwrap_or_else(|| "x-webinar-bridge-key".to_owned()).to_ascii_lowercase();
    let taken =
        ["authorization", "cookie", "content-type", "content-length", "host"].contains(&header.as_str());
    if taken || axum::http::HeaderName::try_from(header.as_str()).is_err() {
        let help = Some("for example `x-webinar-bridge-key`".to_owned());
        check.mistake(
            &["webhooks", "header"],
            "`webhooks.header` must be the name of a header of its own",
            help,
        );
    }
    header
}

fn vault(check: &mut Check<'_>, given: file::Vault, base: &Path, store: &str) -> Option<VaultSettings> {
    match given.kind.as_deref() {
        None if given.base_url.is_some() || given.key_name.is_some() => {
            let help = Some("`azure` for a key vault, `keyring` for a file of this machine".to_owned());
            check.mistake(&["vault", "kind"], "`vault.kind` is missing", help);
            None
        }
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

fn azure(check: &mut Check<'_>, given: file::Vault) -> Option<VaultSettings> {
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
    let settings = VaultSettings::Azure(Box::new(AzureSettings {
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
    }));
    match settings.check() {
        Ok(()) => Some(settings),
        Err(error) => {
            check.mistake(&["vault"], error.to_string(), None);
            None
        }
    }
}
