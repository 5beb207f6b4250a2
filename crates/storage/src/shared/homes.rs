//! Homes: where each CRM row feeds, and how new it was when it was read.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;
use webinar_bridge_domain::balance::Tally;
use webinar_bridge_domain::id::{OrganizationId, SourceId, Version};
use webinar_bridge_domain::port::{CrmRow, CrmTable, Home, Place, StoreError};
use webinar_bridge_domain::registration::RegistrationKey;

use super::fault::Failed;
use super::{Conn, Db, For};
use crate::record;

/// A home as it is stored.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub(super) struct HomeRow {
    source: String,
    version: i64,
    place: String,
    place_webinar: Option<String>,
    place_email: Option<String>,
    exclusion: Option<String>,
    event: String,
    contact: String,
    company: Option<String>,
}

#[derive(Serialize)]
struct Id {
    id: String,
}

macro_rules! load {
    () => {
        concat!(
    "SELECT h.source, h.version, h.place, h.place_webinar, h.place_email, h.exclusion, h.event, h.contact, h.company
       FROM ", rows!("$1"), " CROSS JOIN home AS h WHERE h.organization = $2 AND h.source = ", text!("id")
        )
    };
}

const LOAD: &str = load!();
const HOLD: &str = concat!(load!(), locked!());
const SAVE: &str = concat!(
    "INSERT INTO home (organization, source, version, place, place_webinar, place_email, exclusion, event, contact,
            company)
     SELECT $2, ", text!("source"), ", ", number!("version"), ", ", text!("place"), ", ", text!("place_webinar"), ", ",
    text!("place_email"), ", ", text!("exclusion"), ", ", text!("event"), ", ", text!("contact"), ", ",
    text!("company"), " FROM ", rows!("$1"), " WHERE true
     ON CONFLICT (organization, source) DO UPDATE
        SET version = excluded.version, place = excluded.place, place_webinar = excluded.place_webinar,
            place_email = excluded.place_email, exclusion = excluded.exclusion, event = excluded.event,
            contact = excluded.contact, company = excluded.company"
);
const SEE: &str = concat!(
    "UPDATE home SET seen = $3 WHERE organization = $2 AND seen < $3 AND source IN (SELECT ",
    text!("id"),
    " FROM ",
    rows!("$1"),
    ")"
);
const LEAN: &str = concat!(
    "SELECT h.source FROM ",
    rows!("$1"),
    " CROSS JOIN home AS h
      WHERE h.organization = $4 AND h.contact = ",
    text!("id"),
    " AND h.place <> 'deleted'
     UNION SELECT h.source FROM ",
    rows!("$2"),
    " CROSS JOIN home AS h
      WHERE h.organization = $4 AND h.company = ",
    text!("id"),
    " AND h.place <> 'deleted'
     UNION SELECT h.source FROM ",
    rows!("$3"),
    " CROSS JOIN home AS h
      WHERE h.organization = $4 AND h.event = ",
    text!("id"),
    " AND h.place <> 'deleted'"
);

fn ids(ids: impl Iterator<Item = Uuid>) -> Result<String, StoreError> {
    record::json(&ids.map(|uuid| Id { id: record::id(uuid) }).collect::<Vec<_>>())
}

/// The homes of the sources that have one.
pub(super) async fn load(
    conn: &mut Conn,
    purpose: For,
    organization: OrganizationId,
    sources: &[SourceId],
) -> Result<BTreeMap<SourceId, Home>, Failed> {
    if sources.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wanted = ids(sources.iter().map(|source| source.uuid()))?;
    let rows = sqlx::query_as::<Db, HomeRow>(purpose.either(LOAD, HOLD))
        .bind(wanted)
        .bind(record::id(organization.uuid()));
    let found = rows.fetch_all(conn).await?;
    Ok(found.iter().map(|row| row.home(organization)).collect::<Result<_, _>>()?)
}

/// Stores homes in the place of those before.
pub(super) async fn save(
    conn: &mut Conn,
    organization: OrganizationId,
    homes: &BTreeMap<SourceId, Home>,
) -> Result<(), Failed> {
    if homes.is_empty() {
        return Ok(());
    }
    let rows =
        homes.iter().map(|(source, home)| HomeRow::new(*source, home)).collect::<Result<Vec<_>, _>>()?;
    let save = sqlx::query::<Db>(SAVE).bind(record::json(&rows)?).bind(record::id(organization.uuid()));
    save.execute(conn).await?;
    Ok(())
}

/// Marks rows as seen in a snapshot of their table.
pub(super) async fn see(
    conn: &mut Conn,
    organization: &str,
    snapshot: i64,
    sources: &[SourceId],
) -> Result<(), Failed> {
    if sources.is_empty() {
        return Ok(());
    }
    let seen = ids(sources.iter().map(|source| source.uuid()))?;
    sqlx::query::<Db>(SEE).bind(seen).bind(organization).bind(snapshot).execute(conn).await?;
    Ok(())
}

/// The registration rows that name any of these contacts, accounts or events, and are still there.
pub(super) async fn leaning(
    conn: &mut Conn,
    organization: OrganizationId,
    rows: &[CrmRow],
) -> Result<Vec<String>, Failed> {
    let of = |table| ids(rows.iter().filter(move |row| row.table == table).map(|row| row.id.uuid()));
    let sources = sqlx::query_scalar::<Db, String>(LEAN)
        .bind(of(CrmTable::Contacts)?)
        .bind(of(CrmTable::Accounts)?)
        .bind(of(CrmTable::Webinars)?)
        .bind(record::id(organization.uuid()));
    Ok(sources.fetch_all(conn).await?)
}

