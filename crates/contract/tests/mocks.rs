//! The mocks answer as real adapters do.

use async_trait::async_trait;
use webinar_bridge_contract::mocks::{CrmMocks, ProviderMocks, crm_in, provider_in};
use webinar_bridge_contract::subject::{CrmSubject, ProviderSubject};
use webinar_bridge_contract::world::{
    CrmEdit, CrmStage, CrmWorld, KeptCheckIn, ProviderStage, ProviderWorld, Told, Weather,
};
use webinar_bridge_contract::{
    account_suite, answers_suite, attendance_suite, feed_suite, metrics_suite, registrar_suite,
};
use webinar_bridge_domain::id::SourceId;
use webinar_bridge_domain::port::{Account, AttendanceSource, CrmAnswers, CrmFeed, CrmMetrics, Registrar};

struct Provider(ProviderMocks);

impl Provider {
    fn mocked() -> Self {
        Self(provider_in(&ProviderWorld::default()))
    }
}

#[async_trait]
impl ProviderSubject for Provider {
    async fn arrange(&mut self, world: ProviderWorld) -> ProviderStage {
        self.0 = provider_in(&world);
        self.0.stage.clone()
    }

    async fn weather(&mut self, weather: Weather) {
        self.0.weather(weather);
    }

    fn registrar(&self) -> &dyn Registrar {
        &self.0.registrar
    }

    fn attendance(&self) -> &dyn AttendanceSource {
        &self.0.attendance
    }

    fn account(&self) -> &dyn Account {
        &self.0.account
    }
}

registrar_suite!(Provider::mocked());
attendance_suite!(Provider::mocked());
account_suite!(Provider::mocked());

struct Crm(CrmMocks);

impl Crm {
    fn mocked() -> Self {
        Self(crm_in(&CrmWorld::default()))
    }
}

#[async_trait]
impl CrmSubject for Crm {
    async fn arrange(&mut self, world: CrmWorld) -> CrmStage {
        self.0 = crm_in(&world);
        self.0.stage
    }

    async fn edit(&mut self, edit: CrmEdit) {
        self.0.edit(edit);
    }

    async fn weather(&mut self, weather: Weather) {
        self.0.weather(weather);
    }

    async fn told(&self, source: SourceId) -> Option<Told> {
        self.0.told(source)
    }

    async fn check_ins(&self) -> Vec<KeptCheckIn> {
        self.0.check_ins()
    }

    fn feed(&self) -> &dyn CrmFeed {
        &self.0.feed
    }

    fn answers(&self) -> &dyn CrmAnswers {
        &self.0.answers
    }

    fn metrics(&self) -> &dyn CrmMetrics {
        &self.0.metrics
    }
}

feed_suite!(Crm::mocked());
answers_suite!(Crm::mocked());
metrics_suite!(Crm::mocked());
