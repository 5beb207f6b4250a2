//! One call: with the token in use, sent once, and what its answer means for every operation alike.

use webinar_bridge_domain::credential::{CredentialSlot, Purpose};
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Missing};
use webinar_bridge_domain::id::{OrganizationId, ProviderEventId};
use webinar_bridge_domain::port::OpenSecret;
use webinar_bridge_domain::registration::Words;
use webinar_bridge_transport::{Answer, Exchange, Method, RequestBuilder, StatusCode, classify};

use crate::On24;
use crate::refusal::{self, Meaning};
use crate::said::Said;
use crate::secret::{Token, is_number};

/// A token, and which version it is.
pub(crate) struct Key {
    token: Token,
    version: u64,
}

/// What came of a call that is about somebody or something in particular.
pub(crate) enum Reply {
    /// 2xx.
    Done(Answer),
    /// A no which is not about the account, the event or the request: the operation knows what it means.
    No(No),
}

/// A no, and in which words.
pub(crate) struct No {
    pub(crate) meaning: Option<Meaning>,
    pub(crate) status: StatusCode,
    /// `None`: without any.
    pub(crate) words: Option<Words>,
}

impl On24 {
    /// The token in use.
    pub(crate) async fn key(&self, whose: OrganizationId, exchange: &Exchange) -> Result<Key, Fault> {
        let slot = CredentialSlot { organization: whose, purpose: Purpose::Provider };
        let current = self.credentials.current(&slot).await?;
        self.opened(&current.secret, current.version, exchange)
    }

    /// The token that a secret holds. A secret that cannot be read is as good as one that is not accepted: whoever
    /// enters a better one mends it, and until then nobody is held for it.
    pub(crate) fn opened(
        &self,
        secret: &OpenSecret,
        version: u64,
        exchange: &Exchange,
    ) -> Result<Key, Fault> {
        let unfit = |fault: crate::SecretFault| {
            tracing::warn!(version, %fault, "the secret cannot be used");
            exchange.fault(FaultKind::Unauthorised { version }, fault.code())
        };
        let token = Token::open(&self.settings, secret).map_err(unfit)?;
        Ok(Key { token, version })
    }

    /// Begins a request to something of the account.
    pub(crate) fn request(&self, key: &Key, method: Method, path: &[&str]) -> RequestBuilder {
        let request = self.client.request(method, key.token.url(path)).header("accept", "application/json");
        let [(name, value), (other, secret)] = key.token.headers();
        request.header(name, value).header(other, secret)
    }

    /// Sends it and sorts the answer. `own` are the person's values in it, which must not get into words.
    pub(crate) async fn call(
        &self,
        key: &Key,
        request: RequestBuilder,
        exchange: &Exchange,
        own: &[&str],
    ) -> Result<Reply, Fault> {
        let answer = self.client.send(request, exchange).await?;
        if let Some(fault) = classify::common(&answer, exchange, self.clock.now()) {
            return Err(fault);
        }
        if answer.status.is_success() {
            return Ok(Reply::Done(answer));
        }
        let said = Said::hear(&answer);
        let meaning = refusal::meaning(answer.status, &said, own);
        match fault(meaning, &answer, &said, key.version, exchange) {
            Some(fault) => Err(fault),
            None => Ok(Reply::No(No { meaning, status: answer.status, words: said.words(own) })),
        }
    }
}

/// What stops more than this one call: the account, the event, or the request itself.
fn fault(
    meaning: Option<Meaning>,
    answer: &Answer,
    said: &Said,
    version: u64,
    exchange: &Exchange,
) -> Option<Fault> {
    let denied = |code| exchange.fault(FaultKind::Denied { why: Some(Code::new(code)) }, code);
    Some(match (meaning, answer.status) {
        (Some(Meaning::Quota), _) => exchange.fault(FaultKind::Throttled { after: None }, "on24.quota"),
        (Some(Meaning::Denied(code)), _) => denied(code),
        (Some(Meaning::EventGone(code)), _) => gone(exchange, code),
        (Some(Meaning::Mistake(code)), _) => {
            exchange.fault(FaultKind::Invalid { field: Code::new(code) }, code)
        }
        (None, StatusCode::UNAUTHORIZED) => {
            exchange.fault(FaultKind::Unauthorised { version }, refusal::unauthorised(said))
        }
        (None, StatusCode::FORBIDDEN) => {
            tracing::warn!(operation = exchange.operation, text = answer.fingerprint(), "unknown refusal");
            exchange.fault(FaultKind::Denied { why: None }, "on24.unknown_denial")
        }
        // Not a word of ON24's: whatever answers there is not its API, so the account's address is wrong.
        (None, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) if !said.is_message() => {
            denied("on24.address")
        }
        _ => return None,
    })
}

pub(crate) const fn gone(exchange: &Exchange, code: &'static str) -> Fault {
    exchange.fault(FaultKind::Gone { what: Missing::Webinar }, code)
}

/// The event's id as it may stand in a path. What ON24 cannot have given out is no event of its: otherwise an id such
/// as `../forgetall` would be another call.
pub(crate) fn event_id<'a>(event: &'a ProviderEventId, exchange: &Exchange) -> Result<&'a str, Fault> {
    let id = event.as_str().trim();
    if is_number(id) { Ok(id) } else { Err(gone(exchange, "on24.event_id")) }
}

impl No {
    /// A read, or a write that ON24 has no word on a person for, was refused in words that are not known.
    pub(crate) fn unexpected(&self, exchange: &Exchange) -> Fault {
        tracing::warn!(operation = exchange.operation, status = self.status.as_u16(), "unexpected refusal");
        match self.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                exchange.fault(FaultKind::Denied { why: None }, "on24.unknown_denial")
            }
            _ => exchange
                .fault(FaultKind::Invalid { field: Code::new("on24.request") }, "on24.unknown_refusal"),
        }
    }
}
