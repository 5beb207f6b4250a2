//! The CRM: a few rows that people edit, and that hear our answers.

use std::collections::BTreeMap;

use super::dice::Dice;
use super::{ADDRESSES, provider};
use crate::registration::Answer;

/// How many rows there are at the most.
const ROWS: u8 = 4;

/// One registration row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) version: u64,
    /// `None`: the contact has no usable address.
    pub(super) address: Option<u8>,
    pub(super) details: u16,
    pub(super) cancelled: bool,
    pub(super) deleted: bool,
    /// What we told it last.
    pub(super) heard: Option<Answer>,
}

/// What one look at a row saw.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) source: u8,
    pub(super) row: Row,
}

#[derive(Default)]
pub(super) struct Crm {
    pub(super) rows: BTreeMap<u8, Row>,
    /// How often people did what.
    pub(super) edits: BTreeMap<&'static str, u64>,
    version: u64,
}

impl Crm {
    pub(super) fn reading(&self, source: u8) -> Reading {
        Reading { source, row: self.rows[&source].clone() }
    }

    /// The rows that want somebody of that address at the webinar.
    pub(super) fn wanting(&self, address: u8) -> impl Iterator<Item = &Row> {
        self.rows.values().filter(move |row| row.address == Some(address) && !row.cancelled && !row.deleted)
    }

    /// Somebody edits a row; which one.
    pub(super) fn edit(&mut self, dice: &mut Dice) -> Option<u8> {
        let (source, address, details) =
            (dice.below(ROWS), dice.below(ADDRESSES), dice.below(provider::DETAILS));
        self.version += 1;
        let new = Row {
            version: self.version,
            address: Some(address),
            details: details.into(),
            cancelled: false,
            deleted: false,
            heard: None,
        };
        let Some(row) = self.rows.get_mut(&source) else {
            self.rows.insert(source, new);
            *self.edits.entry("registered").or_default() += 1;
            return Some(source);
        };
        if row.deleted {
            return None;
        }
        row.version = self.version;
        let what = match dice.below(20) {
            0..=6 => {
                row.details = details.into();
                "updated"
            }
            7..=11 => {
                row.cancelled = !row.cancelled;
                if row.cancelled { "cancelled" } else { "restored" }
            }
            12..=17 => {
                row.address = Some(address);
                "moved to another address"
            }
            18 => {
                row.address = None;
                "left without an address"
            }
            _ => {
                row.deleted = true;
                "deleted"
            }
        };
        *self.edits.entry(what).or_default() += 1;
        Some(source)
    }

    /// Our answer is an edit like any other: it raises the version, and comes back as an echo. `false`: the row is
    /// gone.
    pub(super) fn hear(&mut self, source: u8, answer: &Answer) -> bool {
        self.version += 1;
        let row = self.rows.get_mut(&source).unwrap();
        if row.deleted {
            return false;
        }
        (row.version, row.heard) = (self.version, Some(answer.clone()));
        true
    }
}