/// Whether `next` may take the place of `stored`: with a newer version, or with the same one when only our own
/// knowledge of the event changed. A row that is gone never comes back.
pub(super) fn may_follow(stored: Option<&Home>, next: &Home) -> bool {
    let Some(stored) = stored else { return true };
    match (&stored.place, &next.place) {
        (Place::Deleted(_), Place::Registration(_) | Place::Excluded(_)) => false,
        (Place::Registration(here), Place::Registration(there)) if here != there => {
            next.version > stored.version
        }
        _ => next.version >= stored.version,
    }
}

/// What a home adds to the balance of its event.
pub(super) fn counts(home: &Home) -> Tally {
    match home.place {
        Place::Registration(_) => Tally::of_row(None),
        Place::Excluded(reason) => Tally::of_row(Some(reason)),
        Place::Deleted(_) => Tally::default(),
    }
}

impl HomeRow {
    fn new(source: SourceId, home: &Home) -> Result<Self, StoreError> {
        let (place, key, exclusion) = match home.place {
            Place::Registration(key) => ("registration", Some(key), None),
            Place::Excluded(reason) => ("excluded", None, Some(record::json(&reason)?)),
            Place::Deleted(key) => ("deleted", key, None),
        };
        Ok(Self {
            source: record::id(source.uuid()),
            version: home.version.0.cast_signed(),
            place: place.to_owned(),
            place_webinar: key.map(|key| record::id(key.webinar.uuid())),
            place_email: key.map(|key| record::email(&key.email)),
            exclusion,
            event: record::id(home.event.uuid()),
            contact: record::id(home.contact.uuid()),
            company: home.company.map(|company| record::id(company.uuid())),
        })
    }

    fn home(&self, organization: OrganizationId) -> Result<(SourceId, Home), StoreError> {
        let company =
            self.company.as_deref().map(|company| record::id_in("home", "company", company)).transpose()?;
        let home = Home {
            version: Version(self.version.cast_unsigned()),
            place: self.place(organization)?,
            event: record::id_in("home", "event", &self.event)?.into(),
            contact: record::id_in("home", "contact", &self.contact)?.into(),
            company: company.map(Into::into),
        };
        Ok((record::id_in("home", "source", &self.source)?.into(), home))
    }

    fn place(&self, organization: OrganizationId) -> Result<Place, StoreError> {
        let corrupt = || StoreError::Corrupt { table: "home", column: "place", key: self.source.clone() };
        match self.place.as_str() {
            "registration" => Ok(Place::Registration(self.key(organization)?.ok_or_else(corrupt)?)),
            "deleted" => Ok(Place::Deleted(self.key(organization)?)),
            "excluded" => {
                let reason = self.exclusion.as_deref().and_then(|reason| serde_json::from_str(reason).ok());
                reason.map(Place::Excluded).ok_or_else(corrupt)
            }
            _ => Err(corrupt()),
        }
    }

    fn key(&self, organization: OrganizationId) -> Result<Option<RegistrationKey>, StoreError> {
        let (Some(webinar), Some(email)) = (&self.place_webinar, &self.place_email) else { return Ok(None) };
        let webinar = record::id_in("home", "place_webinar", webinar)?.into();
        let email = record::email_in("home", "place_email", email)?;
        Ok(Some(RegistrationKey { organization, webinar, email }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use webinar_bridge_domain::balance::Exclusion;
    use webinar_bridge_domain::person::EmailKey;

    fn home(version: u64, place: Place) -> Home {
        let event = Uuid::from_u128(2).into();
        Home { version: Version(version), place, event, contact: Uuid::from_u128(3).into(), company: None }
    }

    fn key() -> RegistrationKey {
        let (organization, webinar) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        RegistrationKey { organization, webinar, email: EmailKey::new([7; 32]) }
    }

    #[test]
    fn a_home_survives_its_row() {
        let places = [
            Place::Registration(key()),
            Place::Excluded(Exclusion::NoAddress),
            Place::Deleted(None),
            Place::Deleted(Some(key())),
        ];
        for place in places {
            let (source, home) = (Uuid::from_u128(9).into(), home(u64::MAX, place));
            let row = HomeRow::new(source, &home).unwrap();
            assert_eq!(row.home(key().organization), Ok((source, home)));
        }
    }

    #[test]
    fn a_home_gives_way_to_what_is_newer() {
        let fed = |version| home(version, Place::Registration(key()));
        let other = RegistrationKey { email: EmailKey::new([8; 32]), ..key() };
        let moved = |version| home(version, Place::Registration(other));
        let out = |version| home(version, Place::Excluded(Exclusion::NotAWebinar));
        let gone = |version| home(version, Place::Deleted(None));
        let table = [
            (fed(5), fed(6), true),
            (fed(5), fed(5), true),
            (fed(5), fed(4), false),
            (fed(5), moved(5), false),
            (fed(5), moved(6), true),
            (fed(5), out(5), true),
            (fed(5), gone(5), true),
            (fed(5), gone(4), false),
            (out(5), fed(5), true),
            (out(5), fed(4), false),
            (gone(5), fed(9), false),
            (gone(5), gone(5), true),
        ];
        for (stored, next, may) in table {
            assert_eq!(may_follow(Some(&stored), &next), may, "{stored:?} -> {next:?}");
        }
        assert!(may_follow(None, &fed(0)));
    }
}
