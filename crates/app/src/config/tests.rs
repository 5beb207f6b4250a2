//! Tests of the configuration: what is read, what is refused, and what a refusal shows.

mod secrets;

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use webinar_bridge_domain::registration::BrakePolicy;
use webinar_bridge_domain::task::NightPolicy;
use webinar_bridge_keyvault::VaultSettings;
use webinar_bridge_on24::Restore;

use super::file::SECRETS;
use super::shape::Shape;
use super::{LogFormat, Settings, Source, read};

/// A file in a folder of its own, and an environment.
struct Given {
    folder: TempDir,
    variables: HashMap<String, String>,
}

impl Given {
    fn file(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bridge.toml"), text).unwrap();
        Self { folder, variables: HashMap::new() }
    }

    /// A file with a store, and this.
    fn with_store(text: &str) -> Self {
        Self::file(&format!("storage.url = \"sqlite:///tmp/x/bridge.db\"\n{text}"))
    }

    fn and(mut self, key: &str, value: &str) -> Self {
        self.variables.insert(format!("WEBINAR_BRIDGE__{key}"), value.to_owned());
        self
    }

    fn secret_file(self, key: &str, text: &str) -> Self {
        let path = self.folder.path().join("secret");
        std::fs::write(&path, text).unwrap();
        let path = path.display().to_string();
        self.and(key, &path)
    }

    fn read(&self) -> Result<Settings, String> {
        let source =
            Source { path: Some(self.folder.path().join("bridge.toml")), variables: self.variables.clone() };
        read(&source).map_err(|unusable| unusable.to_string())
    }

    #[track_caller]
    fn good(&self) -> Settings {
        self.read().unwrap_or_else(|report| panic!("{report}"))
    }

    #[track_caller]
    fn bad(&self) -> String {
        self.read().err().expect("a report")
    }
}

/// What all of these are in.
#[track_caller]
fn tells(report: &str, all: &[&str]) {
    let report = report.replace("\n  │ ", " ");
    for some in all {
        assert!(report.contains(some), "`{some}` is not in:\n{report}");
    }
}

const TOKEN: &str = "0123456789012345678901234567890123456789";

#[test]
fn a_store_is_all_that_is_needed() {
    let settings = Given::with_store("").good();
    assert_eq!(settings.storage_url, "sqlite:///tmp/x/bridge.db");
    assert_eq!(settings.public.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.private.to_string(), "127.0.0.1:9090");
    assert_eq!((settings.log_filter.as_str(), settings.log_format), ("info", LogFormat::Auto));
    assert_eq!(settings.on24_base_url, "https://api.on24.com/v2");
    assert_eq!(settings.deliver_workers, 64);
    assert_eq!(settings.policies.share.bound(), 4);
    assert_eq!(settings.terms.version.0, 1);
    assert!(settings.token.is_none() && settings.ca.is_none() && settings.organizations.is_empty());
}

#[test]
fn without_a_vault_the_keyring_is_beside_the_store() {
    let settings = Given::with_store("").good();
    let VaultSettings::Keyring { path } = settings.vault.0 else { panic!("a keyring") };
    assert_eq!(path, PathBuf::from("/tmp/x/bridge.keyring"));
    let given = Given::with_store("vault = { kind = \"keyring\", path = \"keys\" }");
    let VaultSettings::Keyring { path } = given.good().vault.0 else { panic!("a keyring") };
    assert_eq!(path, given.folder.path().join("keys"), "beside the file");
}

#[test]
fn the_environment_alone_is_enough() {
    let variables =
        HashMap::from([("WEBINAR_BRIDGE__STORAGE__URL".to_owned(), "sqlite:///a/b.db".to_owned())]);
    let settings = read(&Source { path: None, variables }).ok().unwrap();
    assert_eq!(settings.storage_url, "sqlite:///a/b.db");
    let report = read(&Source { path: None, variables: HashMap::new() }).err().unwrap().to_string();
    tells(&report, &["`storage.url` is missing", "`WEBINAR_BRIDGE__STORAGE__URL`", "1 mistake in"]);
}

