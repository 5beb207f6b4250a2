//! Who is let in: strangers, users that the organization does not know or has taken something from, and privileges.

use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

use super::deed::USER;
use super::error::{Outcome, Refusal};
use super::query::{Expansion, Query};
use super::schema::{Table, TableId};
use super::store::Store;
use super::target::{Message, Target};
use crate::wire::{Answer, Call};

/// What stands in the body of a 401; the platform has been seen with both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unauthorized {
    Empty,
    Html,
}

/// What the organization makes of a client whose token is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Access {
    Granted,
    NoApplicationUser,
    NoRole,
    NoLicense,
    DisabledUser,
}

impl Access {
    /// The 403 that every request meets.
    pub(super) fn refusal(self) -> Option<Refusal> {
        let (code, message) = match self {
            Self::Granted => return None,
            Self::NoApplicationUser => {
                ("0x80072560", "The user is not a member of the organization.".to_owned())
            }
            Self::NoRole => (
                "0x80042f09",
                format!(
                    "SecLib::RetrievePrivilegeForUser failed - no roles are assigned to user. Returned hr = \
                     -2147209463, User: {USER}"
                ),
            ),
            Self::NoLicense => ("0x8004d24b", "The user has not been assigned any License".to_owned()),
            Self::DisabledUser => (
                "0x80040225",
                format!("The specified user(Id = {USER}) is disabled. Consider enabling this user."),
            ),
        };
        Some(Refusal::new(StatusCode::FORBIDDEN, code, message))
    }
}

/// The switches of who is let in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AccessRules {
    /// The body of a 401: none, or a page.
    pub(super) unauthorized: Unauthorized,
    /// What the organization makes of the client's application user.
    pub(super) user: Access,
    /// Privileges that its role lacks: `read contact`, `write *`, `* account`.
    pub(super) missing_privileges: Vec<String>,
}

impl Default for AccessRules {
    fn default() -> Self {
        Self { unauthorized: Unauthorized::Empty, user: Access::Granted, missing_privileges: Vec::new() }
    }
}

impl AccessRules {
    /// What is wrong with the values, in words for whoever set them.
    pub(super) fn mistake(&self) -> Option<String> {
        self.missing_privileges.iter().find_map(|privilege| mistake(privilege))
    }
}

/// How an expired, foreign or missing token is answered: where to get one, and no words of the Web API.
pub(super) fn stranger(shape: Unauthorized, tenant: &str, origin: &str) -> Answer {
    let challenge = format!(
        "Bearer authorization_uri=https://login.microsoftonline.com/{tenant}/oauth2/authorize, resource_id={origin}/"
    );
    let mut answer = Answer::empty(StatusCode::UNAUTHORIZED).with(WWW_AUTHENTICATE, &challenge);
    if shape == Unauthorized::Html {
        answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        answer.body =
            "<html><head><title>HTTP Error 401 - Unauthorized</title></head><body><h2>HTTP Error 401 - \
                       Unauthorized: Access is denied</h2></body></html>"
                .into();
    }
    answer
}

const VERBS: [&str; 6] = ["read", "create", "write", "delete", "append", "appendto"];

/// What is wrong with a privilege as the settings name it.
fn mistake(privilege: &str) -> Option<String> {
    let (verb, table) = privilege.split_once(' ').unwrap_or((privilege, ""));
    let schema = super::schema::Schema::standard();
    let fits = (verb == "*" || VERBS.contains(&verb)) && (table == "*" || schema.by_logical(table).is_some());
    (!fits).then(|| {
        format!("a privilege is a verb and a table's logical name; verbs are *, {}", VERBS.join(", "))
    })
}

/// The privileges that the client's role lacks.
#[derive(Clone, Debug, Default)]
pub(super) struct Denied(Vec<(String, String)>);

impl Denied {
    pub(super) fn of(privileges: &[String]) -> Self {
        let pairs = privileges.iter().filter_map(|privilege| privilege.split_once(' '));
        Self(pairs.map(|(verb, table)| (verb.to_owned(), table.to_owned())).collect())
    }

