//! What people do in the CRM.

use std::sync::Arc;

use uuid::Uuid;
use webinar_bridge_domain::id::{CrmRecordId, OrganizationId, SourceId, WebinarId};
use webinar_bridge_domain::port::{CrmTable, CrmWebinar};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};

use super::air::Air;
use super::crm::{Contact, Crm, Row};
use super::provider::event_id;

/// How many events an organization has.
pub(super) const EVENTS: u8 = 2;

/// The people of one organization.
pub(super) struct People {
    air: Air,
    crm: Arc<Crm>,
    pub(super) organization: OrganizationId,
    born: u128,
}

pub(super) fn event(n: u8) -> WebinarId {
    Uuid::from_u128(0xE000 + u128::from(n)).into()
}

impl People {
    /// Plans events from `starts` to `ends`.
    pub(super) fn plan(
        air: &Air,
        crm: &Arc<Crm>,
        organization: OrganizationId,
        (starts, ends): (Timestamp, Timestamp),
    ) -> Self {
        crm.with(organization, |tables| {
            for n in 1..=EVENTS {
                let row = CrmWebinar {
                    title: format!("Webinar {n}"),
                    starts: starts + SignedDuration::from_mins(i64::from(n)),
                    ends,
                    ours: true,
                    cancelled: false,
                    event: Some(event_id(n)),
                };
                tables.events.insert(event(n), row);
                tables.changed(CrmTable::Webinars, event(n).uuid().into());
            }
        });
        Self { air: air.clone(), crm: crm.clone(), organization, born: 0 }
    }

    fn id(&mut self) -> Uuid {
        self.born += 1;
        Uuid::from_u128((u128::from(self.air.below(u64::MAX)) << 64) | self.born)
    }

    /// One of few addresses, in one of the ways in which people write it.
    fn address(&self) -> String {
        const ADDRESSES: [&str; 14] = [
            "ada@x.io",
            "bob@x.io",
            "cy@x.io",
            "dot@x.io",
            "eve@x.io",
            "fay@x.io",
            "gus@x.io",
            "hal@x.io",
            "ida@x.io",
            "jo@x.io",
            "kim@x.io",
            "zoë@x.io",
            "unwelcome@x.io",
            "nobody",
        ];
        let address = self.air.pick(&ADDRESSES).copied().unwrap_or("ada@x.io");
        if self.air.below(4) == 0 { format!(" {}", address.to_uppercase()) } else { address.to_owned() }
    }

    fn name(&self) -> String {
        format!("Name {}", self.air.below(1_000_000))
    }

    fn some_row(&self) -> Option<SourceId> {
        let rows: Vec<SourceId> =
            self.crm.with(self.organization, |tables| tables.rows.keys().copied().collect());
        self.air.pick(&rows).copied()
    }

    fn some_contact(&self) -> Option<CrmRecordId> {
        let all: Vec<CrmRecordId> =
            self.crm.with(self.organization, |tables| tables.contacts.keys().copied().collect());
        self.air.pick(&all).copied()
    }

    fn contact(&mut self) -> CrmRecordId {
        if self.air.below(4) == 0
            && let Some(known) = self.some_contact()
        {
            return known;
        }
        let (id, address, name) = (self.id().into(), self.address(), self.name());
        self.crm.with(self.organization, |tables| {
            tables.contacts.insert(id, Contact { address, name });
            tables.changed(CrmTable::Contacts, id);
        });
        id
    }

    /// Does something; which row it was about.
    pub(super) fn do_something(&mut self) -> Option<CrmRecordId> {
        let what = self.air.below(100);
        let (did, row) = match what {
            0..=34 => ("register", Some(self.register())),
            35..=49 => ("cancel", self.change_row(|row| row.cancelled = true)),
            50..=59 => ("restore", self.change_row(|row| row.cancelled = false)),
            60..=66 => ("delete", self.delete()),
            67..=71 => {
                let n = u8::try_from(1 + self.air.below(u64::from(EVENTS))).unwrap_or(1);
                ("move", self.change_row(|row| row.event = event(n)))
            }
            72..=84 => {
                let name = self.name();
                ("rename", self.change_contact(|contact| contact.name = name))
            }
            85..=97 => {
                let address = self.address();
                ("change an address", self.change_contact(|contact| contact.address = address))
            }
            _ => ("delete many", self.delete_many()),
        };
        self.air.count("changes in the CRM");
        self.air.note(format_args!("people {did}: {row:?}"));
        row
    }

    fn register(&mut self) -> CrmRecordId {
        let (id, contact): (SourceId, _) = (self.id().into(), self.contact());
        let n = u8::try_from(1 + self.air.below(u64::from(EVENTS))).unwrap_or(1);
        self.crm.with(self.organization, |tables| {
            tables.rows.insert(id, Row { event: event(n), contact, cancelled: false });
            tables.changed(CrmTable::Registrations, id.uuid().into());
        });
        id.uuid().into()
    }

    fn change_row(&self, change: impl FnOnce(&mut Row)) -> Option<CrmRecordId> {
        let id = self.some_row()?;
        self.crm.with(self.organization, |tables| {
            change(tables.rows.get_mut(&id)?);
            tables.changed(CrmTable::Registrations, id.uuid().into());
            Some(id.uuid().into())
        })
    }

    pub(super) fn rename_somebody(&self) {
        let name = self.name();
        self.change_contact(|contact| contact.name = name);
    }

    fn change_contact(&self, change: impl FnOnce(&mut Contact)) -> Option<CrmRecordId> {
        let id = self.some_contact()?;
        self.crm.with(self.organization, |tables| {
            change(tables.contacts.get_mut(&id)?);
            tables.changed(CrmTable::Contacts, id);
            Some(id)
        })
    }

    fn delete(&self) -> Option<CrmRecordId> {
        let id = self.some_row()?;
        self.crm.with(self.organization, |tables| {
            tables.rows.remove(&id)?;
            tables.changed(CrmTable::Registrations, id.uuid().into());
            Some(id.uuid().into())
        })
    }

    /// Somebody's mistake: a third of an event's rows.
    fn delete_many(&self) -> Option<CrmRecordId> {
        self.air.count("mass deletions");
        for _ in 0..6 {
            self.delete();
        }
        None
    }
}