#[test]
fn the_environment_goes_before_the_file() {
    let text = "[server]\npublic = \"127.0.0.1:1\"\nprivate = \"127.0.0.1:2\"\n[workers]\ndeliver = 3\n";
    let settings = Given::with_store(text)
        .and("SERVER__PUBLIC", "127.0.0.1:7")
        .and("WORKERS__DELIVER", "9")
        .and("ON24__RESTORE", "false")
        .and("TIMING__POLL", "90s")
        .good();
    assert_eq!(settings.public.port(), 7);
    assert_eq!(settings.private.port(), 2, "what the environment leaves out stays");
    assert_eq!(settings.deliver_workers, 9);
    assert!(matches!(settings.on24.restore, Restore::Never));
    assert_eq!(settings.policies.poll, SignedDuration::from_secs(90));
}

#[test]
fn the_environment_reaches_lists_and_tables() {
    let text = "[[organization]]\nname = \"A\"\n[[organization]]\nname = \"B\"\n";
    let settings = Given::with_store(text)
        .and("TIMING__RETRY_WAITS", "[\"1s\", \"PT2M\"]")
        .and("DYNAMICS__CONTACTS__FIELDS", "{ Std1 = \"new_Size\" }")
        .and("DYNAMICS__EVENTS__FORMAT_WEBINAR", "[7, 8]")
        .and("ORGANIZATION__1__TERMS_ACCEPTED", "4")
        .good();
    assert_eq!(settings.policies.retry.waits, [SignedDuration::from_secs(1), SignedDuration::from_mins(2)]);
    assert_eq!(settings.dynamics.contacts.fields["Std1"], "new_Size", "capitals stay");
    assert_eq!(settings.dynamics.events.format_webinar, [7, 8]);
    let terms: Vec<_> =
        settings.organizations.iter().map(|one| (one.name.as_str(), one.terms_accepted)).collect();
    assert_eq!(terms, [("A", None), ("B", Some(4))]);
}

#[test]
fn text_that_looks_like_something_else_stays_text() {
    for token in ["00123456789012345678901234567890123456789", "1e40000000000000000000000000000000000000"] {
        let settings = Given::with_store("").and("API__BOOTSTRAP_TOKEN", token).good();
        assert_eq!(settings.token.unwrap().reveal(), token);
    }
    let azure = "[vault]\nkind = \"azure\"\nbase_url = \"https://v.example\"\nkey_name = \"k\"\ntenant_id = \"007\"\n\
                 client_id = \"1.50\"\ninstallation_key = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n";
    for secret in ["007", "true", "[1]", "{ a = 1 }", "1979-05-27", " x "] {
        let settings = Given::with_store(azure).and("VAULT__CLIENT_SECRET", secret).good();
        let VaultSettings::Azure(azure) = settings.vault.0 else { panic!("a vault") };
        assert_eq!(azure.client_secret.expose_secret(), secret);
        assert_eq!((azure.tenant_id.as_str(), azure.client_id.as_str()), ("007", "1.50"));
    }
}

#[test]
fn a_secret_can_come_from_a_file() {
    let settings =
        Given::with_store("").secret_file("API__BOOTSTRAP_TOKEN_FILE", &format!("{TOKEN}\r\n")).good();
    assert_eq!(settings.token.unwrap().reveal(), TOKEN);
    let settings = Given::with_store(
        "[[organization]]\nname = \"A\"\n[organization.on24]\nclient_id = 1\naccess_token_key = \"k\"\n",
    )
    .secret_file("ORGANIZATION__0__ON24__ACCESS_TOKEN_SECRET_FILE", "s\n")
    .good();
    assert_eq!(settings.organizations[0].on24.as_ref().unwrap().access_token_secret.expose_secret(), "s");
    let report = Given::with_store("").and("API__BOOTSTRAP_TOKEN_FILE", "/nowhere/at/all").bad();
    tells(&report, &["`WEBINAR_BRIDGE__API__BOOTSTRAP_TOKEN_FILE` names cannot be read"]);
}

