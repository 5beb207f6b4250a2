//! Whose events these are: a client of ON24 with its sub-clients.

use rand::RngExt;
use serde_json::{Value, json};

use crate::seeded;

use super::centre::Region;

/// A client of ON24, and the token that it has from the start, which may do everything.
pub(crate) struct Account {
    client_id: i64,
    name: &'static str,
    pub(super) children: Vec<SubClient>,
    token_key: String,
    token_secret: String,
}

/// A client below another one.
pub(super) struct SubClient {
    pub(super) id: i64,
    name: &'static str,
    pub(super) children: Vec<SubClient>,
}

impl Account {
    pub(super) fn new(region: Region, seed: u64) -> Self {
        let client_id = seeded::generator(seed, &region.purpose("client")).random_range(10_000..99_000);
        let child = |number, name, children| SubClient { id: client_id + number, name, children };
        let nested = child(103, "Example Events North", Vec::new());
        Self {
            client_id,
            name: "Example Events",
            children: vec![
                child(101, "Example Marketing", Vec::new()),
                child(102, "Example Field", vec![nested]),
            ],
            token_key: seeded::hex(seed, &region.purpose("key"), 32).to_ascii_uppercase(),
            token_secret: seeded::hex(seed, &region.purpose("secret"), 128),
        }
    }

    pub(crate) fn client_id(&self) -> i64 {
        self.client_id
    }

    pub(crate) fn token_key(&self) -> &str {
        &self.token_key
    }

    pub(crate) fn token_secret(&self) -> &str {
        &self.token_secret
    }

    /// The answer to `GET` of the client itself.
    pub(super) fn tree(&self) -> Value {
        let children: Value = self.children.iter().map(SubClient::show).collect();
        json!({ "clientname": self.name, "subclients": children })
    }

    /// Whether that is a client below this one.
    pub(super) fn has_child(&self, client: i64) -> bool {
        self.children.iter().any(|child| child.is(client))
    }

    /// Whether somebody else has that id. The next higher one does; the sub-clients have tokens of their own.
    pub(super) fn is_foreign(&self, client: i64) -> bool {
        client == self.client_id + 1 || self.has_child(client)
    }
}

impl SubClient {
    fn is(&self, client: i64) -> bool {
        self.id == client || self.children.iter().any(|child| child.is(client))
    }

    /// Without a list where it has none below.
    fn show(&self) -> Value {
        let mut shown = json!({ "id": self.id, "name": self.name });
        if !self.children.is_empty() {
            shown["subclients"] = self.children.iter().map(Self::show).collect();
        }
        shown
    }
}
