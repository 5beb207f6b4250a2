//! Rows by id, whole.
//!
//! A registration is read together with its contact and the contact's account, as nested expansions of one request:
//! the platform supports them for navigations to a single row, and one statement of its database then shows all
//! three as they were at one moment. The company's name could also be had as the formatted value of the contact's
//! lookup, but without a version: a company that is renamed would then look like the reading before.

use std::collections::{BTreeMap, HashSet};

use uuid::Uuid;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Peer};
use webinar_bridge_domain::id::{CrmRecordId, ProviderEventId, Version};
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{CrmRegistration, CrmWebinar, Reading, RowsQuery};
use webinar_bridge_domain::time::Timestamp;
use webinar_bridge_transport::Exchange;

use crate::api::{Call, Session};
use crate::config::{CompanySource, Contacts, DynamicsSettings, Events, STATE, VERSION, lookup, named};
use crate::dto::{BadRow, Page, Row};
use crate::feed::foreign;
use crate::refusal;
use crate::translate::{NoTimes, Times, times};

const REGISTRATIONS: Exchange = Exchange::page(Peer::Crm, "registrations");
const WEBINARS: Exchange = Exchange::page(Peer::Crm, "webinars");

/// As many ids as fit into an address, with room to spare: the platform takes 32 kB.
const MOST_IDS: u32 = 400;

/// Registrations with their people.
pub(crate) async fn registrations(
    session: &Session<'_>,
    query: &RowsQuery,
) -> Result<Vec<Reading<CrmRegistration>>, Fault> {
    let settings = session.settings();
    let rows = &settings.registrations;
    let select = registration_columns(settings);
    let expand = format!("{}({})", rows.contact_navigation, contact_shape(settings));
    let shape = Shape { set: &rows.set, key: &rows.key, query: format!("$select={select}&$expand={expand}") };
    let mut readings = Vec::with_capacity(query.ids.len());
    for row in by_id(session, &shape, &query.ids, &REGISTRATIONS).await? {
        readings.extend(registration(&row, settings)?);
    }
    Ok(readings)
}

/// Webinars.
pub(crate) async fn webinars(
    session: &Session<'_>,
    query: &RowsQuery,
) -> Result<Vec<Reading<CrmWebinar>>, Fault> {
    let settings = session.settings();
    let events = &settings.events;
    let shape =
        Shape { set: &events.set, key: &events.key, query: format!("$select={}", event_columns(events)) };
    let rows = by_id(session, &shape, &query.ids, &WEBINARS).await?;
    rows.iter().map(|row| webinar(row, settings)).collect()
}

/// What is asked of rows of one set.
struct Shape<'a> {
    set: &'a str,
    key: &'a str,
    query: String,
}

/// The rows of these ids that are there, each once. Rows that nobody asked for are passed over.
async fn by_id(
    session: &Session<'_>,
    shape: &Shape<'_>,
    ids: &[CrmRecordId],
    exchange: &Exchange,
) -> Result<Vec<Row>, Fault> {
    let mut wanted: HashSet<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut found = Vec::with_capacity(wanted.len());
    let most = session.settings().batch_rows.clamp(1, MOST_IDS) as usize;
    for some in ids.chunks(most) {
        let query = format!("{}&$filter={}", shape.query, among(shape.key, some));
        for row in pages(session, Call::get(session.root.at(shape.set, Some(&query))), exchange).await? {
            let id = row.key(shape.key).map_err(|BadRow| refusal::malformed(exchange))?;
            if wanted.remove(&id) {
                found.push(row);
            }
        }
    }
    Ok(found)
}

/// All pages of a list. There is one, unless the organization has smaller pages than we ask rows for.
async fn pages(session: &Session<'_>, mut call: Call, exchange: &Exchange) -> Result<Vec<Row>, Fault> {
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    loop {
        let page: Page = session.read(&call, exchange).await?;
        rows.extend(page.value);
        let Some(link) = page.next else { return Ok(rows) };
        call.url = session.root.follow(&link).ok_or_else(|| foreign(exchange))?;
        if !seen.insert(link) {
            return Err(exchange.fault(FaultKind::Transient, "dataverse.loop"));
        }
    }
}

