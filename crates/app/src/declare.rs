//! Organizations that the file declares: applied when unknown, or when the declaration itself has changed. What people
//! changed since then through API or console stays.

use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::credential::Purpose;
use webinar_bridge_domain::flow::Refusal;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::integration::TermsVersion;
use webinar_bridge_domain::time::SignedDuration;

use crate::config::DeclaredOrganization;
use crate::world::pause;

/// Applies all declarations. What cannot be done now is said and tried again after a rest, and with the next start if
/// there is something wrong with it; nothing stops the program.
pub(crate) async fn until_applied(bridge: &Bridge, declared: &[DeclaredOrganization], rest: SignedDuration) {
    loop {
        match apply(bridge, declared).await {
            Ok(Applied::AsFarAsCanBe) => return,
            Ok(Applied::NotYet) => {}
            Err(refusal) => {
                tracing::error!(code = "declaration", %refusal, "the declared organizations could not be applied");
            }
        }
        pause(rest.unsigned_abs()).await;
    }
}

/// How far the declarations have been applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// As far as they can be.
    AsFarAsCanBe,
    /// Something was out of reach; later it may be there.
    NotYet,
}

/// Applies all declarations once.
pub(crate) async fn apply(bridge: &Bridge, declared: &[DeclaredOrganization]) -> Result<Applied, Refusal> {
    let mut applied = Applied::AsFarAsCanBe;
    for organization in declared {
        let digest = organization.digest();
        let known = bridge.steward.list().await?.into_iter().find(|known| known.name == organization.name);
        let id = match known {
            Some(known) if known.declared.as_deref() == Some(&digest) => continue,
            Some(known) => known.id,
            None => match bridge.steward.found(&organization.name, None).await {
                Ok(founded) => founded.id,
                // Another process was faster.
                Err(Refusal::NameTaken) => continue,
                Err(refusal) => return Err(refusal),
            },
        };
        match one(bridge, id, organization).await {
            Ok(()) => bridge.steward.declare(id, &digest).await?,
            Err(Refusal::Store(error)) => return Err(error.into()),
            Err(refusal) => {
                if matches!(refusal, Refusal::Secret(_)) {
                    applied = Applied::NotYet;
                }
                let organization = id.to_string();
                tracing::error!(code = "declaration", organization, %refusal, "a declared organization could not be applied whole");
            }
        }
    }
    Ok(applied)
}

async fn one(bridge: &Bridge, id: OrganizationId, declared: &DeclaredOrganization) -> Result<(), Refusal> {
    use secrecy::ExposeSecret as _;
    if let Some(version) = declared.terms_accepted {
        bridge.steward.accept_terms(id, TermsVersion(version)).await?;
    }
    if let Some(crm) = &declared.dataverse {
        bridge.steward.enter(id, Purpose::Crm, &webinar_bridge_dynamics::secret(crm)).await?;
    }
    if let Some(on24) = &declared.on24 {
        let secret = webinar_bridge_on24::secret(
            &on24.base_url,
            &on24.client_id,
            on24.access_token_key.expose_secret(),
            on24.access_token_secret.expose_secret(),
        );
        bridge.steward.enter(id, Purpose::Provider, &secret).await?;
    }
    if let Some(webhook) = &declared.webhook {
        let digest = webinar_bridge_admin::webhook_key_digest(&webhook.secret);
        if bridge.doorkeeper.declare(id, webhook.endpoint, digest).await?.is_none() {
            let organization = id.to_string();
            tracing::error!(
                code = "declaration",
                organization,
                "`organization.webhook.endpoint` is another organization's"
            );
        }
    }
    Ok(())
}
