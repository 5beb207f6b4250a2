//! The account as its clients see it, without sockets.

mod admitting;
mod agreeing;
mod attending;
mod dating;
mod deleting;
mod documented;
mod erasing;
mod filtering;
mod forms;
mod lagging;
mod leading;
mod managing;
mod paging;
mod quotas;
mod reading;
mod refusing;
mod shaping;
mod writing;

use http::Method;
use jiff::SignedDuration;

use super::*;

/// An account with one event that begins in seven days and lasts an hour.
pub(super) struct Desk {
    pub(super) on24: On24,
    pub(super) clock: Clock,
    pub(super) event: i64,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self::in_centre(Centre { seed: 42, ..Centre::default() })
    }

    pub(super) fn in_centre(centre: Centre) -> Self {
        let clock = Clock::new();
        let on24 = On24::new(clock.clone(), centre);
        let starts = clock.now() + SignedDuration::from_hours(7 * 24);
        let event = on24.add_event(Webinar::new("Rust & registrations", starts, 60));
        Self { on24, clock, event }
    }

    pub(super) fn path(&self, rest: &str) -> String {
        format!("/v2/client/{}/{rest}", self.on24.account().client_id())
    }

    pub(super) fn event_path(&self, rest: &str) -> String {
        self.path(&format!("event/{}/{rest}", self.event))
    }

    /// The call with the account's token.
    pub(super) fn signed(&self, call: Call) -> Call {
        let account = self.on24.account();
        call.with("accesstokenkey", account.token_key()).with("accesstokensecret", account.token_secret())
    }

    pub(super) async fn send(&self, call: Call) -> (u16, Value) {
        self.send_bare(self.signed(call)).await
    }

    pub(super) async fn send_bare(&self, call: Call) -> (u16, Value) {
        let answer = self.on24.handle(call).await;
        (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Call::bare(Method::GET, path)).await
    }

    /// Posts a registration form; the query begins with a question mark or is empty.
    pub(super) async fn post(&self, query: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let path = self.event_path(&format!("registrant{query}"));
        self.send(Call::form(Method::POST, &path, &form(fields))).await
    }

    pub(super) async fn patch(&self, query: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let path = self.event_path(&format!("registrant{query}"));
        self.send(Call::form(Method::PATCH, &path, &form(fields))).await
    }

    pub(super) async fn forget(&self, fields: &[(&str, &str)]) -> (u16, Value) {
        self.send(Call::form(Method::POST, &self.path("forget"), &form(fields))).await
    }

    /// Registers somebody of that address and says the id.
    pub(super) async fn register(&self, email: &str) -> i64 {
        let fields = [("firstname", "Ada"), ("lastname", "Lovelace"), ("email", email)];
        let (status, body) = self.post("", &fields).await;
        assert_eq!(status, 200, "{body}");
        body["eventuserid"].as_i64().unwrap()
    }

    pub(super) async fn register_crowd(&self, people: u32) {
        for number in 0..people {
            self.register(&format!("guest{number}@example.com")).await;
        }
    }

    /// The list of registrants, with a query that begins with a question mark or is empty.
    pub(super) async fn registrants(&self, query: &str) -> Vec<Value> {
        let (status, body) = self.get(&self.event_path(&format!("registrant{query}"))).await;
        assert_eq!(status, 200);
        let list = body["registrants"].as_array().unwrap().clone();
        assert_eq!((&body["totalregistrants"], &body["eventid"]), (&json!(list.len()), &json!(self.event)));
        list
    }

    pub(super) async fn attendees(&self) -> Vec<Value> {
        let (status, body) = self.get(&self.event_path("attendee")).await;
        assert_eq!(status, 200);
        let list = body["attendees"].as_array().unwrap().clone();
        assert_eq!(body["totalattendees"], list.len());
        list
    }

    /// The list of events, with a query that begins with a question mark or is empty.
    pub(super) async fn events(&self, query: &str) -> Vec<Value> {
        let (status, body) = self.get(&self.path(&format!("event{query}"))).await;
        assert_eq!(status, 200, "{query}: {body}");
        body["events"].as_array().unwrap().clone()
    }

    /// What a read of the client answers with 200.
    pub(super) async fn read(&self, rest: &str) -> Value {
        let (status, body) = self.get(&self.path(rest)).await;
        assert_eq!(status, 200, "{rest}: {body}");
        body
    }

    /// What a read of the event answers with 200.
    pub(super) async fn read_event(&self, rest: &str) -> Value {
        let (status, body) = self.get(&self.event_path(rest)).await;
        assert_eq!(status, 200, "{rest}: {body}");
        body
    }

    /// Status and message of a refused read of the client.
    pub(super) async fn refused(&self, rest: &str) -> (u16, String) {
        let (status, body) = self.get(&self.path(rest)).await;
        (status, body["message"].as_str().unwrap_or_default().to_owned())
    }

    /// An event of one of the accounts below, with this person at it.
    pub(super) async fn child_event(&self, child: usize, email: &str) -> (i64, i64) {
        let tree = self.read("").await;
        let client = tree["subclients"][child]["id"].as_i64().unwrap();
        let starts = self.clock.now() - SignedDuration::from_hours(24);
        let event = Webinar { client: Some(client), ..Webinar::new("A child's", starts, 60) };
        let event = self.on24.add_event(event);
        let path = self.path(&format!("event/{event}/registrant?honorrequired=N"));
        assert_eq!(self.send(Call::form(Method::POST, &path, &form(&[("email", email)]))).await.0, 200);
        (client, event)
    }

    pub(super) fn state(&self) -> Vec<Value> {
        let state = self.on24.state();
        assert_eq!(state["events"][0]["event_id"], self.event);
        state["events"][0]["registrants"].as_array().unwrap().clone()
    }

    /// Posts to a control endpoint.
    pub(super) fn control(&self, name: &str, body: &Value) -> (u16, Value) {
        let call = Call::json(Method::POST, &format!("/_emulator/{name}"), &body.to_string());
        let answer = self.on24.control(name, &call).unwrap();
        (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap())
    }

    /// How many tokens there are.
    pub(super) fn tokens(&self) -> usize {
        let shown = self.on24.control("tokens", &Call::bare(Method::GET, "/_emulator/tokens")).unwrap();
        let shown: Value = serde_json::from_slice(&shown.body).unwrap();
        shown["tokens"].as_array().unwrap().len()
    }

    /// Changes settings, which must be known.
    pub(super) fn set(&self, settings: &Value) {
        let (status, body) = self.control("settings", settings);
        assert_eq!(status, 200, "{body}");
    }

    pub(super) fn hold(&self, body: &Value) -> (u16, Value) {
        self.control("attendance", body)
    }
}

pub(super) fn form(fields: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(fields).unwrap()
}

pub(super) fn message(text: &str) -> Value {
    json!({ "message": text })
}
