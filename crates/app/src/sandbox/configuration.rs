//! Configuration files that point at the emulators.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use webinar_bridge_admin::Token;
use webinar_bridge_domain::port::Entropy as _;
use webinar_bridge_emulator::Ready;

use crate::world::SystemEntropy;

/// A file that was written, and the token in it.
pub(crate) struct Written {
    pub(crate) path: PathBuf,
    pub(crate) token: String,
}

/// The sandbox's own: the organization's Dynamics 365 is declared, its ON24 comes through the API.
pub(crate) fn write_for_sandbox(
    folder: &Path,
    ready: &Ready,
    public: Option<SocketAddr>,
) -> std::io::Result<Written> {
    let token = new_token();
    let (store, file) = free_names(folder);
    let public =
        public.map_or_else(String::new, |public| format!("public = {}\n", text(&public.to_string())));
    let body = format!(
        "# Written by `webinar-bridge sandbox`: everything in it is made up.\n\n\
         [storage]\nurl = {}\n\n[server]\n{public}\n{}[workers]\ndeliver = 16\norganization = 16\npercent = 100\n\n{}",
        text(&format!("sqlite://{}", store.display())),
        shared(ready, &token, false),
        organization("Contoso (sandbox)", ready, false),
    );
    write(&file, &body)?;
    Ok(Written { path: file, token })
}

/// A store and a file that are not there yet: what an earlier run left, or a real service keeps there, stays as it is.
fn free_names(folder: &Path) -> (PathBuf, PathBuf) {
    let mut name = folder.join("bridge");
    let mut number = 1;
    while name.with_extension("db").exists() || name.with_extension("toml").exists() {
        number += 1;
        name = folder.join(format!("bridge-{number}"));
    }
    (name.with_extension("db"), name.with_extension("toml"))
}

/// A store beside a file that is not there yet: what an earlier run left belongs to emulators that are gone.
fn free_store(file: &Path) -> PathBuf {
    let mut store = file.with_extension("db");
    let mut number = 1;
    while store.exists() || store == file {
        number += 1;
        store = file.with_extension(format!("{number}.db"));
    }
    store
}

/// How the emulated ON24 behaves, as far as its client must know.
#[derive(Clone, Copy)]
pub(crate) struct Manners {
    /// It has its published quotas; without them calls begin as fast as they go.
    pub(crate) published_pace: bool,
    /// Its lists are as late as documented.
    pub(crate) lags: bool,
}

/// A complete one for `serve`: several processes may start from it on one store that the environment names.
/// `ca` is whom it has to trust where the emulators speak TLS.
pub(crate) fn write_for_serve(
    path: &Path,
    ready: &Ready,
    ca: Option<&Path>,
    on24: Manners,
) -> std::io::Result<Written> {
    let path = std::path::absolute(path)?;
    let token = new_token();
    let store = free_store(&path);
    let [public, private] = free_addresses()?;
    let body = format!(
        "# Written by `webinar-bridge emulate`: it points at emulators, and everything in it is made up.\n\n\
         [storage]\nurl = {}\n\n[server]\npublic = {}\nprivate = {}\n\n{}{}\
         [timing]\npoll = \"1s\"\npause = \"2s\"\nlanding = \"10s\"\n{}blind_quota = \"2s\"\ncredential_probe = \"2s\"\n\
         permission_probe = \"2s\"\noutage_rest = \"2s\"\nlongest_wait = \"30s\"\n\
         retry_waits = [\"0s\", \"1s\", \"2s\", \"5s\", \"10s\", \"30s\"]\n\
         attendance_waits = [\"0s\", \"5s\", \"10s\", \"30s\"]\nattendance_every = \"30s\"\n\n{}",
        text(&format!("sqlite://{}", store.display())),
        text(&public.to_string()),
        text(&private.to_string()),
        ca.map_or_else(String::new, |ca| format!(
            "[http]\nca_file = {}\n\n",
            text(&ca.display().to_string())
        )),
        shared(ready, &token, on24.published_pace),
        if on24.lags { "" } else { "read_lag = \"0s\"\n" },
        organization("Contoso", ready, true),
    );
    write(&path, &body)?;
    Ok(Written { path, token })
}

fn shared(ready: &Ready, token: &str, published_pace: bool) -> String {
    let crm = &ready.dataverse;
    format!(
        "[api]\nbootstrap_token = {}\n\n[vault]\nkind = \"azure\"\nbase_url = {}\nkey_name = {}\nauthority = {}\n\
         tenant_id = {}\nclient_id = {}\nclient_secret = {}\ninstallation_key = {}\nallow_insecure_loopback = {}\n\n\
         [on24]\nbase_url = {}\npublished_pace = {published_pace}\n\n",
        text(token),
        text(&ready.key_vault.base_url),
        text(&ready.key_vault.key_name),
        text(&crm.authority),
        text(&crm.tenant_id),
        text(&crm.client_id),
        text(&crm.client_secret),
        text(&installation_key()),
        ready.ca.is_none(),
        text(&ready.on24.base_url),
    )
}

fn organization(name: &str, ready: &Ready, whole: bool) -> String {
    let (crm, on24) = (&ready.dataverse, &ready.on24);
    let terms = if whole { "terms_accepted = 1\n" } else { "" };
    let mut table = format!(
        "[[organization]]\nname = {}\n{terms}\n[organization.dataverse]\nbase_url = {}\nauthority = {}\ntenant_id = {}\n\
         client_id = {}\nclient_secret = {}\n",
        text(name),
        text(&crm.base_url),
        text(&crm.authority),
        text(&crm.tenant_id),
        text(&crm.client_id),
        text(&crm.client_secret),
    );
    if whole {
        let on24 = format!(
            "\n[organization.on24]\nbase_url = {}\nclient_id = {}\naccess_token_key = {}\naccess_token_secret = {}\n",
            text(&on24.base_url),
            on24.client_id,
            text(&on24.access_token_key),
            text(&on24.access_token_secret),
        );
        table.push_str(&on24);
    }
    table
}

/// Two addresses of this machine that nobody listens on just now.
fn free_addresses() -> std::io::Result<[SocketAddr; 2]> {
    let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (one, other) = (free()?, free()?);
    Ok([one.local_addr()?, other.local_addr()?])
}

fn text(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

fn new_token() -> String {
    Token::mint(&SystemEntropy::new()).reveal().to_owned()
}

fn installation_key() -> String {
    let mut bytes = [0; 32];
    SystemEntropy::new().fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Writes a file that only its owner can read.
fn write(path: &Path, body: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    file.write_all(body.as_bytes())?;
    file.sync_all()
}
