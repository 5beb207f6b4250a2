//! What stands before every operation: token, permission, quota, and the state of the client.

use std::collections::BTreeMap;

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::wire::Call;

use super::account::Account;
use super::centre::{Centre, Region};
use super::refusal::Refusal;
use super::route::Route;
use super::settings::Settings;
use super::throttle::Throttle;
use super::token::Token;

/// The state of a client's contract with ON24.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Contract {
    #[default]
    Active,
    Inactive,
    Expired,
}

/// What the account is to ON24.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Membership {
    state: Contract,
    /// Helpers want this tier.
    elite: bool,
}

pub(super) struct Gate {
    pub(super) seed: u64,
    pub(super) region: Region,
    pub(super) membership: Membership,
    pub(super) tokens: BTreeMap<String, Token>,
    throttle: Throttle,
}

/// A call that wants to come in.
pub(super) struct Knock<'a> {
    pub(super) call: &'a Call,
    pub(super) route: &'static Route,
    /// As it stands in the path.
    pub(super) client: &'a str,
    pub(super) account: &'a Account,
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
}

impl Gate {
    pub(super) fn new(account: &Account, centre: Centre, now: Timestamp) -> Self {
        let token = Token::new(account.token_secret().to_owned(), 0, now);
        Self {
            seed: centre.seed,
            region: centre.region,
            membership: Membership { state: Contract::Active, elite: true },
            tokens: BTreeMap::from([(account.token_key().to_owned(), token)]),
            throttle: Throttle::default(),
        }
    }

    /// Whether the call may go on: headers, token, permission, quota, client.
    pub(super) fn admit(&mut self, knock: &Knock<'_>) -> Result<(), Refusal> {
        let Knock { call, route, settings, now, .. } = *knock;
        let header =
            |name| call.headers.get(name).map(HeaderValue::as_bytes).filter(|value| !value.is_empty());
        let (Some(key), Some(secret)) = (header("accesstokenkey"), header("accesstokensecret")) else {
            return Err(Refusal::NoToken);
        };
        let token = std::str::from_utf8(key).ok().and_then(|key| self.tokens.get_mut(key));
        let token = token.filter(|token| token.secret.as_bytes() == secret);
        let token = token.ok_or(Refusal::WrongToken(route.words))?;
        token.wake(now, idle_limit(settings))?;
        if settings.refused_call_is_use {
            token.last_use = now;
        }
        if settings.quota_before_permission {
            self.throttle.count(token.number, route, settings, now)?;
            permit(token, knock)?;
        } else {
            permit(token, knock)?;
            self.throttle.count(token.number, route, settings, now)?;
        }
        token.last_use = now;
        self.membership.admit(knock)
    }
}

/// `None` is a token that lives as long as nobody disables it.
fn idle_limit(settings: &Settings) -> Option<SignedDuration> {
    let days = i64::from(settings.idle_days);
    (days > 0).then(|| SignedDuration::from_hours(24 * days))
}

/// The client is the token's, and the operation is one for which the token is.
fn permit(token: &Token, knock: &Knock<'_>) -> Result<(), Refusal> {
    let foreign = knock.client.parse().is_ok_and(|client| knock.account.is_foreign(client));
    if foreign || !token.permits(knock.route) {
        return Err(Refusal::NotPermitted {
            words: knock.route.words,
            status: knock.settings.permission_status.into(),
        });
    }
    Ok(())
}

impl Membership {
    fn admit(&self, knock: &Knock<'_>) -> Result<(), Refusal> {
        let client = knock.account.client_id();
        if knock.client.parse() != Ok(client) {
            return Err(Refusal::UnknownClient {
                client: knock.client.to_owned(),
                status: knock.settings.unknown_client_status.into(),
            });
        }
        match self.state {
            Contract::Active if knock.route.elite && !self.elite => Err(Refusal::NotElite),
            Contract::Active => Ok(()),
            Contract::Inactive => Err(Refusal::InactiveClient(client)),
            Contract::Expired => Err(Refusal::ExpiredContract(client)),
        }
    }
}
