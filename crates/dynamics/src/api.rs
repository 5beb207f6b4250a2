//! One call to the Web API: its headers, its token, and what becomes of a token that is no longer accepted.

use std::sync::Arc;

use bytes::Bytes;
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use webinar_bridge_domain::credential::{CredentialSlot, Purpose};
use webinar_bridge_domain::fault::{Fault, FaultKind, Peer};
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{Clock, CredentialProvider, OpenSecret};
use webinar_bridge_transport::{
    Answer, Bearer, Exchange, HttpClient, Method, RequestBuilder, StatusCode, TokenOrder, Url,
};

use crate::access::Access;
use crate::config::DynamicsSettings;
use crate::link::ApiRoot;
use crate::refusal;

/// What is the same for every organization.
pub(crate) struct Api {
    pub(crate) settings: DynamicsSettings,
    pub(crate) client: HttpClient,
    pub(crate) bearer: Bearer,
    pub(crate) credentials: Arc<dyn CredentialProvider>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// One organization, under one version of its secret.
pub(crate) struct Session<'a> {
    api: &'a Api,
    order: TokenOrder,
    pub(crate) root: ApiRoot,
}

/// One request.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) prefer: Option<String>,
    pub(crate) body: Option<Body>,
}

/// A body and what it is.
pub(crate) struct Body {
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

impl Call {
    pub(crate) const fn get(url: Url) -> Self {
        Self { method: Method::GET, url, prefer: None, body: None }
    }
}

impl Api {
    /// The organization under the secret that is in use.
    pub(crate) async fn open(&self, organization: OrganizationId) -> Result<Session<'_>, Fault> {
        let slot = CredentialSlot { organization, purpose: Purpose::Crm };
        let current = self.credentials.current(&slot).await?;
        self.with(&current.secret, current.version)
    }

    /// The organization under this very secret.
    pub(crate) fn with(&self, secret: &OpenSecret, version: u64) -> Result<Session<'_>, Fault> {
        let access = Access::read(secret).ok_or_else(|| {
            let kind = FaultKind::Unauthorised { version };
            Exchange::read(Peer::Crm, "open").fault(kind, "dataverse.bad_secret")
        })?;
        let root = ApiRoot::of(&access.base_url, &self.settings.api_version);
        Ok(Session { api: self, order: access.order(version), root })
    }
}

impl Session<'_> {
    pub(crate) fn settings(&self) -> &DynamicsSettings {
        &self.api.settings
    }

    /// The answer, whatever its status. A token that is not accepted is replaced once: tokens end without the secret
    /// having changed, so this is no second try of the call.
    pub(crate) async fn send(&self, call: &Call, exchange: &Exchange) -> Result<Answer, Fault> {
        let answer = self.once(call, exchange).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        self.forget_token();
        self.once(call, exchange).await
    }

    /// The answer as JSON; anything but a success is a fault.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        call: &Call,
        exchange: &Exchange,
    ) -> Result<T, Fault> {
        let answer = self.send(call, exchange).await?;
        if !answer.status.is_success() {
            return Err(self.refused(&answer, exchange));
        }
        answer.json().map_err(|error| {
            tracing::warn!(operation = exchange.operation, body = answer.fingerprint(), %error, "malformed answer");
            refusal::malformed(exchange)
        })
    }

    /// What an answer that is not a success means.
    pub(crate) fn refused(&self, answer: &Answer, exchange: &Exchange) -> Fault {
        refusal::fault(answer, exchange, self.order.version, self.api.clock.now())
    }

    /// The next call fetches a token of its own.
    pub(crate) fn forget_token(&self) {
        self.api.bearer.forget(&self.order);
    }

    async fn once(&self, call: &Call, exchange: &Exchange) -> Result<Answer, Fault> {
        let token = self.api.bearer.token(&self.order).await?;
        let request = self.dressed(call).bearer_auth(token.expose_secret());
        self.api.client.send(request, exchange).await
    }

    /// `null` is no condition: it keeps caches on the way from answering.
    fn dressed(&self, call: &Call) -> RequestBuilder {
        let mut request = self
            .api
            .client
            .request(call.method.clone(), call.url.clone())
            .header("Accept", "application/json")
            .header("OData-Version", "4.0")
            .header("OData-MaxVersion", "4.0")
            .header("If-None-Match", "null");
        if let Some(prefer) = &call.prefer {
            request = request.header("Prefer", prefer);
        }
        if let Some(body) = &call.body {
            request = request.header("Content-Type", &body.content_type).body(body.bytes.clone());
        }
        request
    }
}
