use async_trait::async_trait;

use crate::fault::Fault;
use crate::id::{CrmRecordId, OrganizationId, ProviderEventId, Version, WebinarId};
use crate::person::Details;
use crate::time::Timestamp;

/// The CRM's changes, and its rows. Rows in a feed are pointers; the truth is read by id, whole.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait CrmFeed: Send + Sync {
    /// Every change after `at` appears in some page at least once. Without a cursor the feed begins with every row
    /// there is. An expired cursor is [`FaultKind::Gone`](crate::fault::FaultKind::Gone) of
    /// [`Missing::Cursor`](crate::fault::Missing::Cursor), never an empty page.
    async fn changes(&self, at: &FeedPosition) -> Result<FeedPage, Fault>;

    /// Registrations by id. A reading is one snapshot of the registration with its contact and company; its version
    /// is the greatest row version in it. A row that is not there is absent from the answer, not an error.
    async fn registrations(&self, rows: &RowsQuery) -> Result<Vec<Reading<CrmRegistration>>, Fault>;

    /// Webinars by id; a row that is not there is absent from the answer.
    async fn webinars(&self, rows: &RowsQuery) -> Result<Vec<Reading<CrmWebinar>>, Fault>;

    /// Whether every configured table, column and relation exists; each mismatch names the name and the setting.
    async fn inspect(&self, organization: &OrganizationId) -> Result<SchemaReport, Fault>;
}

/// The CRM's tables that are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrmTable {
    /// Events.
    Webinars,
    /// Registrations for events.
    Registrations,
    /// Contacts, with the names and addresses.
    Contacts,
    /// Accounts, with the companies' names.
    Accounts,
}

impl CrmTable {
    /// All of them, in the order in which they are read: what others lean on comes first.
    pub const ALL: [Self; 4] = [Self::Webinars, Self::Registrations, Self::Contacts, Self::Accounts];

    /// The table's name in our store; stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Webinars => "webinars",
            Self::Registrations => "registrations",
            Self::Contacts => "contacts",
            Self::Accounts => "accounts",
        }
    }

    /// The table of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }
}

/// A row of the CRM, by table and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrmRow {
    /// In which table.
    pub table: CrmTable,
    /// Which row.
    pub id: CrmRecordId,
}

/// A place in the feed of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPosition {
    /// Whose feed.
    pub organization: OrganizationId,
    /// Of which table.
    pub table: CrmTable,
    /// The place; `None`: the beginning.
    pub cursor: Option<Cursor>,
}

/// A place in a feed, as the adapter named it; opaque.
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// Takes the adapter's name of the place.
    pub fn new(place: impl Into<String>) -> Self {
        Self(place.into())
    }

    /// The adapter's name of the place.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Debug for Cursor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Cursor({} bytes)", self.0.len())
    }
}

/// A page of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPage {
    /// The rows that changed, each at least once.
    pub rows: Vec<FeedRow>,
    /// The place after this page.
    pub next: Cursor,
    /// Whether more is there already.
    pub more: bool,
}

/// One changed row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedRow {
    /// Which.
    pub id: CrmRecordId,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// Rows by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsQuery {
    /// Of which organization.
    pub organization: OrganizationId,
    /// Which.
    pub ids: Vec<CrmRecordId>,
}

/// A row as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<T> {
    /// Which row.
    pub id: CrmRecordId,
    /// Its version; two different readings of a row never share one.
    pub version: Version,
    /// The row.
    pub row: T,
}

/// A registration in the CRM, with its contact and company, in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmRegistration {
    /// For which event.
    pub event: WebinarId,
    /// The contact it points to.
    pub contact: CrmRecordId,
    /// The contact's company, if it has one.
    pub company: Option<CrmRecordId>,
    /// Whether the row says that the person no longer wants to come.
    pub cancelled: bool,
    /// The person.
    pub details: Details,
}

/// An event in the CRM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmWebinar {
    /// Its title.
    pub title: String,
    /// Its start, in UTC.
    pub starts: Timestamp,
    /// Its end, in UTC.
    pub ends: Timestamp,
    /// Whether it is meant for the provider: its format and its configuration say so.
    pub ours: bool,
    /// Whether it was called off.
    pub cancelled: bool,
    /// The provider's event it is bound to.
    pub event: Option<ProviderEventId>,
}

/// What a look at the CRM's schema found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaReport {
    /// The names that are not there.
    pub mismatches: Vec<SchemaMismatch>,
}

/// One configured name that the CRM does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaMismatch {
    /// The table or column that was looked for.
    pub name: String,
    /// The setting that names it.
    pub setting: String,
}
