//! Credentials: they go in and never come out.

use core::fmt;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use webinar_bridge_domain::credential::{Credential, CredentialSlot, Purpose};
use webinar_bridge_domain::flow::ProbeOutcome;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::OpenSecret;

use super::responses::{Guarded, Named, Written};
use super::{known, to_the_end};
use crate::auth::Caller;
use crate::extract::{Body, Path};
use crate::problem::Problem;
use crate::{Admin, CrmSecret, ProviderSecret};

/// Where a credential stands; nothing of the credential itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct CredentialView {
    /// For whom it is: `on24` or `dataverse`.
    purpose: &'static str,
    /// Where it stands: `missing`, `unproven`, `active`, `rotating`, `suspect`, `refused`, `revoked`.
    state: &'static str,
    /// Counts the secrets that were entered.
    version: u64,
    /// When the secret that it stands by was entered (RFC 3339); a newer one that is tried beside it does not count yet.
    #[schema(required)]
    entered: Option<String>,
    /// When it was last accepted (RFC 3339).
    #[schema(required)]
    last_success: Option<String>,
}

/// What became of a credential that was entered.
#[derive(Serialize, ToSchema)]
pub(crate) struct Entered {
    /// `accepted`; `refused`: kept, but not accepted by the peer; `untried`: kept, and tried again later; `stored`:
    /// kept, and tried once the terms are accepted.
    outcome: &'static str,
    /// What the peer said, where it was not accepted.
    #[schema(required)]
    detail: Option<String>,
    /// Where the credential stands now.
    credential: CredentialView,
}

/// ON24's credentials.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct On24Credentials {
    /// The account's number; its digits as text are taken too.
    #[schema(value_type = u64)]
    client_id: AccountNumber,
    /// The token's key.
    #[schema(value_type = String, format = Password, write_only)]
    access_token_key: SecretString,
    /// The token's secret.
    #[schema(value_type = String, format = Password, write_only)]
    access_token_secret: SecretString,
    /// Another address than the configured one. Taken only where the operator's file allows it, and refused as invalid
    /// elsewhere: whoever may enter credentials may not thereby choose where the bridge calls.
    #[serde(default)]
    base_url: Option<String>,
}

/// An account's number: a number, or its digits as text.
pub(crate) struct AccountNumber(String);

impl<'de> Deserialize<'de> for AccountNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = AccountNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<AccountNumber, E> {
                Ok(AccountNumber(number.to_string()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AccountNumber, E> {
                let digits = (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
                let other = || E::invalid_value(de::Unexpected::Other("text"), &self);
                digits.then(|| AccountNumber(text.to_owned())).ok_or_else(other)
            }
        }
        deserializer.deserialize_any(Digits)
    }
}

/// Dynamics 365's credentials.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataverseCredentials {
    /// The environment's address.
    base_url: String,
    /// The directory.
    tenant_id: String,
    /// The application.
    client_id: String,
    /// Its secret.
    #[schema(value_type = String, format = Password, write_only)]
    client_secret: SecretString,
}

const fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Provider => "on24",
        Purpose::Crm => "dataverse",
        Purpose::DataKey => "data key",
    }
}

async fn view(admin: &Admin, id: OrganizationId, purpose: Purpose) -> Result<CredentialView, Problem> {
    let slot = CredentialSlot { organization: id, purpose };
    let known = admin.bridge.keyholder.credential(&slot).await?.map(|stored| stored.item);
    Ok(CredentialView {
        purpose: purpose_name(purpose),
        state: known.as_ref().map_or("missing", Credential::state_name),
        version: known.as_ref().map_or(0, Credential::newest),
        entered: known.as_ref().and_then(|known| known.current()).map(|secret| secret.entered.to_string()),
        last_success: known.as_ref().and_then(|known| known.last_success).map(|at| at.to_string()),
    })
}