    /// Checks every privilege that a request needs.
    pub(super) fn check(&self, store: &Store, call: &Call, target: &Target) -> Outcome<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        needed(store, call, target).into_iter().try_for_each(|(verb, table)| self.allow(store, verb, table))
    }

    fn allow(&self, store: &Store, verb: &str, id: TableId) -> Outcome<()> {
        let table = store.table(id);
        let fits = |asked: &str, had: &str| had == "*" || asked == had;
        let lacks = self.0.iter().any(|(denied, of)| fits(verb, denied) && fits(table.logical, of));
        if lacks { Err(missing(verb, id, table)) } else { Ok(()) }
    }
}

type Need = (&'static str, TableId);

fn needed(store: &Store, call: &Call, target: &Target) -> Vec<Need> {
    match (target, &call.method) {
        (Target::Set(table) | Target::Count(table) | Target::Row(table, _), &Method::GET) => {
            let mut needs = vec![("read", *table)];
            if let Ok(query) = Query::of(call, store, *table, false) {
                followed(&query.shape.expansions, &mut needs);
            }
            needs
        }
        (Target::Part(table, _, name), &Method::GET) => {
            let leads = store.table(*table).navigation(name);
            let up = leads.and_then(|(_, navigation)| store.schema.by_logical(navigation.target));
            let down = store.schema.collection(*table, name).map(|(_, way)| way.table);
            [Some(*table), up, down].into_iter().flatten().map(|table| ("read", table)).collect()
        }
        // A row that is there is asked for once more, by its id.
        (Target::Keyed(named, _), &Method::PATCH) if matches!(store.find(named), Ok(None)) => {
            bound(store, call, named.table, "create")
        }
        (Target::Set(table), &Method::POST) => bound(store, call, *table, "create"),
        (Target::Row(table, id), &Method::PATCH) => {
            let verb = if store.row(*table, *id).is_some() { "write" } else { "create" };
            bound(store, call, *table, verb)
        }
        (Target::Row(table, _), &Method::DELETE) => vec![("delete", *table)],
        (Target::Part(table, ..) | Target::Link(table, ..), _) => vec![("write", *table)],
        (Target::Bulk(table, message), _) => match message {
            Message::Create => vec![("create", *table)],
            Message::Update => vec![("write", *table)],
            Message::Upsert => vec![("create", *table), ("write", *table)],
            Message::Delete => vec![("delete", *table)],
        },
        _ => Vec::new(),
    }
}

fn followed(expansions: &[Expansion], needs: &mut Vec<Need>) {
    for expansion in expansions {
        needs.push(("read", expansion.shape.table));
        followed(&expansion.shape.expansions, needs);
    }
}

/// A write, with what its binds need: to append to the one and to have the other appended.
fn bound(store: &Store, call: &Call, table: TableId, verb: &'static str) -> Vec<Need> {
    let mut needs = vec![(verb, table)];
    let Ok(Json::Object(members)) = serde_json::from_slice(&call.body) else { return needs };
    let shape = store.table(table);
    for (name, _) in members.iter().filter(|(_, value)| !value.is_null()) {
        let navigation = name.strip_suffix("@odata.bind").and_then(|name| shape.navigation(name));
        let target = navigation.and_then(|(_, navigation)| store.schema.by_logical(navigation.target));
        if let Some(target) = target {
            needs.extend([("append", table), ("appendto", target)]);
        }
    }
    needs
}

fn missing(verb: &str, id: TableId, table: &Table) -> Refusal {
    let verb = match verb {
        "create" => "Create",
        "write" => "Write",
        "delete" => "Delete",
        "append" => "Append",
        "appendto" => "AppendTo",
        _ => "Read",
    };
    let (name, code) = named(id, table);
    let privilege = format!("prv{verb}{name}");
    let privilege_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, privilege.as_bytes());
    let message = format!(
        "Principal user (Id={USER}, type=8, roleCount=1, privilegeCount=743, accessMode=4), is missing {privilege} \
         privilege (Id={privilege_id}) on OTC={code} for entity '{}' (LocalizedName='{name}'). context.Caller={USER}",
        table.logical
    );
    Refusal::new(StatusCode::FORBIDDEN, "0x80040220", message)
}

/// A table's name in privileges, and its number. Tables of a publisher keep their prefix and are numbered from 10000.
fn named(id: TableId, table: &Table) -> (String, usize) {
    match table.logical {
        "account" => ("Account".to_owned(), 1),
        "contact" => ("Contact".to_owned(), 2),
        "systemuser" => ("User".to_owned(), 8),
        other => (other.to_owned(), 10_000 + id.0),
    }
}
