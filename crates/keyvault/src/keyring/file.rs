//! The keyring's file: JSON, for its owner's eyes alone, made once and whole.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use secrecy::{SecretBox, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use webinar_bridge_domain::port::Entropy;
use zeroize::{Zeroize, Zeroizing};

use super::fresh_key;
use crate::base64url;
use crate::installation::{Installation, Installations};

const FORMAT: u8 = 1;
/// Room for a thousand versions.
const SIZE_LIMIT: u64 = 64 * 1024;
/// What group and others may not.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// What the file holds. Keys are in base64url, and wiped when this is dropped.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    format: u8,
    installation: Uuid,
    /// The first vouches for what is sealed; the others are being replaced.
    installation_keys: Vec<String>,
    /// The greatest version wraps; the others unwrap.
    keys: BTreeMap<u32, String>,
}

impl Document {
    fn draw(entropy: &dyn Entropy) -> Self {
        let mut id = [0; 16];
        entropy.fill(&mut id);
        Self {
            format: FORMAT,
            installation: uuid::Builder::from_random_bytes(id).into_uuid(),
            installation_keys: vec![fresh_key(entropy).to_string()],
            keys: BTreeMap::from([(1, fresh_key(entropy).to_string())]),
        }
    }

    /// Adds a key as the newest version, and answers which that is.
    pub(super) fn rotate(&mut self, path: &Path, entropy: &dyn Entropy) -> Result<u32, KeyringError> {
        let newest = self.keys.keys().next_back().copied().unwrap_or(0);
        let next = newest.checked_add(1).ok_or_else(|| KeyringError::malformed(path))?;
        self.keys.insert(next, fresh_key(entropy).to_string());
        Ok(next)
    }

    pub(super) fn installations(&self, path: &Path) -> Result<Installations, KeyringError> {
        let parse =
            |key: &String| Installation::parse(Some(self.installation), &SecretString::from(key.as_str()));
        let parsed: Result<Vec<_>, _> = self.installation_keys.iter().map(parse).collect();
        let mut parsed = parsed.map_err(|_| KeyringError::malformed(path))?.into_iter();
        let current = parsed.next().ok_or_else(|| KeyringError::malformed(path))?;
        Ok(Installations::new(current, parsed.collect()))
    }

    pub(super) fn versions(&self, path: &Path) -> Result<BTreeMap<u32, SecretBox<[u8; 32]>>, KeyringError> {
        let parse = |(version, key): (&u32, &String)| Some((*version, base64url::decode_key(key)?));
        let parsed: Option<_> = self.keys.iter().map(parse).collect();
        parsed.ok_or_else(|| KeyringError::malformed(path))
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        self.installation_keys.zeroize();
        self.keys.values_mut().for_each(Zeroize::zeroize);
    }
}

/// Reads the file, after making it if there is none.
pub(super) fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<Document, KeyringError> {
    match load(path) {
        Err(KeyringError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
            create(path, entropy).map_err(|source| KeyringError::NotMade { path: path.into(), source })?;
            load(path)
        }
        answer => answer,
    }
}

pub(super) fn load(path: &Path) -> Result<Document, KeyringError> {
    let unreadable = |source| KeyringError::Unreadable { path: path.into(), source };
    let file = File::open(path).map_err(unreadable)?;
    refuse_if_shared(path, &file.metadata().map_err(unreadable)?)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    file.take(SIZE_LIMIT).read_to_end(&mut bytes).map_err(unreadable)?;
    // The parser's words could repeat a key.
    let document: Document = serde_json::from_slice(&bytes).map_err(|_| KeyringError::malformed(path))?;
    if document.format == FORMAT { Ok(document) } else { Err(KeyringError::malformed(path)) }
}

#[cfg(unix)]
fn refuse_if_shared(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyringError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & OTHERS == 0 { Ok(()) } else { Err(KeyringError::Shared { path: path.into(), mode }) }
}

#[cfg(not(unix))]
fn refuse_if_shared(_: &Path, _: &fs::Metadata) -> Result<(), KeyringError> {
    Ok(())
}

/// Writes a new keyring beside its place and links it there when it is whole and on disk. A link never replaces: of two
/// starts at once the first wins, and the other one's keys are thrown away unused.
fn create(path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    let draft = draft_path(path, entropy);
    write(&draft, &Document::draw(entropy))?;
    let placed = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match placed {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => sync_folder(path),
    }
}

/// Puts a changed keyring in the place of the old one, whole or not at all.
pub(super) fn replace(path: &Path, document: &Document, entropy: &dyn Entropy) -> Result<(), KeyringError> {
    let draft = draft_path(path, entropy);
    let replaced =
        write(&draft, document).and_then(|()| fs::rename(&draft, path)).and_then(|()| sync_folder(path));
    replaced.map_err(|source| KeyringError::NotMade { path: path.into(), source })
}

fn write(draft: &Path, document: &Document) -> io::Result<()> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    serde_json::to_writer_pretty(&mut *bytes, document)?;
    bytes.push(b'\n');
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(&bytes)?;
    file.sync_all()
}

fn draft_path(path: &Path, entropy: &dyn Entropy) -> PathBuf {
    let mut random = [0; 8];
    entropy.fill(&mut random);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{:016x}", u64::from_be_bytes(random)))
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The keyring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// It is there, or it is not, but it cannot be read.
    #[error("the keyring {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There was none, and none could be made.
    #[error("the keyring {} cannot be made: {source}; its folder must exist, be writable, and allow hard links", path.display())]
    NotMade {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read or write it.
    #[error("the keyring {} is open to others (mode {mode:04o}); run `chmod 600 {}`", path.display(), path.display())]
    Shared {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is no keyring, or not all of it.
    #[error("{} is not a whole keyring of format 1; restore it from a backup, for without it nothing that was sealed under it opens", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

impl KeyringError {
    pub(super) fn malformed(path: &Path) -> Self {
        Self::Malformed { path: path.into() }
    }
}
