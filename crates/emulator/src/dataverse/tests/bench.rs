//! An organization with a client that has a token.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};

use super::super::{Dataverse, Seed};
use crate::clock::Clock;
use crate::emulated::Emulated;
use crate::entra::Issuer;
use crate::wire::{Answer, Call};

pub(super) const ORIGIN: &str = "http://127.0.0.1:41002";
pub(super) const TITLE: &str = "What's New & What's Next";
pub(super) const ROOT: &str = "/api/data/v9.2";
pub(super) const A: &str = "00000000-0000-0000-0000-00000000000a";
pub(super) const B: &str = "00000000-0000-0000-0000-00000000000b";
pub(super) const C: &str = "00000000-0000-0000-0000-00000000000c";
pub(super) const NOBODY: &str = "99999999-9999-9999-9999-999999999999";

pub(super) struct Bench {
    pub(super) dataverse: Dataverse,
    pub(super) clock: Clock,
    pub(super) issuer: Arc<Issuer>,
    pub(super) token: String,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    /// Without contacts and registrations.
    pub(super) fn new() -> Self {
        Self::seeded(0, 0)
    }

    pub(super) fn seeded(contacts: u32, registrations: u32) -> Self {
        let clock = Clock::new();
        let issuer = Issuer::new(clock.clone(), 42);
        issuer.admit_resource(ORIGIN);
        let seed = Seed {
            seed: 42,
            contacts,
            registrations,
            title: TITLE.to_owned(),
            provider_event_id: "4000001".to_owned(),
            event_starts: "2026-07-01T09:00:00Z".parse().unwrap(),
            event_minutes: 60,
            origin: ORIGIN.to_owned(),
        };
        let dataverse = Dataverse::new(clock.clone(), Arc::clone(&issuer), seed);
        let token = issuer.issue(ORIGIN).unwrap().0;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { dataverse, clock, issuer, token, runtime }
    }

    pub(super) fn handle(&self, call: Call) -> Answer {
        self.runtime.block_on(self.dataverse.handle(call))
    }

    /// A call with a token; `url` is below the root, absolute or an absolute path.
    pub(super) fn call(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut call = call(method, url, headers, body);
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.token)).unwrap();
        call.headers.insert("authorization", bearer);
        self.handle(call)
    }

    pub(super) fn get(&self, url: &str) -> Json {
        self.get_with(url, &[])
    }

    /// The body of a read that must go well.
    pub(super) fn get_with(&self, url: &str, headers: &[(&str, &str)]) -> Json {
        let answer = self.call("GET", url, headers, "");
        assert_eq!(answer.status, StatusCode::OK, "{url}: {}", text(&answer));
        body(&answer)
    }

    pub(super) fn post(&self, set: &str, body: &Json) -> Answer {
        self.call("POST", set, &[], &body.to_string())
    }

    pub(super) fn patch(&self, row: &str, body: &Json) -> Answer {
        self.call("PATCH", row, &[], &body.to_string())
    }

    /// What a control endpoint answers.
    pub(super) fn controlled(&self, method: &str, name: &str, body: &Json) -> Answer {
        let call = call(method, &format!("/_emulator/{name}"), &[], &body.to_string());
        self.dataverse.control(name, &call).unwrap()
    }

    /// Makes a row with this id.
    pub(super) fn make(&self, set: &str, key: &str, id: &str, mut body: Json) {
        body[key] = json!(id);
        let answer = self.post(set, &body);
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", text(&answer));
    }

    pub(super) fn contact(&self, id: &str, last_name: &str) {
        self.make("contacts", "contactid", id, json!({ "lastname": last_name }));
    }

    /// A call of a control endpoint, which must go well.
    pub(super) fn control(&self, name: &str, body: &Json) -> Json {
        let call = call("POST", &format!("/_emulator/{name}"), &[], &body.to_string());
        let answer = self.dataverse.control(name, &call).unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{}", text(&answer));
        self::body(&answer)
    }

    pub(super) fn set(&self, settings: &Json) {
        self.control("settings", settings);
    }

    /// An alternate key, ready to use.
    pub(super) fn key(&self, table: &str, name: &str, columns: &[&str]) {
        self.control("keys", &json!({"table": table, "name": name, "columns": columns}));
    }

    /// The values of a column of a list.
    pub(super) fn column(&self, url: &str, column: &str) -> Vec<Json> {
        values(&self.get(url), column)
    }

    pub(super) fn etag(&self, row: &str) -> String {
        self.get(row)["@odata.etag"].as_str().unwrap().to_owned()
    }

    pub(super) fn rows(&self, set: &str) -> u64 {
        self.dataverse.state()["tables"][set].as_u64().unwrap()
    }

    pub(super) fn event(&self) -> String {
        self.get("msevtmgt_events")["value"][0]["msevtmgt_eventid"].as_str().unwrap().to_owned()
    }
}

pub(super) fn call(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Call {
    let local = url
        .strip_prefix("http://")
        .and_then(|rest| rest.find('/').map(|slash| &rest[slash..]))
        .unwrap_or(url);
    let local = if local.starts_with('/') { local.to_owned() } else { format!("{ROOT}/{local}") };
    let (path, query) = local.split_once('?').unwrap_or((&local, ""));
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    Call {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: map,
        body: Bytes::from(body.to_owned()),
        secure: false,
    }
}

/// Percent-encodes a query value.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

pub(super) fn filtered(set: &str, filter: &str) -> String {
    format!("{set}?$filter={}", encoded(filter))
}

pub(super) fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

pub(super) fn body(answer: &Answer) -> Json {
    serde_json::from_slice(&answer.body).unwrap()
}

pub(super) fn values(list: &Json, column: &str) -> Vec<Json> {
    list["value"].as_array().unwrap().iter().map(|row| row[column].clone()).collect()
}

pub(super) fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

/// Checks a refusal by status and code, and gives its message.
#[track_caller]
pub(super) fn refused(answer: &Answer, status: u16, code: &str) -> String {
    assert_eq!(answer.status.as_u16(), status, "{}", text(answer));
    let body = body(answer);
    assert_eq!(body["error"]["code"], code, "{body}");
    body["error"]["message"].as_str().unwrap().to_owned()
}
