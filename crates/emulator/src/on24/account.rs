//! The account and its token.

use crate::seeded;
use crate::wire::Call;

use super::refusal::Refusal;
use super::words::Words;
use rand::RngExt;

/// A client of ON24 with one API token that may do everything.
pub(crate) struct Account {
    client_id: i64,
    token_key: String,
    token_secret: String,
}

impl Account {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            client_id: seeded::generator(seed, "on24/client").random_range(10_000..99_000),
            token_key: seeded::hex(seed, "on24/key", 32).to_ascii_uppercase(),
            token_secret: seeded::hex(seed, "on24/secret", 128),
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

    /// Whether the call may go on: headers, then token, then permission, then client.
    ///
    /// The next higher client id belongs to somebody else; every other one does not exist.
    pub(super) fn admit(&self, call: &Call, client: &str, words: Words) -> Result<(), Refusal> {
        let (Some(key), Some(secret)) = (call.header("accesstokenkey"), call.header("accesstokensecret"))
        else {
            return Err(Refusal::NoToken);
        };
        if key != self.token_key || secret != self.token_secret {
            return Err(Refusal::WrongToken(words));
        }
        match client.parse::<i64>() {
            Ok(id) if id == self.client_id => Ok(()),
            Ok(id) if id == self.client_id + 1 => Err(Refusal::NotPermitted(words)),
            _ => Err(Refusal::UnknownClient(client.to_owned())),
        }
    }
}