async fn enter(
    admin: Admin,
    id: OrganizationId,
    purpose: Purpose,
    secret: Result<OpenSecret, String>,
) -> Result<Json<Entered>, Problem> {
    let secret = secret.map_err(Problem::invalid)?;
    to_the_end(async move {
        let (outcome, detail) = match admin.bridge.steward.enter(id, purpose, &secret).await? {
            ProbeOutcome::Accepted => ("accepted", None),
            ProbeOutcome::Refused(fault) => ("refused", Some(fault.to_string())),
            ProbeOutcome::Untried(fault) => ("untried", Some(fault.to_string())),
            ProbeOutcome::Nothing => ("stored", None),
        };
        Ok(Json(Entered { outcome, detail, credential: view(&admin, id, purpose).await? }))
    })
    .await
}

async fn remove(admin: Admin, id: OrganizationId, purpose: Purpose) -> Result<StatusCode, Problem> {
    let removed = to_the_end(async move { Ok(admin.bridge.steward.remove(id, purpose).await?) }).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::missing("credential")) }
}

/// Where the credentials of an organization stand.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/credentials", operation_id = "listCredentials",
    tag = "credentials",
    params(("organization" = Uuid, Path)), responses((status = 200, body = Vec<CredentialView>), Guarded, Named))]
pub(crate) async fn list(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<Json<Vec<CredentialView>>, Problem> {
    let id = known(&admin, id).await?;
    let provider = view(&admin, id, Purpose::Provider).await?;
    Ok(Json(vec![provider, view(&admin, id, Purpose::Crm).await?]))
}

/// Keeps ON24's credentials, sealed, and tries them at once if the terms are accepted.
#[utoipa::path(put, path = "/api/v1/organizations/{organization}/credentials/on24", operation_id = "enterOn24Credentials",
    tag = "credentials",
    params(("organization" = Uuid, Path)), request_body = On24Credentials,
    responses((status = 200, body = Entered), Guarded, Named, Written))]
pub(crate) async fn enter_on24(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
    Body(entered): Body<On24Credentials>,
) -> Result<Json<Entered>, Problem> {
    let id = known(&admin, id).await?;
    let secret = ProviderSecret {
        client_id: entered.client_id.0,
        access_token_key: entered.access_token_key,
        access_token_secret: entered.access_token_secret,
        base_url: entered.base_url,
    };
    let secret = admin.secrets.provider(&secret);
    enter(admin, id, Purpose::Provider, secret).await
}

/// Removes ON24's credentials. No new call begins; running ones end; the CRM never notices.
#[utoipa::path(delete, path = "/api/v1/organizations/{organization}/credentials/on24", operation_id = "removeOn24Credentials",
    tag = "credentials",
    params(("organization" = Uuid, Path)), responses((status = 204), Guarded, Named))]
pub(crate) async fn remove_on24(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let id = known(&admin, id).await?;
    remove(admin, id, Purpose::Provider).await
}

/// Keeps Dynamics 365's credentials, sealed, and tries them at once if the terms are accepted.
#[utoipa::path(put, path = "/api/v1/organizations/{organization}/credentials/dataverse", operation_id = "enterDataverseCredentials",
    tag = "credentials",
    params(("organization" = Uuid, Path)), request_body = DataverseCredentials,
    responses((status = 200, body = Entered), Guarded, Named, Written))]
pub(crate) async fn enter_dataverse(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
    Body(entered): Body<DataverseCredentials>,
) -> Result<Json<Entered>, Problem> {
    let id = known(&admin, id).await?;
    let DataverseCredentials { base_url, tenant_id, client_id, client_secret } = entered;
    let secret = CrmSecret { base_url, tenant_id, client_id, client_secret };
    let secret = admin.secrets.crm(&secret);
    enter(admin, id, Purpose::Crm, secret).await
}

/// Removes Dynamics 365's credentials: nothing is read or written there any more.
#[utoipa::path(delete, path = "/api/v1/organizations/{organization}/credentials/dataverse", operation_id = "removeDataverseCredentials",
    tag = "credentials",
    params(("organization" = Uuid, Path)), responses((status = 204), Guarded, Named))]
pub(crate) async fn remove_dataverse(
    _: Caller,
    State(admin): State<Admin>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let id = known(&admin, id).await?;
    remove(admin, id, Purpose::Crm).await
}
