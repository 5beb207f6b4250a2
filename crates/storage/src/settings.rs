use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use webinar_bridge_domain::port::StoreError;

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageSettings {
    /// `sqlite:///absolute/path`, created with its folder if it is not there; `sqlite::memory:` for tests.
    pub url: String,
    /// How many connections read at once.
    pub readers: u32,
    /// The most pages of 4096 bytes that the file may have; nothing: as many as the disk bears. A store that is full says so,
    /// and goes on when there is room.
    pub max_pages: Option<u32>,
}

impl StorageSettings {
    /// A store at `url`, with four readers.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), readers: 4, max_pages: None }
    }

    /// The place that the address names.
    pub(crate) fn place(&self) -> Result<Place, StoreError> {
        let refuse = |why: &str| Err(StoreError::Unavailable(why.to_owned()));
        let Some((scheme, rest)) = self.url.split_once(':') else {
            return refuse("the address of the store must begin with `sqlite:`");
        };
        // The rest of a foreign address may hold a password: it is not repeated.
        if scheme != "sqlite" {
            return refuse(&format!("the store knows `sqlite:` addresses, not `{scheme}:`"));
        }
        if rest == ":memory:" {
            return Ok(Place::Memory);
        }
        let path = rest.strip_prefix("//").unwrap_or(rest);
        let path = percent_decode_str(path).decode_utf8().unwrap_or_default();
        let path = PathBuf::from(path.as_ref());
        if !path.is_absolute() || path.file_name().is_none() {
            return refuse(
                "the address of the store must name a file by an absolute path: sqlite:///folder/file.db",
            );
        }
        Ok(Place::File(path))
    }
}

/// A place for a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    Memory,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Result<Place, String> {
        StorageSettings::at(url).place().map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_names_a_file_or_memory() {
        assert_eq!(place("sqlite:///data/my%20bridge.db"), Ok(Place::File("/data/my bridge.db".into())));
        assert_eq!(place("sqlite::memory:"), Ok(Place::Memory));
    }

    #[test]
    fn another_address_is_refused_without_its_password() {
        let error = place("postgres://bridge:hunter2@db/bridge").unwrap_err();
        assert!(error.contains("`postgres:`") && !error.contains("hunter2"), "{error}");
        for relative in ["sqlite://bridge.db", "sqlite:bridge.db", "bridge.db", "sqlite:///"] {
            assert!(place(relative).is_err(), "{relative}");
        }
    }
}
