//! The adapter over an emulated organization, as the suites want it.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;
use webinar_bridge_contract::subject::CrmSubject;
use webinar_bridge_contract::world::{CrmEdit, CrmStage, CrmWorld, KeptCheckIn, Told, Weather};
use webinar_bridge_domain::credential::CredentialSlot;
use webinar_bridge_domain::fault::Fault;
use webinar_bridge_domain::id::SourceId;
use webinar_bridge_domain::port::{
    Clock, CredentialProvider, CrmAnswers, CrmFeed, CrmMetrics, OpenSecret, Versioned,
};
use webinar_bridge_domain::time::{SignedDuration, Timestamp};
use webinar_bridge_dynamics::config::Registrations;
use webinar_bridge_dynamics::{Dynamics, DynamicsSettings, crm, secret};
use webinar_bridge_transport::{ClientSettings, HttpClient};

use crate::organization::Organization;

pub(crate) struct DynamicsSubject {
    pub(crate) organization: Organization,
    pub(crate) dynamics: Dynamics,
}

/// One clock for both sides, so that tokens end for both at once.
struct SharedClock(webinar_bridge_emulator::Clock);

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

struct OneSecret(OpenSecret);

#[async_trait]
impl CredentialProvider for OneSecret {
    async fn current(&self, _: &CredentialSlot) -> Result<Versioned, Fault> {
        Ok(Versioned { version: 1, secret: self.0.clone() })
    }
}

impl DynamicsSubject {
    pub(crate) async fn over_emulator() -> Self {
        let organization = Organization::start().await;
        let dynamics = adapter(&organization, small_pages());
        Self { organization, dynamics }
    }
}

/// Pages that are smaller than the worlds of the cases, so that links are followed.
fn small_pages() -> DynamicsSettings {
    DynamicsSettings { page_rows: 100, ..DynamicsSettings::default() }
}

fn adapter(organization: &Organization, settings: DynamicsSettings) -> Dynamics {
    let client = HttpClient::new(&ClientSettings::default()).unwrap();
    let secret = OneSecret(secret(&organization.access()));
    crm(settings, client, Arc::new(secret), Arc::new(SharedClock(organization.clock())))
}

#[async_trait]
impl CrmSubject for DynamicsSubject {
    async fn arrange(&mut self, world: CrmWorld) -> CrmStage {
        *self = Self::over_emulator().await;
        for (id, webinar) in &world.webinars {
            self.organization.write_webinar(*id, webinar).await;
        }
        for company in &world.companies {
            self.organization.write_company(company).await;
        }
        for contact in &world.contacts {
            self.organization.write_contact(contact).await;
        }
        for row in &world.registrations {
            self.organization.write_registration(row).await;
        }
        CrmStage { organization: Uuid::from_u128(0x0a).into() }
    }

    async fn edit(&mut self, edit: CrmEdit) {
        match edit {
            CrmEdit::Webinar(id, webinar) => self.organization.write_webinar(id, &webinar).await,
            CrmEdit::Company(company) => self.organization.write_company(&company).await,
            CrmEdit::Contact(contact) => self.organization.write_contact(&contact).await,
            CrmEdit::Registration(row) => self.organization.write_registration(&row).await,
            CrmEdit::DeleteRegistration(id) => {
                self.organization.delete("msevtmgt_eventregistrations", id.uuid()).await;
            }
            CrmEdit::ExpireCursors => self.organization.advance(SignedDuration::from_hours(8 * 24)).await,
            // The emulated schema stands; what the settings name can be taken out of it all the same.
            CrmEdit::DropColumn => {
                let registrations =
                    Registrations { cancelled: "new_gone".into(), ..Registrations::default() };
                let settings = DynamicsSettings { registrations, ..DynamicsSettings::default() };
                self.dynamics = adapter(&self.organization, settings);
            }
            other => panic!("{other:?} is new to this subject"),
        }
    }

    async fn weather(&mut self, weather: Weather) {
        let effect = match weather {
            Weather::Calm => None,
            Weather::DropsAnswers => Some("drop_after_accept"),
            Weather::Garbles => Some("garbage"),
            Weather::Fails => Some("status:500"),
            Weather::Throttles => Some("quota"),
            other => panic!("{other:?} is new to this subject"),
        };
        self.organization.weather(effect).await;
    }

    async fn told(&self, source: SourceId) -> Option<Told> {
        let row = self.organization.row("msevtmgt_eventregistrations", source.uuid()).await?;
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        let words = text("msevtmgt_registrationstatus");
        let synced = row["msevtmgt_syncedwithprovider"] == 100_000_002;
        Some(match row["msevtmgt_publishingstate"].as_i64() {
            Some(100_000_001) if synced => Told::Admitted(text("msevtmgt_webinarregistrationid")),
            Some(100_000_000) if !synced && words.is_some() => Told::Cancelled,
            Some(100_000_003 | 100_000_004) if !synced => Told::Held(words.unwrap_or_default()),
            Some(100_000_000) if !synced => Told::Nothing,
            other => panic!("a state that no answer makes: {other:?}, synced {synced}"),
        })
    }

    async fn check_ins(&self) -> Vec<KeptCheckIn> {
        let rows = self.organization.rows("msevtmgt_checkins").await;
        rows.iter().inspect(|row| assert_eq!(row["msevtmgt_checkintype"], 100_000_001)).map(kept).collect()
    }

    fn feed(&self) -> &dyn CrmFeed {
        &self.dynamics
    }

    fn answers(&self) -> &dyn CrmAnswers {
        &self.dynamics
    }

    fn metrics(&self) -> &dyn CrmMetrics {
        &self.dynamics
    }
}

fn kept(row: &Value) -> KeptCheckIn {
    let id = |name: &str| row[name].as_str().unwrap().parse::<Uuid>().unwrap();
    let number = |name: &str| u32::try_from(row[name].as_u64().unwrap()).unwrap();
    let time = |name: &str| row[name].as_str().map(|text| text.parse::<Timestamp>().unwrap());
    KeptCheckIn {
        id: id("msevtmgt_checkinid"),
        source: id("_msevtmgt_registrationid_value").into(),
        contact: id("_msevtmgt_contact_value").into(),
        minutes: number("msevtmgt_viewingdurationinmins"),
        interactions: number("msevtmgt_numberofquestionsasked"),
        first: time("msevtmgt_checkintime"),
        last: time("msevtmgt_checkouttime"),
    }
}
