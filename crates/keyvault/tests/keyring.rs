//! The keyring: made once, for its owner alone, and the same ever after.
#![expect(clippy::unwrap_used, reason = "a test that cannot arrange its world has failed")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use support::{bond, code, data_key, envelope_invalid, secret, seeded, text};
use tempfile::TempDir;
use webinar_bridge_domain::fault::FaultKind;
use webinar_bridge_domain::port::{KeyWrap, Vault, WrappedKey};
use webinar_bridge_keyvault::EnvelopeVault;
use webinar_bridge_keyvault::keyring::{Keyring, KeyringError};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(path: &Path, seed: u64) -> Result<Keyring, KeyringError> {
    Keyring::open(path, &seeded(seed)).map(|(keyring, _)| keyring)
}

fn vault(path: &Path, seed: u64) -> EnvelopeVault {
    let (keyring, installations) = Keyring::open(path, &seeded(seed)).unwrap();
    EnvelopeVault::new(Arc::new(keyring), installations, seeded(seed + 1))
}

fn names(folder: &TempDir) -> Vec<String> {
    fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// A keyring that is there already, whose text is changed.
fn rewritten(path: &Path, change: impl Fn(&mut serde_json::Value)) {
    let mut document = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut document);
    fs::write(path, document.to_string()).unwrap();
}

#[tokio::test]
async fn what_was_sealed_before_a_restart_opens_after_it() {
    let folder = folder();
    let path = folder.path().join("keyring.json");
    let sealed = vault(&path, 1).seal(&bond(), &secret("token")).await.unwrap();
    let before = fs::read(&path).unwrap();
    assert_eq!(text(&vault(&path, 2).open(&bond(), &sealed).await.unwrap()), "token");
    assert_eq!(fs::read(&path).unwrap(), before, "a keyring that is there is not touched");
    assert_eq!(names(&folder), ["keyring.json"], "and nothing is left beside it");
}

#[tokio::test]
async fn another_keyring_opens_nothing() {
    let folder = folder();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let sealed = vault(&one, 1).seal(&bond(), &secret("token")).await.unwrap();
    assert_eq!(vault(&two, 2).open(&bond(), &sealed).await.unwrap_err(), envelope_invalid());
}

#[tokio::test]
async fn a_key_is_wrapped_under_a_name_and_opens_under_no_other() {
    let folder = folder();
    let keyring = open(&folder.path().join("keyring"), 1).unwrap();
    assert_eq!(keyring.algorithm(), 2);
    let wrapped = keyring.wrap(&data_key([7; 32])).await.unwrap();
    assert_eq!(wrapped.bytes.len(), 60);
    assert_eq!(keyring.unwrap(&wrapped).await.unwrap().reveal().expose_secret(), &[7; 32]);
    assert_ne!(keyring.wrap(&data_key([7; 32])).await.unwrap().bytes, wrapped.bytes);
    let id = wrapped.key_id.strip_suffix('1').unwrap();
    for key_id in [
        "",
        "keyring:",
        "https://contoso.vault.azure.net/keys/kek/1",
        &format!("{id}01"),
        &format!("{id}+1"),
        id,
    ] {
        let foreign = WrappedKey { key_id: key_id.to_owned(), ..wrapped.clone() };
        let fault = keyring.unwrap(&foreign).await.unwrap_err();
        assert!(matches!(fault.kind, FaultKind::Invalid { .. }), "{key_id}");
    }
    let gone = WrappedKey { key_id: format!("{id}2"), ..wrapped };
    assert_eq!(code(&keyring.unwrap(&gone).await.unwrap_err()), "vault.key_missing");
}

#[tokio::test]
async fn no_flipped_bit_and_no_piece_of_a_wrapped_key_opens() {
    let folder = folder();
    let keyring = open(&folder.path().join("keyring"), 1).unwrap();
    let wrapped = keyring.wrap(&data_key([7; 32])).await.unwrap();
    let mut forged: Vec<Vec<u8>> = (0..60).map(|length| wrapped.bytes[..length].to_vec()).collect();
    for bit in 0..60 * 8 {
        let mut flipped = wrapped.bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        forged.push(flipped);
    }
    for bytes in forged {
        let forged = WrappedKey { bytes, ..wrapped.clone() };
        assert!(matches!(keyring.unwrap(&forged).await.unwrap_err().kind, FaultKind::Invalid { .. }));
    }
}

#[tokio::test]
async fn the_newest_version_wraps_and_every_version_unwraps() {
    let folder = folder();
    let path = folder.path().join("keyring");
    let before = open(&path, 1).unwrap().wrap(&data_key([7; 32])).await.unwrap();
    rewritten(&path, |document| document["keys"]["10"] = document["keys"]["1"].clone());
    rewritten(&path, |document| document["keys"]["9"] = document["keys"]["1"].clone());
    let keyring = open(&path, 2).unwrap();
    assert!(keyring.wrap(&data_key([7; 32])).await.unwrap().key_id.ends_with("/10"));
    assert_eq!(keyring.unwrap(&before).await.unwrap().reveal().expose_secret(), &[7; 32]);
}

