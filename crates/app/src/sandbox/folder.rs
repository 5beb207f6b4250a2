//! Folders for what a pretend world writes.

use std::path::{Path, PathBuf};

use webinar_bridge_domain::port::Entropy as _;

use crate::exit::Failure;
use crate::world::SystemEntropy;

/// A folder for the data; a temporary one goes with it.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    temporary: bool,
}

impl Folder {
    /// The folder that is named, or a new one that only its owner can open.
    pub(crate) fn open(given: Option<&Path>) -> Result<Self, Failure> {
        let path = given.map_or_else(unused, Path::to_path_buf);
        let made = if given.is_none() { make_private(&path) } else { std::fs::create_dir_all(&path) };
        let path = made.and_then(|()| path.canonicalize()).map_err(|error| {
            Failure::configuration(format!("the folder {} cannot be used: {error}", path.display()))
        })?;
        Ok(Self { path, temporary: given.is_none() })
    }
}

fn unused() -> PathBuf {
    let mut random = [0; 8];
    SystemEntropy::new().fill(&mut random);
    std::env::temp_dir().join(format!("webinar-bridge-sandbox-{:016x}", u64::from_be_bytes(random)))
}

fn make_private(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed from a temporary folder is left to the machine.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}
