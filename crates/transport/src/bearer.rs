use core::fmt;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as SyncMutex, MutexGuard, PoisonError};

use reqwest::{Method, Url};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use webinar_bridge_domain::fault::{Fault, Peer};
use webinar_bridge_domain::port::Clock;
use webinar_bridge_domain::time::{SignedDuration, Timestamp, later};

use crate::client::HttpClient;
use crate::entra;
use crate::exchange::Exchange;

/// A token is renewed this long before it ends.
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// A renewal that failed is not tried again for this long, while the token it was to replace is still good.
const CALM: SignedDuration = SignedDuration::from_secs(30);

const EXCHANGE: Exchange = Exchange::read(Peer::Directory, "token");

/// Which token: for which application, in which directory, for what.
#[derive(Clone, Debug)]
pub struct TokenOrder {
    /// The directory's address.
    pub authority: Url,
    /// The tenant, as an id or a domain.
    pub tenant: String,
    /// The application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// The version of the secret.
    pub version: u64,
    /// What the token is for.
    pub scope: String,
}

/// Entra ID's tokens for applications that show a secret, kept for as long as they are good.
///
/// Whoever asks while a token is being fetched waits for that fetch and takes what it brings, token or fault.
pub struct Bearer {
    client: HttpClient,
    clock: Arc<dyn Clock>,
    slots: SyncMutex<HashMap<Key, Arc<Slot>>>,
}

/// The digest stands for the secret itself, so that nobody is served a token that another secret has earned.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    authority: String,
    tenant: String,
    client_id: String,
    scope: String,
    version: u64,
    secret: [u8; 32],
}

#[derive(Default)]
struct Slot {
    /// Counts the fetches that have ended.
    fetches: AtomicU64,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    failed: Option<(Fault, Timestamp)>,
}

struct Token {
    text: SecretString,
    ends: Timestamp,
}

impl Held {
    fn good(&self, now: Timestamp) -> Option<SecretString> {
        self.token.as_ref().filter(|token| token.ends > now).map(|token| token.text.clone())
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.token.as_ref().is_some_and(|token| token.ends > later(now, EARLY))
    }

    fn failed_lately(&self, now: Timestamp) -> bool {
        self.failed.as_ref().is_some_and(|(_, at)| later(*at, CALM) > now)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bearer({} slots)", self.slots().len())
    }
}

impl Bearer {
    /// No tokens yet.
    pub fn new(client: HttpClient, clock: Arc<dyn Clock>) -> Self {
        Self { client, clock, slots: SyncMutex::default() }
    }

    /// A token that is good now. A renewal that fails does not matter while the older token is good.
    pub async fn token(&self, order: &TokenOrder) -> Result<SecretString, Fault> {
        let slot = self.slot(order);
        let seen = slot.fetches.load(Ordering::Acquire);
        let mut held = slot.held.lock().await;
        let now = self.clock.now();
        let good = held.good(now);
        if let Some(token) = good.as_ref().filter(|_| held.is_fresh(now) || held.failed_lately(now)) {
            return Ok(token.clone());
        }
        if let Some((fault, _)) =
            held.failed.as_ref().filter(|_| slot.fetches.load(Ordering::Acquire) != seen)
        {
            return good.ok_or_else(|| fault.clone());
        }
        let fetched = self.fetch(order).await;
        let now = self.clock.now();
        slot.fetches.fetch_add(1, Ordering::Release);
        match fetched {
            Ok((text, lasts)) => {
                let token = Token { text: text.clone(), ends: later(now, lasts) };
                *held = Held { token: Some(token), failed: None };
                Ok(text)
            }
            Err(fault) => {
                held.failed = Some((fault.clone(), now));
                held.good(now).ok_or(fault)
            }
        }
    }

    /// Drops the token, after the peer did not accept it. A fetch under way is not disturbed.
    pub fn forget(&self, order: &TokenOrder) {
        self.slots().remove(&Key::of(order));
    }

    async fn fetch(&self, order: &TokenOrder) -> Result<(SecretString, SignedDuration), Fault> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &order.client_id),
            ("client_secret", order.client_secret.expose_secret()),
            ("scope", &order.scope),
        ];
        let request = self.client.request(Method::POST, order.endpoint()).form(&form);
        let answer = self.client.send(request, &EXCHANGE).await?;
        entra::granted(&answer, &EXCHANGE, order.version, self.clock.now())
    }

    /// The slot of the order. What nobody waits for and holds no good token is cleared away meanwhile.
    fn slot(&self, order: &TokenOrder) -> Arc<Slot> {
        let now = self.clock.now();
        let mut slots = self.slots();
        let key = Key::of(order);
        if let Some(slot) = slots.get(&key) {
            return Arc::clone(slot);
        }
        slots.retain(|_, slot| {
            let idle = Arc::strong_count(slot) == 1;
            !idle || slot.held.try_lock().is_ok_and(|held| held.good(now).is_some())
        });
        Arc::clone(slots.entry(key).or_default())
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<Key, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenOrder {
    fn endpoint(&self) -> Url {
        let mut url = self.authority.clone();
        url.set_query(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([self.tenant.as_str(), "oauth2", "v2.0", "token"]);
        }
        url
    }
}

impl Key {
    fn of(order: &TokenOrder) -> Self {
        Self {
            authority: order.authority.to_string(),
            tenant: order.tenant.clone(),
            client_id: order.client_id.clone(),
            scope: order.scope.clone(),
            version: order.version,
            secret: Sha256::digest(order.client_secret.expose_secret()).into(),
        }
    }
}
