use uuid::Uuid;
use webinar_bridge_domain::id::{CrmRecordId, OrganizationId, ProviderEventId, SourceId, WebinarId};
use webinar_bridge_domain::port::CrmWebinar;
use webinar_bridge_domain::time::Timestamp;

/// What a CRM has when a case begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrmWorld {
    /// Its events.
    pub webinars: Vec<(WebinarId, CrmWebinar)>,
    /// Its accounts.
    pub companies: Vec<CrmCompany>,
    /// Its contacts.
    pub contacts: Vec<CrmContact>,
    /// Its registrations.
    pub registrations: Vec<CrmRegistrationRow>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmCompany {
    /// Names the row.
    pub id: CrmRecordId,
    /// The company's name.
    pub name: String,
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmContact {
    /// Names the row.
    pub id: CrmRecordId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// The address, as typed.
    pub address: String,
    /// The position held at the company.
    pub job_title: String,
    /// The company.
    pub company: Option<CrmRecordId>,
}

/// A registration for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrmRegistrationRow {
    /// Names the row.
    pub id: SourceId,
    /// For which event.
    pub event: WebinarId,
    /// Of which contact.
    pub contact: CrmRecordId,
    /// Whether the row says that the person no longer wants to come.
    pub cancelled: bool,
}

/// Something that somebody does in the CRM.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrmEdit {
    /// Writes an event.
    Webinar(WebinarId, CrmWebinar),
    /// Writes an account.
    Company(CrmCompany),
    /// Writes a contact.
    Contact(CrmContact),
    /// Writes a registration.
    Registration(CrmRegistrationRow),
    /// Deletes a registration.
    DeleteRegistration(SourceId),
    /// Lets every cursor that was given out so far expire.
    ExpireCursors,
    /// Takes away a column that the adapter's settings name.
    DropColumn,
}

/// What the world itself chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrmStage {
    /// Whose CRM it is.
    pub organization: OrganizationId,
}

/// What a registration row shows of its answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing yet.
    Nothing,
    /// The person is at the provider, under this id.
    Admitted(Option<String>),
    /// The person is not at the provider, as the row wants it.
    Cancelled,
    /// Stopped, with this text beside it.
    Held(String),
}

/// A check-in row, as the CRM keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCheckIn {
    /// Names the row.
    pub id: Uuid,
    /// The registration.
    pub source: SourceId,
    /// The contact.
    pub contact: CrmRecordId,
    /// Minutes watched.
    pub minutes: u32,
    /// Interactions.
    pub interactions: u32,
    /// First activity.
    pub first: Option<Timestamp>,
    /// Last activity.
    pub last: Option<Timestamp>,
}

/// The id of the fixture's event.
const EVENT: u128 = 0xe001;

impl CrmWorld {
    /// One event of ours, two companies, and `people` contacts with a registration each; the last has no company.
    pub fn with_people(people: u32) -> Self {
        let companies = [(0xa001, "Analytical Engines & Söhne"), (0xa002, "株式会社サンプル")];
        let company = |(id, name): (u128, &str)| CrmCompany { id: row(id), name: name.to_owned() };
        Self {
            webinars: vec![(Uuid::from_u128(EVENT).into(), Self::webinar())],
            companies: companies.map(company).into(),
            contacts: (0..people).map(|n| contact(n, n + 1 == people)).collect(),
            registrations: (0..people).map(registration).collect(),
        }
    }

    /// The fixture's event: a webinar of ours, bound to a provider's event.
    pub fn webinar() -> CrmWebinar {
        CrmWebinar {
            title: "Engines & Compilers – 入門".to_owned(),
            starts: Timestamp::constant(1_773_000_000, 0),
            ends: Timestamp::constant(1_773_003_600, 0),
            ours: true,
            cancelled: false,
            event: Some(ProviderEventId::new("2845013")),
        }
    }
}

fn row(id: u128) -> CrmRecordId {
    Uuid::from_u128(id).into()
}

fn contact(n: u32, alone: bool) -> CrmContact {
    let company = (!alone).then(|| row(if n.is_multiple_of(2) { 0xa001 } else { 0xa002 }));
    CrmContact {
        id: row(0xc000_0000 + u128::from(n)),
        first_name: format!("Zoë{n}"),
        last_name: format!("田中{n}"),
        address: format!("Person+{n}@Example.com"),
        job_title: "Countess".to_owned(),
        company,
    }
}

fn registration(n: u32) -> CrmRegistrationRow {
    CrmRegistrationRow {
        id: Uuid::from_u128(0xf000_0000 + u128::from(n)).into(),
        event: Uuid::from_u128(EVENT).into(),
        contact: row(0xc000_0000 + u128::from(n)),
        cancelled: false,
    }
}
