//! Whether the organization has the tables, columns and navigations that the settings name.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use webinar_bridge_domain::fault::{Fault, Peer};
use webinar_bridge_domain::port::{SchemaMismatch, SchemaReport};
use webinar_bridge_transport::{Exchange, StatusCode};

use crate::api::{Call, Session};
use crate::config::{CompanySource, DynamicsSettings, STATE, VERSION, named};
use crate::refusal;

const INSPECT: Exchange = Exchange::read(Peer::Crm, "inspect");

/// Every configured name that is not there. Names are compared as they are written: their case matters on the wire.
pub(crate) async fn inspect(session: &Session<'_>) -> Result<SchemaReport, Fault> {
    let mut mismatches = Vec::new();
    for names in tables(session.settings()) {
        mismatches.extend(missing(session, &names).await?);
    }
    Ok(SchemaReport { mismatches })
}

/// What the settings say of one table, each name with the setting that holds it.
struct Names<'a> {
    section: &'static str,
    table: &'a str,
    set: &'a str,
    key: &'a str,
    /// Whether its changes are followed.
    tracked: bool,
    columns: Vec<(String, &'a str)>,
    navigations: Vec<(&'static str, &'a str)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    entity_set_name: Option<String>,
    primary_id_attribute: Option<String>,
    #[serde(default)]
    change_tracking_enabled: Option<bool>,
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    logical_name: String,
}

#[derive(Deserialize)]
struct Relations {
    value: Vec<Relation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Relation {
    referencing_entity_navigation_property_name: Option<String>,
}

async fn missing(session: &Session<'_>, names: &Names<'_>) -> Result<Vec<SchemaMismatch>, Fault> {
    let resource = format!("EntityDefinitions(LogicalName='{}')", names.table.replace('\'', "''"));
    let query = "$select=LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled\
                 &$expand=Attributes($select=LogicalName)";
    let Some(definition) = described::<Definition>(session, &resource, query).await? else {
        return Ok(vec![names.mismatch("table", names.table)]);
    };
    let mut mismatches = names.against(&definition);
    if !names.navigations.is_empty() {
        let resource = format!("{resource}/ManyToOneRelationships");
        let query = "$select=ReferencingEntityNavigationPropertyName";
        let relations = described::<Relations>(session, &resource, query).await?;
        let relations = relations.ok_or_else(|| refusal::malformed(&INSPECT))?;
        mismatches.extend(names.unrelated(&relations));
    }
    Ok(mismatches)
}

/// A piece of metadata; `None` if there is none of that name.
async fn described<T: DeserializeOwned>(
    session: &Session<'_>,
    resource: &str,
    query: &str,
) -> Result<Option<T>, Fault> {
    let call = Call::get(session.root.at(resource, Some(query)));
    let answer = session.send(&call, &INSPECT).await?;
    if answer.status == StatusCode::NOT_FOUND && refusal::code(&answer).is_some() {
        return Ok(None);
    }
    if !answer.status.is_success() {
        return Err(session.refused(&answer, &INSPECT));
    }
    answer.json().map(Some).map_err(|_| refusal::malformed(&INSPECT))
}

impl Names<'_> {
    fn mismatch(&self, setting: &str, name: &str) -> SchemaMismatch {
        SchemaMismatch { name: name.to_owned(), setting: format!("dynamics.{}.{setting}", self.section) }
    }

    fn against(&self, definition: &Definition) -> Vec<SchemaMismatch> {
        let own = [
            ("set", self.set, &definition.entity_set_name),
            ("key", self.key, &definition.primary_id_attribute),
        ];
        let own = own.into_iter().filter(|(_, name, found)| found.as_deref() != Some(*name));
        let own = own.map(|(setting, name, _)| self.mismatch(setting, name));
        let there: HashSet<&str> = definition.attributes.iter().map(|a| a.logical_name.as_str()).collect();
        let columns = self.columns.iter().filter(|(_, name)| named(name).is_some() && !there.contains(name));
        let columns = columns.map(|(setting, name)| self.mismatch(setting, name));
        let untracked = self.tracked && definition.change_tracking_enabled != Some(true);
        let untracked = untracked.then(|| self.mismatch("change_tracking", self.table));
        own.chain(columns).chain(untracked).collect()
    }

