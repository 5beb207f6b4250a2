//! Documents, and the columns that stand beside them: the one place where columns follow from an aggregate.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use webinar_bridge_domain::balance::Tally;
use webinar_bridge_domain::person::EmailKey;
use webinar_bridge_domain::port::StoreError;
use webinar_bridge_domain::registration::{Phase, Registration, RegistrationKey};
use webinar_bridge_domain::time::Timestamp;

/// The format in which documents are written.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Written<'a, T> {
    v: u32,
    is: &'a T,
}

#[derive(Deserialize)]
struct Found<T> {
    v: u32,
    is: T,
}

/// The document of an aggregate.
pub(crate) fn document<T: Serialize>(item: &T) -> Result<String, StoreError> {
    json(&Written { v: FORMAT, is: item })
}

/// `rows` as one parameter of a statement.
pub(crate) fn json<T: Serialize + ?Sized>(rows: &T) -> Result<String, StoreError> {
    serde_json::to_string(rows)
        .map_err(|error| StoreError::Unavailable(format!("nothing was written: {error}")))
}

/// The aggregate of a document in a table's `doc` column. What cannot be read is named by the row, never quoted.
pub(crate) fn read<T: DeserializeOwned>(
    table: &'static str,
    row: &(impl ToString + ?Sized),
    doc: &str,
) -> Result<T, StoreError> {
    match serde_json::from_str::<Found<T>>(doc) {
        Ok(Found { v: FORMAT, is }) => Ok(is),
        _ => Err(StoreError::Corrupt { table, column: "doc", key: row.to_string() }),
    }
}

/// Rows that came as one JSON array of arrays, in the order of the fields.
pub(crate) fn gathered<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<Vec<T>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { table, column: "*", key: String::new() })
}

/// An id as columns hold it.
pub(crate) fn id(uuid: Uuid) -> String {
    uuid.simple().to_string()
}

/// The id that a column holds.
pub(crate) fn id_in(table: &'static str, column: &'static str, text: &str) -> Result<Uuid, StoreError> {
    Uuid::try_parse(text).map_err(|_| StoreError::Corrupt { table, column, key: "an id".to_owned() })
}

/// An e-mail key as columns hold it.
pub(crate) fn email(key: &EmailKey) -> String {
    URL_SAFE_NO_PAD.encode(key.as_bytes())
}

/// The e-mail key that a column holds.
pub(crate) fn email_in(
    table: &'static str,
    column: &'static str,
    text: &str,
) -> Result<EmailKey, StoreError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(EmailKey::new).ok_or_else(|| StoreError::Corrupt {
        table,
        column,
        key: "an e-mail key".to_owned(),
    })
}

/// A time as columns hold it.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The time that a column holds.
pub(crate) fn time(micros: i64) -> Timestamp {
    let end = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(micros).unwrap_or(end)
}

/// A registration's key as statements look it up.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KeyRow {
    pub(crate) organization: String,
    pub(crate) webinar: String,
    pub(crate) email_key: String,
}

impl From<&RegistrationKey> for KeyRow {
    fn from(key: &RegistrationKey) -> Self {
        Self {
            organization: id(key.organization.uuid()),
            webinar: id(key.webinar.uuid()),
            email_key: email(&key.email),
        }
    }
}

/// What queries need of a registration, with its document.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Columns {
    pub(crate) state: &'static str,
    pub(crate) cause: Option<&'static str>,
    pub(crate) held_since: Option<i64>,
    pub(crate) provider_person: Option<String>,
    pub(crate) waits_webinar: Option<String>,
    pub(crate) waits_email: Option<String>,
    pub(crate) due_at: Option<i64>,
    pub(crate) answer_mark: Option<i64>,
    pub(crate) tally: String,
    pub(crate) doc: String,
    /// What `tally` says.
    #[serde(skip)]
    pub(crate) counts: Tally,
}

/// The columns of a registration.
pub(crate) fn columns_of(registration: &Registration) -> Result<Columns, StoreError> {
    let (state, due_at, held) = match &registration.phase {
        Phase::Due { at, .. } => ("due", Some(micros(*at)), None),
        Phase::Settled => ("settled", None, None),
        Phase::Held { cause, since } => ("held", None, Some((cause.name(), micros(*since)))),
        Phase::Erased => ("erased", None, None),
    };
    // An attempt that is open is due at once: whoever claims it next must say what became of it, and waits for nobody.
    let opened = registration.open.map(|attempt| micros(attempt.opened));
    let waits = registration.waits_for().filter(|_| opened.is_none());
    let counts = Tally::of_registration(registration);
    Ok(Columns {
        state,
        cause: held.map(|(cause, _)| cause),
        held_since: held.map(|(_, since)| since),
        provider_person: registration.person.as_ref().map(|person| person.as_str().to_owned()),
        waits_webinar: waits.map(|key| id(key.webinar.uuid())),
        waits_email: waits.map(|key| email(&key.email)),
        due_at: opened.map(|opened| opened.min(due_at.unwrap_or(opened))).or(due_at),
        answer_mark: answer_mark(registration)?,
        tally: tally_text(&counts)?,
        doc: document(registration)?,
        counts,
    })
}

/// Tells one set of answers that are due from another; nothing when none is due. Another compiler may tell otherwise
/// and so forget a deferral once, no more.
fn answer_mark(registration: &Registration) -> Result<Option<i64>, StoreError> {
    let due = registration.answers_due();
    if due.is_empty() {
        return Ok(None);
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(json(&due)?.as_bytes());
    Ok(Some(hasher.finish().cast_signed()))
}

/// A tally as a column holds it.
pub(crate) fn tally_text(tally: &Tally) -> Result<String, StoreError> {
    json(&tally.counters().collect::<BTreeMap<_, _>>())
}

/// The tally that a column holds.
pub(crate) fn tally_in(
    table: &'static str,
    row: &(impl ToString + ?Sized),
    text: &str,
) -> Result<Tally, StoreError> {
    let counters: BTreeMap<String, i64> = serde_json::from_str(text).map_err(|_| StoreError::Corrupt {
        table,
        column: "tally",
        key: row.to_string(),
    })?;
    Ok(Tally::from_counters(counters.iter().map(|(name, n)| (name.as_str(), *n))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_cannot_be_read_names_its_row_and_nothing_of_it() {
        let error = read::<u32>("registration", &7, "{\"v\":1,\"is\":\"Ada Lovelace\"}").unwrap_err();
        assert_eq!(error.to_string(), "the store holds something unreadable in registration.doc of 7");
        let newer = read::<u32>("registration", &7, "{\"v\":2,\"is\":7}");
        assert!(matches!(newer, Err(StoreError::Corrupt { .. })));
        assert_eq!(read::<u32>("registration", &7, &document(&7).unwrap()), Ok(7));
    }

    #[test]
    fn keys_and_times_survive_their_columns() {
        let key = EmailKey::new([200; 32]);
        assert_eq!(email_in("home", "place_email", &email(&key)), Ok(key));
        let uuid = Uuid::from_u128(u128::MAX - 5);
        assert_eq!(id_in("home", "event", &id(uuid)), Ok(uuid));
        for at in [
            Timestamp::UNIX_EPOCH,
            Timestamp::MIN,
            Timestamp::from_microsecond(1_700_000_000_123_456).unwrap(),
        ] {
            assert_eq!(micros(time(micros(at))), micros(at));
        }
        assert_eq!(time(i64::MIN), Timestamp::MIN);
    }
}
