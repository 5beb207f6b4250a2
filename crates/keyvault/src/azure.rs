//! Azure Key Vault as the house of the keys.
//!
//! Two calls: wrap under the newest version of the key, unwrap under the version that wrapped. Both may be repeated
//! freely, so a call that fails is [`Transient`](FaultKind::Transient), never ambiguous. A key in clear stands in the
//! bodies of both; what the HTTP client and the JSON parser buffer of them is not wiped.

use core::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Peer};
use webinar_bridge_domain::port::{Clock, DataKey, KeyWrap, WrappedKey};
use webinar_bridge_transport::classify::common;
use webinar_bridge_transport::{Answer, Bearer, Exchange, HttpClient, Method, StatusCode, TokenOrder, Url};
use zeroize::Zeroize as _;

use crate::envelope::{KEY_ID_LIMIT, WRAPPED_LIMIT};
use crate::settings::{AzureSettings, SettingsError, is_loopback};
use crate::{base64url, fault};

/// RSA-OAEP-256, as envelopes name it.
const ALGORITHM: u8 = 1;
const SCOPE: &str = "https://vault.azure.net/.default";
/// Far more than any answer that makes sense.
const BODY_LIMIT: usize = 64 * 1024;

/// One key of one Azure Key Vault.
pub struct KeyVault {
    http: HttpClient,
    bearer: Bearer,
    order: TokenOrder,
    house: House,
    clock: Arc<dyn Clock>,
}

impl KeyVault {
    /// Checks the settings; calls nobody.
    pub fn new(
        settings: &AzureSettings,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SettingsError> {
        settings.check()?;
        let bearer = Bearer::new(http.clone(), Arc::clone(&clock));
        let order = TokenOrder {
            authority: settings.authority.clone(),
            tenant: settings.tenant_id.clone(),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            version: 1,
            scope: SCOPE.to_owned(),
        };
        Ok(Self { http, bearer, order, house: House::of(settings), clock })
    }

    /// Asks the vault; with a fresh token, once, if it does not take the one at hand.
    async fn ask(&self, operation: Operation, version: Option<&str>, value: &[u8]) -> Result<Reply, Fault> {
        let url = self.house.url(operation, version);
        let mut answer = self.send(operation, &url, value).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.bearer.forget(&self.order);
            answer = self.send(operation, &url, value).await?;
        }
        self.read(operation, &answer)
    }

    async fn send(&self, operation: Operation, url: &Url, value: &[u8]) -> Result<Answer, Fault> {
        let token = self.bearer.token(&self.order).await?;
        let value = base64url::encode(value);
        let request = self
            .http
            .request(Method::POST, url.clone())
            .bearer_auth(token.expose_secret())
            .json(&Asked { alg: "RSA-OAEP-256", value: &value });
        self.http.send(request, &operation.exchange()).await
    }

    fn read(&self, operation: Operation, answer: &Answer) -> Result<Reply, Fault> {
        if let Some(fault) = common(answer, &operation.exchange(), self.clock.now()) {
            return Err(fault);
        }
        if answer.status != StatusCode::OK {
            return Err(operation.refusal(answer));
        }
        let unreadable = || fault::unreadable(operation.name());
        if answer.body.len() > BODY_LIMIT {
            return Err(unreadable());
        }
        answer.json().map_err(|_| unreadable())
    }
}

#[async_trait]
impl KeyWrap for KeyVault {
    fn algorithm(&self) -> u8 {
        ALGORITHM
    }

    #[tracing::instrument(skip_all)]
    async fn wrap(&self, key: &DataKey) -> Result<WrappedKey, Fault> {
        let reply = self.ask(Operation::Wrap, None, key.reveal().expose_secret()).await?;
        let bytes =
            base64url::decode(&reply.value).filter(|bytes| (1..=WRAPPED_LIMIT).contains(&bytes.len()));
        let ours = self.house.version(&reply.kid).is_some();
        match bytes {
            Some(bytes) if ours => Ok(WrappedKey { key_id: reply.kid.clone(), bytes: bytes.to_vec() }),
            _ => Err(fault::unreadable(Operation::Wrap.name())),
        }
    }

    #[tracing::instrument(skip_all)]
    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, Fault> {
        let version = self.house.version(&wrapped.key_id).ok_or_else(fault::envelope)?;
        let reply = self.ask(Operation::Unwrap, Some(&version), &wrapped.bytes).await?;
        let same = self.house.version(&reply.kid).is_some_and(|answered| answered == version);
        match base64url::decode_key(&reply.value) {
            Some(key) if same => Ok(DataKey::new(key)),
            _ => Err(fault::unreadable(Operation::Unwrap.name())),
        }
    }
}