#[test]
fn a_secret_that_is_set_twice_is_a_mistake() {
    let given = Given::with_store("").secret_file("API__BOOTSTRAP_TOKEN_FILE", "canary-of-the-file");
    let report = given.and("API__BOOTSTRAP_TOKEN", "canary-of-the-variable").bad();
    tells(
        &report,
        &[
            "`WEBINAR_BRIDGE__API__BOOTSTRAP_TOKEN`",
            "`WEBINAR_BRIDGE__API__BOOTSTRAP_TOKEN_FILE` are both set",
        ],
    );
    assert!(!report.contains("canary"), "{report}");
}

#[test]
fn a_certificate_is_named_and_not_read_from_a_variable() {
    let given = Given::with_store("").secret_file("HTTP__CA_FILE", "the certificates");
    assert_eq!(given.good().ca.unwrap(), b"the certificates");
    let report = Given::with_store("http.ca_file = \"nowhere.pem\"").bad();
    tells(&report, &["nowhere.pem cannot be read", "bridge.toml:2:"]);
}

#[test]
fn a_misspelt_key_is_shown_with_the_right_one() {
    let report = Given::with_store("[server]\npubic = \"127.0.0.1:1\"\n").bad();
    tells(
        &report,
        &["unknown key `pubic`", "bridge.toml:3:1", "did you mean `public`?", "Nothing was started."],
    );
    assert!(report.contains("──┬──"), "a caret under the key:\n{report}");
    let report = Given::with_store("[server]\nelephant = 1\n").bad();
    tells(&report, &["unknown key `elephant`", "known here: `drain`, `private`, `public`"]);
}

#[test]
fn an_unknown_section_is_shown_with_the_right_one() {
    let report = Given::with_store("[sevrer]\npublic = \"127.0.0.1:1\"\n").bad();
    tells(&report, &["unknown key `sevrer`", "bridge.toml:2:2", "did you mean `server`?"]);
    let report = Given::with_store("[[organisation]]\nname = \"A\"\n").bad();
    tells(&report, &["unknown key `organisation`", "did you mean `organization`?"]);
}

#[test]
fn all_misspelt_keys_are_told_at_once() {
    let text = "[server]\npubic = 1\n[dynamics.events]\ntabel = \"x\"\n[[organization]]\nname = \"A\"\n[[organization]]\nnaem = \"B\"\n";
    let report = Given::with_store(text).bad();
    tells(
        &report,
        &["`pubic`", "`tabel`", "did you mean `table`?", "`naem`", "bridge.toml:9:1", "3 mistakes in"],
    );
}

#[test]
fn a_wrong_type_is_shown_at_its_line() {
    let report = Given::with_store("[workers]\ndeliver = \"many\"\n").bad();
    tells(
        &report,
        &["expected a whole number that is not negative, found text", "bridge.toml:3:11", "\"many\""],
    );
    let report = Given::with_store("[workers]\ndeliver = -1\n").bad();
    tells(&report, &["expected a whole number that is not negative", "bridge.toml:3:11"]);
    let report = Given::with_store("[on24]\nrestore = \"no\"\n").bad();
    tells(&report, &["expected `true` or `false`, found text", "bridge.toml:3:11"]);
    let report = Given::with_store("server = 7\n").bad();
    tells(&report, &["expected a table, found a whole number", "bridge.toml:2:10"]);
    let report = Given::with_store("[organization]\nname = \"A\"\n").bad();
    tells(&report, &["expected a list, found a table", "bridge.toml:2:1"]);
    let report = Given::with_store("[[organization]]\nname = \"A\"\non24.client_id = 1.5\n").bad();
    tells(&report, &["expected the number of an ON24 account", "bridge.toml:4:18"]);
}