fn among(key: &str, ids: &[CrmRecordId]) -> String {
    let values: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    format!("Microsoft.Dynamics.CRM.In(PropertyName='{key}',PropertyValues=[{}])", values.join(","))
}

/// Names with commas between, none twice, those that are switched off left out.
fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut seen = HashSet::new();
    let names = names.into_iter().filter_map(named).filter(|name| seen.insert(*name));
    names.collect::<Vec<_>>().join(",")
}

fn registration_columns(settings: &DynamicsSettings) -> String {
    let rows = &settings.registrations;
    let (event, contact) = (lookup(&rows.event), lookup(&rows.contact));
    let own = [rows.key.as_str(), &event, &contact, &rows.cancelled, STATE, VERSION];
    list(own.into_iter().chain(rows.fields.values().map(String::as_str)))
}

fn contact_shape(settings: &DynamicsSettings) -> String {
    let Contacts {
        key, first_name, last_name, email, job_title, company, account_navigation, fields, ..
    } = &settings.contacts;
    let own = [key.as_str(), first_name, last_name, email, job_title, VERSION];
    let company_column = match company {
        CompanySource::Column(column) => column,
        CompanySource::ParentAccount | CompanySource::None => "",
    };
    let select = list(own.into_iter().chain([company_column]).chain(fields.values().map(String::as_str)));
    match company {
        CompanySource::ParentAccount => {
            let account = list([settings.accounts.key.as_str(), &settings.accounts.name, VERSION]);
            format!("$select={select};$expand={account_navigation}($select={account})")
        }
        CompanySource::Column(_) | CompanySource::None => format!("$select={select}"),
    }
}

fn event_columns(events: &Events) -> String {
    let configuration = named(&events.configuration).map(lookup).unwrap_or_default();
    list([
        events.key.as_str(),
        &events.title,
        &events.start,
        &events.end,
        &events.time_zone,
        &events.start_utc,
        &events.end_utc,
        &events.format,
        &configuration,
        &events.template,
        &events.status,
        &events.provider_event,
        STATE,
        VERSION,
    ])
}

/// A row that names no event or no contact is there all the same, for somebody may fill it again: it reads as one without
/// an address, at no event or of nobody (the nil id).
fn registration(row: &Row, settings: &DynamicsSettings) -> Result<Option<Reading<CrmRegistration>>, Fault> {
    let malformed = |BadRow| refusal::malformed(&REGISTRATIONS);
    let rows = &settings.registrations;
    let id = row.key(&rows.key).map_err(malformed)?;
    let event = row.id(&lookup(&rows.event)).map_err(malformed)?;
    let names_contact = row.id(&lookup(&rows.contact)).map_err(malformed)?.is_some();
    let contact = row.expanded(&rows.contact_navigation).map_err(malformed)?;
    let (event, contact) = match (event, contact) {
        (Some(event), Some(contact)) => (event, contact),
        // Named, but not shown: the application may not read that contact. Taken for absent, the person would be
        // called off.
        (_, None) if names_contact => {
            let field = Code::new("dataverse.contact_hidden");
            return Err(REGISTRATIONS.fault(FaultKind::Invalid { field }, "dataverse.contact_hidden"));
        }
        (event, _) => {
            tracing::debug!(row = %id, "a registration names no event or no contact");
            return Ok(Some(nobody(row, id, event).map_err(malformed)?));
        }
    };
    let person = person(&contact, row, settings).map_err(malformed)?;
    let version = row.version().map_err(malformed)?.max(person.version);
    let inactive = rows.inactive_is_cancelled && row.number(STATE).is_some_and(|state| state != 0);
    let row = CrmRegistration {
        event: CrmRecordId::from(event).into(),
        contact: person.contact,
        company: person.company,
        cancelled: inactive || row.flag(&rows.cancelled),
        details: person.details,
    };
    Ok(Some(Reading { id: id.into(), version, row }))
}