    fn unrelated<'a>(&'a self, relations: &Relations) -> impl Iterator<Item = SchemaMismatch> + 'a {
        let there: HashSet<String> = relations
            .value
            .iter()
            .filter_map(|relation| relation.referencing_entity_navigation_property_name.clone())
            .collect();
        let absent =
            self.navigations.iter().filter(move |(_, name)| named(name).is_some() && !there.contains(*name));
        absent.map(|(setting, name)| self.mismatch(setting, name))
    }
}

fn columns<'a, const N: usize>(names: [(&'static str, &'a str); N]) -> Vec<(String, &'a str)> {
    let platform = [("version", VERSION), ("state", STATE)];
    names.into_iter().chain(platform).map(|(setting, name)| (setting.to_owned(), name)).collect()
}

fn fields(fields: &BTreeMap<String, String>) -> impl Iterator<Item = (String, &str)> {
    fields.iter().map(|(field, column)| (format!("fields.{field}"), column.as_str()))
}

fn tables(settings: &DynamicsSettings) -> Vec<Names<'_>> {
    let mut tables = vec![events(settings), registrations(settings), contacts(settings)];
    if settings.contacts.company == CompanySource::ParentAccount {
        tables.push(accounts(settings));
    }
    tables.push(check_ins(settings));
    tables
}

fn events(settings: &DynamicsSettings) -> Names<'_> {
    let events = &settings.events;
    Names {
        section: "events",
        table: &events.table,
        set: &events.set,
        key: &events.key,
        tracked: true,
        columns: columns([
            ("title", &events.title),
            ("start", &events.start),
            ("end", &events.end),
            ("time_zone", &events.time_zone),
            ("start_utc", &events.start_utc),
            ("end_utc", &events.end_utc),
            ("format", &events.format),
            ("configuration", &events.configuration),
            ("template", &events.template),
            ("status", &events.status),
            ("provider_event", &events.provider_event),
        ]),
        navigations: Vec::new(),
    }
}

fn registrations(settings: &DynamicsSettings) -> Names<'_> {
    let rows = &settings.registrations;
    let mut columns = columns([
        ("event", &rows.event),
        ("contact", &rows.contact),
        ("cancelled", &rows.cancelled),
        ("person", &rows.person),
        ("outcome", &rows.outcome),
        ("synced", &rows.synced),
        ("words", &rows.words),
    ]);
    columns.extend(fields(&rows.fields));
    Names {
        section: "registrations",
        table: &rows.table,
        set: &rows.set,
        key: &rows.key,
        tracked: true,
        columns,
        navigations: vec![("contact_navigation", &rows.contact_navigation)],
    }
}

fn contacts(settings: &DynamicsSettings) -> Names<'_> {
    let contacts = &settings.contacts;
    let mut columns = columns([
        ("first_name", &contacts.first_name),
        ("last_name", &contacts.last_name),
        ("email", &contacts.email),
        ("job_title", &contacts.job_title),
    ]);
    columns.extend(fields(&contacts.fields));
    let mut navigations = Vec::new();
    match &contacts.company {
        CompanySource::ParentAccount => {
            navigations.push(("account_navigation", contacts.account_navigation.as_str()));
        }
        CompanySource::Column(column) => columns.push(("company.column".to_owned(), column)),
        CompanySource::None => {}
    }
    Names {
        section: "contacts",
        table: &contacts.table,
        set: &contacts.set,
        key: &contacts.key,
        tracked: true,
        columns,
        navigations,
    }
}

fn accounts(settings: &DynamicsSettings) -> Names<'_> {
    let accounts = &settings.accounts;
    Names {
        section: "accounts",
        table: &accounts.table,
        set: &accounts.set,
        key: &accounts.key,
        tracked: true,
        columns: columns([("name", &accounts.name)]),
        navigations: Vec::new(),
    }
}

fn check_ins(settings: &DynamicsSettings) -> Names<'_> {
    let rows = &settings.check_ins;
    Names {
        section: "check_ins",
        table: &rows.table,
        set: &rows.set,
        key: &rows.key,
        tracked: false,
        columns: columns([
            ("name", &rows.name),
            ("kind", &rows.kind),
            ("first", &rows.first),
            ("last", &rows.last),
            ("minutes", &rows.minutes),
            ("interactions", &rows.interactions),
        ]),
        navigations: vec![
            ("contact_navigation", &rows.contact_navigation),
            ("event_navigation", &rows.event_navigation),
            ("registration_navigation", &rows.registration_navigation),
        ],
    }
}