#[test]
fn broken_syntax_is_shown_at_its_line() {
    let report = Given::with_store("[server]\npublic = = \"127.0.0.1:1\"\n").bad();
    tells(&report, &["bridge.toml:3:", "public = = ", "1 mistake in"]);
    let report = Given::with_store("[server\npublic = \"127.0.0.1:1\"\n").bad();
    tells(&report, &["bridge.toml:2:"]);
    let report = Given::with_store("[server]\npublic = \"a\"\npublic = \"b\"\n").bad();
    tells(&report, &["duplicate key", "bridge.toml:4:"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let source = Source { path: Some(PathBuf::from("/nowhere/bridge.toml")), variables: HashMap::new() };
    let report = read(&source).err().unwrap().to_string();
    tells(&report, &["/nowhere/bridge.toml cannot be read", "--config FILE", "Nothing was started."]);
}

#[test]
fn mistakes_of_meaning_are_told_together() {
    let text = "[server]\npublic = \"everywhere\"\n[api]\nbootstrap_token = \"short\"\n[vault]\nkind = \"azure\"\n\
                [log]\nformat = \"xml\"\nfilter = \"a=b=c\"\n[workers]\ndeliver = 0\n[timing]\npoll = \"-5m\"\n\
                [[organization]]\nname = \"Contoso\"\n[[organization]]\nname = \" Contoso \"\n[[organization]]\nname = \"\"\n";
    let report = Given::file(text).bad();
    tells(
        &report,
        &[
            "`storage.url` is missing",
            "`server.public` must be an address with a port",
            "`api.bootstrap_token` must have at least 32 characters",
            "`vault.base_url` is missing",
            "`vault.key_name` is missing",
            "`vault.tenant_id` is missing",
            "`vault.client_id` is missing",
            "`vault.client_secret` is missing",
            "`vault.installation_key` is missing",
            "`WEBINAR_BRIDGE__VAULT__INSTALLATION_KEY`",
            "`log.format` must be",
            "`log.filter` must be",
            "`workers.deliver` must be",
            "`timing.poll` must not be negative",
            "two organizations have the same name",
            "`organization.name` must not be empty",
            "15 mistakes in the configuration",
        ],
    );
    assert!(!report.contains("short"), "{report}");
}

#[test]
fn a_mistake_in_an_organization_points_at_that_organization() {
    let text = "[[organization]]\nname = \"A\"\n[organization.on24]\nbase_url = \"https://one.example/v2\"\nclient_id = 1\n\
                access_token_key = \"k\"\naccess_token_secret = \"s\"\n[[organization]]\nname = \"B\"\n[organization.on24]\n\
                base_url = \"ftp://two.example/v2\"\nclient_id = \"x1\"\naccess_token_key = \"k\"\naccess_token_secret = \"s\"\n";
    let report = Given::with_store(text).bad();
    tells(
        &report,
        &["`organization.on24.base_url` must be an http or https address", "bridge.toml:12:12", "ftp://two"],
    );
    tells(&report, &["`organization.on24.client_id` must be a number", "bridge.toml:13:13", "2 mistakes"]);
    let report =
        Given::with_store("[[organization]]\nname = \"A\"\n[[organization]]\nterms_accepted = 1\n").bad();
    tells(
        &report,
        &["`organization.name` is missing", "bridge.toml:4:", "`WEBINAR_BRIDGE__ORGANIZATION__1__NAME`"],
    );
    let report =
        Given::with_store("[[organization]]\nname = \"A\"\n[organization.dataverse]\ntenant_id = \"t\"\n")
            .bad();
    tells(&report, &["`organization.dataverse.base_url` is missing", "bridge.toml:4:", "3 mistakes"]);
}

#[test]
fn what_takes_notices_in_is_checked() {
    let text = "[intake]\npoll_spread = 51\nreads_a_minute = 0\n[brake]\npercent = 101\n[night]\nevery = \"59s\"\n[webhooks]\nheader = \"Cookie\"\n[pace]\noutage_after = 0\n[workers]\norganization = 0\npercent = 101\n\
                [[organization]]\nname = \"A\"\n[organization.webhook]\nendpoint = \"short\"\nsecret = \"canary\"\n";
    let report = Given::with_store(text).bad();
    let said = [
        "`intake.poll_spread` must be from 0 to 50",
        "`intake.reads_a_minute` must be from 1 to 100000",
        "`brake.percent` must be from 0 to 100",
        "`webhooks.header` must be the name of a header of its own",
        "`organization.webhook.endpoint` must have 32 hexadecimal digits",
        "`organization.webhook.secret` must have at least 32 characters",
        "openssl rand -hex 32",
        "`pace.outage_after` must be at least 1",
        "`workers.organization` must be from 1 to 256",
        "`workers.percent` must be from 1 to 100",
        "`night.every` must be at least 1 minute",
        "10 mistakes",
    ];
    tells(&report, &said);
    assert!(!report.contains("canary"), "{report}");
    let missing = Given::with_store("[[organization]]\nname = \"A\"\n[organization.webhook]\n").bad();
    tells(
        &missing,
        &["`organization.webhook.endpoint` is missing", "`organization.webhook.secret` is missing"],
    );
}

#[test]
fn a_wrong_default_is_told_once() {
    let text = "[on24]\nbase_url = \"nowhere\"\n[[organization]]\nname = \"A\"\n[organization.on24]\nclient_id = 1\n\
                access_token_key = \"k\"\naccess_token_secret = \"s\"\n";
    let report = Given::with_store(text).bad();
    tells(&report, &["`on24.base_url` must be an http or https address", "bridge.toml:3:", "1 mistake in"]);
}

#[test]
fn a_vault_without_a_kind_is_not_silently_a_keyring() {
    let report = Given::with_store("[vault]\nbase_url = \"https://v.example\"\n").bad();
    tells(&report, &["`vault.kind` is missing", "bridge.toml:2:", "`azure` for a key vault"]);
    let report = Given::with_store("[vault]\nkind = \"gcp\"\n").bad();
    tells(&report, &["`vault.kind` must be `azure` or `keyring`", "bridge.toml:3:"]);
}

#[test]
fn a_store_must_be_a_file() {
    for (url, said) in [
        ("postgres://bridge:canary@db.example/bridge", "PostgreSQL is not built yet"),
        ("bridge.db", "must name a file by an absolute path"),
        ("sqlite://bridge.db", "must name a file by an absolute path"),
        ("mysql://bridge:canary@db.example/x", "must name a file by an absolute path"),
    ] {
        let report = Given::file(&format!("storage.url = \"{url}\"\n")).bad();
        tells(&report, &[said, "bridge.toml:1:", "sqlite:///var/lib"]);
        assert!(!report.contains("canary"), "{report}");
        let report = Given::file("").and("STORAGE__URL", url).bad();
        tells(&report, &[said, "set by `WEBINAR_BRIDGE__STORAGE__URL`"]);
        assert!(!report.contains("canary"), "{report}");
    }
}

#[test]
fn a_mistake_from_the_environment_names_the_variable() {
    let text = "[server]\npublic = \"127.0.0.1:1\"\n";
    let report = Given::with_store(text).and("SERVER__PUBLIC", "nowhere").bad();
    tells(&report, &["`server.public` must be", "set by `WEBINAR_BRIDGE__SERVER__PUBLIC`"]);
    assert!(!report.contains("bridge.toml"), "the file is right:\n{report}");
    let report = Given::with_store(text).and("WORKERS__DELIVER", "many").and("LOG__FORMAT", "text").bad();
    tells(&report, &["`WEBINAR_BRIDGE__WORKERS__DELIVER` cannot be used", "1 mistake in"]);
    let report = Given::with_store(text).and("WORKERS__DELIEVR", "1").and("SEVRER__PUBLIC", "x").bad();
    tells(&report, &["`WEBINAR_BRIDGE__WORKERS__DELIEVR`", "did you mean `deliver`?"]);
    tells(&report, &["`WEBINAR_BRIDGE__SEVRER__PUBLIC`", "did you mean `server`?", "2 mistakes in"]);
    let report =
        Given::with_store(text).and("VAULT", "canary").and("VAULT__CLIENT_SECRET__X", "canary").bad();
    tells(&report, &["`WEBINAR_BRIDGE__VAULT`", "`WEBINAR_BRIDGE__VAULT__CLIENT_SECRET__X`"]);
    assert!(!report.contains("canary"), "{report}");
}

#[test]
fn durations_are_written_as_people_or_machines_write_them() {
    for text in ["5m", "PT5M", "300s", "5 minutes"] {
        let settings = Given::with_store(&format!("timing.poll = \"{text}\"")).good();
        assert_eq!(settings.policies.poll, SignedDuration::from_mins(5), "{text}");
        let settings = Given::with_store("").and("TIMING__POLL", text).good();
        assert_eq!(settings.policies.poll, SignedDuration::from_mins(5), "{text}");
    }
    let report = Given::with_store("timing.poll = \"soon\"").bad();
    tells(&report, &["bridge.toml:2:15"]);
    let report = Given::with_store("").and("TIMING__POLL", "soon").bad();
    tells(&report, &["`WEBINAR_BRIDGE__TIMING__POLL` cannot be used"]);
}

/// A file that sets everything to something else than the default.
const EVERYTHING: &str = r#"
[storage]
url = "sqlite:///data/bridge.db"
max_pages = 29
[server]
public = "0.0.0.0:80"
private = "[::1]:81"
[log]
filter = "debug"
format = "json"
[api]
bootstrap_token = "0123456789012345678901234567890123456789"
[terms]
version = 3
text = "Terms, by numbers: 1."
[http]
ca_file = "bridge.toml"
[vault]
kind = "azure"
base_url = "https://v.vault.azure.net"
key_name = "kek"
authority = "https://login.example"
tenant_id = "t"
client_id = "c"
client_secret = "s"
installation_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
allow_insecure_loopback = true
grace = "2h"
[on24]
base_url = "https://eu.example/v2"
honor_required = true
honor_validation = true
event_email = true
restore = false
published_pace = false
[dynamics]
api_version = "v9.1"
page_rows = 7
time_zones = { 999 = "Europe/Helsinki" }
[dynamics.events]
format_webinar = [1]
[dynamics.contacts]
company = { column = "company" }
fields = { "Std.1" = "jobtitle" }
[workers]
deliver = 4
organization = 3
percent = 50
[timing]
poll = "1s"
pause = "2s"
landing = "3s"
read_lag = "28s"
retry_waits = ["4s", "5s"]
longest_wait = "6s"
blind_quota = "7s"
credential_probe = "8s"
permission_probe = "9s"
outage_rest = "10s"
attendance_waits = ["11s", "12s"]
attendance_every = "13s"
[intake]
poll_spread = 14
linger = "15s"
reads_a_minute = 16
[brake]
few = 17
percent = 18
window = "19s"
[night]
every = "23h"
after_midnight = "24m"
after_end = "25m"
keep = "26h"
[held]
release_pause = "27s"
[webhooks]
header = "X-Knock"
[pace]
enabled = false
patience = "20s"
outage_after = 21
retries_a_minute = 22
[[organization]]
name = "Contoso"
terms_accepted = 2
[organization.on24]
base_url = "https://one.example/v2"
client_id = 12
access_token_key = "k"
access_token_secret = "z"
[organization.dataverse]
base_url = "https://contoso.crm4.dynamics.com"
authority = "https://login.example"
tenant_id = "t"
client_id = "c"
client_secret = "d"
[organization.webhook]
endpoint = "000102030405060708090A0B0C0D0E0F"
secret = "0123456789abcdef0123456789abcdef"
[[organization]]
name = "Fabrikam"
on24 = { client_id = "34", access_token_key = "a", access_token_secret = "b" }
"#;

#[test]
fn everything_that_is_set_arrives() {
    let settings = Given::file(EVERYTHING).good();
    let seconds = SignedDuration::from_secs;
    assert_eq!(settings.storage_url, "sqlite:///data/bridge.db");
    assert_eq!(settings.storage_pages, Some(29));
    assert_eq!(
        (settings.public.to_string(), settings.private.to_string()),
        ("0.0.0.0:80".into(), "[::1]:81".into())
    );
    assert_eq!((settings.log_filter.as_str(), settings.log_format), ("debug", LogFormat::Json));
    assert_eq!(settings.token.unwrap().reveal(), TOKEN);
    assert_eq!((settings.terms.version.0, settings.terms.text.as_str()), (3, "Terms, by numbers: 1."));
    assert_eq!(settings.ca.unwrap(), EVERYTHING.as_bytes());
    assert_eq!(settings.on24_base_url, "https://eu.example/v2");
    let on24 = &settings.on24;
    assert!(on24.honor_required && on24.honor_validation && on24.event_email);
    assert!(matches!(on24.restore, Restore::Never));
    assert_eq!(settings.deliver_workers, 4);
    let share = &settings.policies.share;
    assert_eq!((share.slots, share.of_one, share.percent, share.bound()), (4, 3, 50, 2));
    assert_eq!((settings.dynamics.api_version.as_str(), settings.dynamics.page_rows), ("v9.1", 7));
    assert_eq!(settings.dynamics.events.format_webinar, [1]);
    assert_eq!(format!("{:?}", settings.dynamics.contacts.company), "Column(\"company\")");
    assert_eq!(settings.dynamics.contacts.fields["Std.1"], "jobtitle");
    let policies = &settings.policies;
    assert_eq!((policies.poll, policies.outage_rest), (seconds(1), seconds(10)));
    assert_eq!(policies.vault_grace, seconds(7200));
    assert_eq!((policies.registration.pause, policies.registration.landing), (seconds(2), seconds(3)));
    assert_eq!((on24.landing, on24.read_lag), (seconds(3), seconds(28)));
    assert_eq!(policies.cadence.after_end, [seconds(11), seconds(12)]);
    assert_eq!(policies.cadence.then_every, seconds(13));
    assert_eq!((policies.poll_spread, policies.linger, policies.reads_a_minute), (14, seconds(15), 16));
    let pace = &policies.pace;
    assert!(!pace.paced && !on24.published_pace);
    assert_eq!((pace.patience, pace.outage_after, pace.retries_a_minute), (seconds(20), 21, 22));
    assert_eq!(
        (pace.quota_probes[0], pace.overshoot_wait, pace.longest_wait),
        (seconds(7), seconds(7), seconds(6))
    );
    assert_eq!((pace.credential_probe, pace.permission_probe), (seconds(8), seconds(9)));
    let brake = BrakePolicy { few: 17, percent: 18, window: seconds(19) };
    assert_eq!((&policies.brake, settings.webhook_header.as_str()), (&brake, "x-knock"));
    let night = NightPolicy {
        every: SignedDuration::from_hours(23),
        after_midnight: SignedDuration::from_mins(24),
        after_end: SignedDuration::from_mins(25),
        keep: SignedDuration::from_hours(26),
    };
    assert_eq!((&policies.night, policies.release_pause), (&night, seconds(27)));
    let webhook = settings.organizations[0].webhook.as_ref().unwrap();
    assert_eq!(webhook.endpoint.to_string(), "000102030405060708090a0b0c0d0e0f");
    assert_eq!(webhook.secret.expose_secret(), "0123456789abcdef0123456789abcdef");
    assert_eq!(policies.retry.waits, [seconds(4), seconds(5)]);
    assert_eq!((policies.retry.longest_wait, policies.retry.blind_quota), (seconds(6), seconds(7)));
    assert_eq!((policies.retry.credential_probe, policies.retry.permission_probe), (seconds(8), seconds(9)));
}

#[test]
fn the_vault_and_the_organizations_arrive_too() {
    let settings = Given::file(EVERYTHING).good();
    let VaultSettings::Azure(azure) = &settings.vault.0 else { panic!("a vault") };
    assert_eq!(azure.base_url.as_str(), "https://v.vault.azure.net/");
    assert_eq!(azure.authority.as_str(), "https://login.example/");
    assert_eq!(
        (azure.key_name.as_str(), azure.tenant_id.as_str(), azure.client_id.as_str()),
        ("kek", "t", "c")
    );
    assert_eq!(
        (azure.client_secret.expose_secret(), azure.installation_key.expose_secret()),
        ("s", "A".repeat(43).as_str())
    );
    assert!(azure.allow_insecure_loopback);
    assert_eq!(azure.cache.outage, SignedDuration::from_hours(2));
    let [contoso, fabrikam] = &settings.organizations[..] else { panic!("two") };
    assert_eq!((contoso.name.as_str(), contoso.terms_accepted), ("Contoso", Some(2)));
    let on24 = contoso.on24.as_ref().unwrap();
    assert_eq!((on24.base_url.as_str(), on24.client_id.as_str()), ("https://one.example/v2", "12"));
    assert_eq!((on24.access_token_key.expose_secret(), on24.access_token_secret.expose_secret()), ("k", "z"));
    let crm = contoso.dataverse.as_ref().unwrap();
    assert_eq!(
        (crm.base_url.as_str(), crm.authority.as_str()),
        ("https://contoso.crm4.dynamics.com/", "https://login.example/")
    );
    assert_eq!(
        (crm.tenant_id.as_str(), crm.client_id.as_str(), crm.client_secret.expose_secret()),
        ("t", "c", "d")
    );
    let on24 = fabrikam.on24.as_ref().unwrap();
    assert_eq!((on24.base_url.as_str(), on24.client_id.as_str()), ("https://eu.example/v2", "34"));
    assert!(fabrikam.dataverse.is_none() && fabrikam.terms_accepted.is_none());
}

#[test]
fn a_declaration_changes_with_whatever_is_in_it() {
    let digests = |text: &str| {
        Given::file(text)
            .good()
            .organizations
            .iter()
            .map(super::DeclaredOrganization::digest)
            .collect::<Vec<_>>()
    };
    let before = digests(EVERYTHING);
    assert_eq!(before, digests(EVERYTHING));
    assert_ne!(before[0], before[1]);
    for (from, to) in [
        ("terms_accepted = 2", "terms_accepted = 1"),
        ("terms_accepted = 2", ""),
        ("client_id = 12", "client_id = 13"),
        ("https://one.example/v2", "https://two.example/v2"),
        ("access_token_key = \"k\"", "access_token_key = \"K\""),
        ("access_token_secret = \"z\"", "access_token_secret = \"Z\""),
        ("client_secret = \"d\"", "client_secret = \"D\""),
        ("contoso.crm4", "contoso.crm5"),
    ] {
        let after = digests(&EVERYTHING.replace(from, to));
        assert_ne!(after[0], before[0], "{from}");
        assert_eq!(after[1], before[1], "{from}");
    }
}

#[test]
fn the_file_knows_its_own_names() {
    let shape = Shape::of_file();
    let Shape::Section(names) = shape else { panic!("a section") };
    assert!(matches!(names["organization"], Shape::List(_)));
    for name in ["url", "public", "retry_waits", "base_url", "terms_accepted", "format_webinar", "time_zones"]
    {
        assert!(shape.has_leaf(name), "{name}");
    }
    assert!(SECRETS.iter().all(|name| shape.has_leaf(name)), "every secret is a setting");
    assert!(!shape.has_leaf("vault") && !shape.has_leaf("?"));
}

#[test]
fn an_installation_key_that_cannot_be_used_is_told_before_anything_starts() {
    let vault = "[vault]\nkind = \"azure\"\nbase_url = \"https://x.vault.azure.net\"\nkey_name = \"k\"\n\
                 tenant_id = \"t\"\nclient_id = \"c\"\nclient_secret = \"s\"\ninstallation_key = \"tooshort\"\n";
    let text = format!("storage.url = \"sqlite:///tmp/x/bridge.db\"\n{vault}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bridge.toml");
    std::fs::write(&path, text).unwrap();
    let source = Source { path: Some(path), variables: HashMap::new() };
    let told = read(&source).map(drop).unwrap_err().to_string();
    assert!(told.contains("installation key must be 32 random bytes"), "{told}");
    assert!(!told.contains("tooshort"), "{told}");
}

/// Whatever stands in a file, it is read, or refused with a report that says where. What a report shows of secrets has tests
/// of its own: here they may end up under any name.
#[test]
fn no_file_breaks_the_reader() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/configuration");
    let words = ["[[organization]]", "[timing]", "poll = \"5m\"", "bootstrap_token", "= ", "\"", "\n"];
    let target = webinar_bridge_contract::fuzz::Target { corpus: &corpus, words: &words };
    let given = Given::file("");
    target.hammer(|text| {
        std::fs::write(given.folder.path().join("bridge.toml"), text).unwrap();
        match given.read() {
            Ok(_) => "a configuration",
            Err(report) => {
                assert!(report.contains("Nothing was started"), "{report}");
                if report.contains("bridge.toml:") { "refused, with the line" } else { "refused" }
            }
        }
    });
}