fn nobody(row: &Row, id: Uuid, event: Option<Uuid>) -> Result<Reading<CrmRegistration>, BadRow> {
    let details = Details {
        address: Address::new(""),
        first_name: String::new(),
        last_name: String::new(),
        company: String::new(),
        job_title: String::new(),
        more: BTreeMap::new(),
    };
    let row_read = CrmRegistration {
        event: CrmRecordId::from(event.unwrap_or_default()).into(),
        contact: CrmRecordId::from(Uuid::nil()),
        company: None,
        cancelled: false,
        details,
    };
    Ok(Reading { id: id.into(), version: row.version()?, row: row_read })
}

struct Person {
    contact: CrmRecordId,
    company: Option<CrmRecordId>,
    version: Version,
    details: Details,
}

fn person(contact: &Row, registration: &Row, settings: &DynamicsSettings) -> Result<Person, BadRow> {
    let columns = &settings.contacts;
    let account = match columns.company {
        CompanySource::ParentAccount => contact.expanded(&columns.account_navigation)?,
        CompanySource::Column(_) | CompanySource::None => None,
    };
    let (company, company_version) = match &account {
        Some(account) => (Some(account.key(&settings.accounts.key)?.into()), account.version()?),
        None => (None, Version::default()),
    };
    let text = |column: &str| contact.text(column).unwrap_or_default().to_owned();
    let company_name = match &columns.company {
        CompanySource::ParentAccount => account.as_ref().and_then(|row| row.text(&settings.accounts.name)),
        CompanySource::Column(column) => contact.text(column),
        CompanySource::None => None,
    };
    let mut more = fields(contact, &columns.fields);
    more.extend(fields(registration, &settings.registrations.fields));
    let details = Details {
        address: Address::new(text(&columns.email)),
        first_name: text(&columns.first_name),
        last_name: text(&columns.last_name),
        company: company_name.unwrap_or_default().to_owned(),
        job_title: text(&columns.job_title),
        more,
    };
    let version = contact.version()?.max(company_version);
    Ok(Person { contact: contact.key(&columns.key)?.into(), company, version, details })
}

fn fields(row: &Row, columns: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    columns.iter().filter_map(|(field, column)| Some((field.clone(), row.plain(column)?))).collect()
}

fn webinar(row: &Row, settings: &DynamicsSettings) -> Result<Reading<CrmWebinar>, Fault> {
    let malformed = |BadRow| refusal::malformed(&WEBINARS);
    let events = &settings.events;
    let id = row.key(&events.key).map_err(malformed)?;
    let version = row.version().map_err(malformed)?;
    let meant = is_meant(row, events).map_err(malformed)?;
    let (times, dated) = match times(row, events, &settings.time_zones) {
        Ok(times) => (times, true),
        // An event of somebody else, or one that has no start yet, must not keep the others from being read.
        Err(_) if !meant => (NEVER, false),
        Err(NoTimes::Open) => (NEVER, false),
        Err(NoTimes::Unreadable) => return Err(malformed(BadRow)),
        Err(NoTimes::UnknownZone(code)) => {
            let kind = FaultKind::Invalid { field: code.clone() };
            return Err(Fault { kind, code, ..refusal::malformed(&WEBINARS) });
        }
    };
    let called_off = row.number(&events.status) == Some(events.status_cancelled);
    let inactive = row.number(STATE).is_some_and(|state| state != 0);
    let row = CrmWebinar {
        title: row.text(&events.title).unwrap_or_default().to_owned(),
        starts: times.starts,
        ends: times.ends,
        ours: meant && dated,
        cancelled: called_off || inactive,
        event: row
            .text(&events.provider_event)
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .map(ProviderEventId::new),
    };
    Ok(Reading { id: id.into(), version, row })
}

/// The times of an event that has none.
const NEVER: Times = Times { starts: Timestamp::UNIX_EPOCH, ends: Timestamp::UNIX_EPOCH };

/// Whether format and configuration say that the event is for the provider; a template never is.
fn is_meant(row: &Row, events: &Events) -> Result<bool, BadRow> {
    let configured = match named(&events.configuration) {
        Some(column) => row.id(&lookup(column))?.is_some(),
        None => true,
    };
    let webinar = row.number(&events.format).is_some_and(|format| events.format_webinar.contains(&format));
    let template = row.number(&events.template) == Some(events.template_yes);
    Ok(configured && webinar && !template)
}