impl fmt::Debug for KeyVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyVault").field("house", &self.house).finish_non_exhaustive()
    }
}

/// Which key of which vault.
#[derive(Debug)]
struct House {
    base: Url,
    key: String,
    api_version: String,
}

impl House {
    fn of(settings: &AzureSettings) -> Self {
        let (base, key) = (settings.base_url.clone(), settings.key_name.clone());
        Self { base, key, api_version: settings.api_version.clone() }
    }

    /// The version in a key identifier, if it is one of this key in this vault.
    fn version(&self, key_id: &str) -> Option<String> {
        let url = Url::parse(key_id).ok().filter(|_| key_id.len() <= KEY_ID_LIMIT)?;
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let mut segments = url.path_segments()?;
        let (keys, name, version) = (segments.next()?, segments.next()?, segments.next()?);
        let ours = bare
            && self.is_home(&url)
            && keys == "keys"
            && name.eq_ignore_ascii_case(&self.key)
            && segments.next().is_none()
            && (1..=64).contains(&version.len())
            && version.chars().all(|c| c.is_ascii_alphanumeric());
        ours.then(|| version.to_owned())
    }

    /// The same host and port; on loopback a port is chance, and the emulated vault's changes with every start.
    fn is_home(&self, url: &Url) -> bool {
        let port =
            is_loopback(&self.base) || url.port_or_known_default() == self.base.port_or_known_default();
        matches!(url.scheme(), "https" | "http") && url.host() == self.base.host() && port
    }

    /// Always at the configured host, whatever a key identifier says.
    fn url(&self, operation: Operation, version: Option<&str>) -> Url {
        let mut url = self.base.clone();
        let path = match version {
            Some(version) => format!("/keys/{}/{version}/{}", self.key, operation.path()),
            None => format!("/keys/{}/{}", self.key, operation.path()),
        };
        url.set_path(&path);
        url.query_pairs_mut().append_pair("api-version", &self.api_version);
        url
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Wrap,
    Unwrap,
}

impl Operation {
    const fn name(self) -> &'static str {
        match self {
            Self::Wrap => "wrap",
            Self::Unwrap => "unwrap",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Wrap => "wrapkey",
            Self::Unwrap => "unwrapkey",
        }
    }

    const fn exchange(self) -> Exchange {
        Exchange::read(Peer::Vault, self.name())
    }

    /// What a no means.
    fn refusal(self, answer: &Answer) -> Fault {
        let denied = |why| fault::denied(self.name(), why);
        match (answer.status, self) {
            // The value does not decrypt: no key of ours ever wrapped it.
            (StatusCode::BAD_REQUEST, Self::Unwrap) => fault::envelope(),
            // The key is of a kind that does not wrap like this.
            (StatusCode::BAD_REQUEST, Self::Wrap) => denied(fault::KEY_UNUSABLE),
            (StatusCode::UNAUTHORIZED, _) => {
                self.fault(FaultKind::Unauthorised { version: 1 }, "vault.unauthorised")
            }
            (StatusCode::FORBIDDEN, _) => denied(forbidden(answer)),
            (StatusCode::NOT_FOUND, _) => denied(fault::KEY_MISSING),
            (status, _) if status.is_client_error() => {
                self.fault(FaultKind::Denied { why: None }, "vault.unexpected")
            }
            _ => fault::unreadable(self.name()),
        }
    }

    const fn fault(self, kind: FaultKind, code: &'static str) -> Fault {
        Fault::new(kind, Peer::Vault, self.name(), Code::new(code))
    }
}

/// Why a 403: the vault's inner code says more than its code.
fn forbidden(answer: &Answer) -> &'static str {
    let told = answer.json::<Told>().unwrap_or_default().error.unwrap_or_default();
    let inner = told.innererror.and_then(|inner| inner.code);
    match inner.or(told.code).unwrap_or_default().as_str() {
        "KeyDisabled" => fault::KEY_DISABLED,
        "KeyExpired" | "KeyNotYetValid" => fault::KEY_UNUSABLE,
        _ => fault::FORBIDDEN,
    }
}

#[derive(Serialize)]
struct Asked<'a> {
    alg: &'static str,
    value: &'a str,
}

#[derive(Deserialize)]
struct Reply {
    kid: String,
    value: String,
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

#[derive(Default, Deserialize)]
struct Told {
    error: Option<Refusal>,
}

#[derive(Default, Deserialize)]
struct Refusal {
    code: Option<String>,
    innererror: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    code: Option<String>,
}