#[tokio::test]
async fn a_rotated_keyring_wraps_under_a_new_key_and_opens_what_is_old() {
    let folder = folder();
    let path = folder.path().join("keyring");
    let sealed = vault(&path, 1).seal(&bond(), &secret("token")).await.unwrap();
    assert_eq!(Keyring::rotate(&path, &*seeded(2)).unwrap(), 2);
    assert_eq!(Keyring::rotate(&path, &*seeded(3)).unwrap(), 3);
    assert_eq!(text(&vault(&path, 4).open(&bond(), &sealed).await.unwrap()), "token");
    let newest = open(&path, 5).unwrap().wrap(&data_key([7; 32])).await.unwrap();
    assert!(newest.key_id.ends_with("/3"), "{}", newest.key_id);
    assert_eq!(names(&folder), ["keyring"]);
    let document: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_ne!(document["keys"]["2"], document["keys"]["3"]);
    assert_ne!(document["keys"]["1"], document["keys"]["2"]);
    assert!(matches!(
        Keyring::rotate(&folder.path().join("none"), &*seeded(1)),
        Err(KeyringError::Unreadable { .. })
    ));
}

#[test]
fn of_many_starts_at_once_all_hold_one_keyring() {
    let folder = folder();
    let path = folder.path().join("keyring");
    let ids: Vec<String> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|seed| {
                scope.spawn({
                    let path = &path;
                    move || format!("{:?}", open(path, seed).unwrap())
                })
            })
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(names(&folder), ["keyring"]);
}

#[cfg(unix)]
#[test]
fn a_new_keyring_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let path = folder.path().join("keyring");
    open(&path, 1).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_keyring_that_others_can_read_is_refused_with_the_remedy() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let path = folder.path().join("keyring");
    open(&path, 1).unwrap();
    for mode in [0o640, 0o604, 0o660, 0o601, 0o644, 0o610] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let refused = open(&path, 1).unwrap_err().to_string();
        assert!(refused.contains(&format!("mode {mode:04o}")), "{refused}");
        assert!(refused.contains(&format!("chmod 600 {}", path.display())), "{refused}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(open(&path, 1).is_ok(), "read-only is even better");
}

#[test]
fn what_is_no_keyring_is_refused_without_repeating_it() {
    let folder = folder();
    let path = folder.path().join("keyring");
    open(&path, 1).unwrap();
    let whole = fs::read_to_string(&path).unwrap();
    let key =
        serde_json::from_str::<serde_json::Value>(&whole).unwrap()["keys"]["1"].as_str().unwrap().to_owned();
    let broken = [
        String::new(),
        "{}".to_owned(),
        whole[..whole.len() / 2].to_owned(),
        whole.replace("\"format\": 1", "\"format\": 2"),
        whole.replace(&key, &key[1..]),
        whole.replace(&format!("\"{key}\""), &format!("[\"{key}\"]")),
        whole.replace("\"format\"", "\"more\": 1, \"format\""),
    ];
    for text in broken {
        assert_ne!(text, whole);
        fs::write(&path, text).unwrap();
        let refused = open(&path, 1).unwrap_err();
        assert!(matches!(refused, KeyringError::Malformed { .. }), "{refused}");
        assert!(!format!("{refused} {refused:?}").contains(&key[1..]));
    }
}

#[test]
fn a_keyring_without_keys_is_none() {
    for field in ["keys", "installation_keys"] {
        let folder = folder();
        let path = folder.path().join("keyring");
        open(&path, 1).unwrap();
        rewritten(&path, |document| {
            let emptied =
                if document[field].is_array() { serde_json::json!([]) } else { serde_json::json!({}) };
            document[field] = emptied;
        });
        assert!(matches!(open(&path, 1), Err(KeyringError::Malformed { .. })), "{field}");
    }
}

#[test]
fn where_no_keyring_can_be_made_the_reason_is_told() {
    let folder = folder();
    let path = folder.path().join("no such folder").join("keyring");
    let refused = open(&path, 1).unwrap_err();
    assert!(matches!(refused, KeyringError::NotMade { .. }));
    assert!(refused.to_string().contains("no such folder"), "{refused}");
    let refused = open(folder.path(), 1).unwrap_err();
    assert!(matches!(refused, KeyringError::Shared { .. } | KeyringError::Unreadable { .. }), "{refused}");
}

#[test]
fn a_keyring_prints_without_its_keys() {
    let folder = folder();
    let path = folder.path().join("keyring");
    let printed = format!("{:?}", open(&path, 1).unwrap());
    let document: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(!printed.contains(document["keys"]["1"].as_str().unwrap()));
    assert!(printed.contains(document["installation"].as_str().unwrap()));
}
