//! Counters and gauges. No label ever names a person, a webinar or an organization.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use webinar_bridge_domain::balance::Scope;
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::flow::StepReport;
use webinar_bridge_domain::port::StoreError;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Work {
    flow: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Matter {
    with: &'static str,
}

/// All counters and gauges of one process. Clones share.
#[derive(Clone)]
pub struct Meters {
    registry: Arc<Registry>,
    registrations: Family<State, Gauge>,
    minutes: Family<State, Gauge>,
    organizations: Family<State, Gauge>,
    troubles: Family<Matter, Gauge>,
    work: Family<Work, Counter>,
    panics: Counter,
}

impl Meters {
    /// Meters of a program of this version.
    pub fn new(version: &'static str) -> Self {
        let mut registry = Registry::with_prefix("webinar_bridge");
        let (registrations, minutes, organizations) =
            (Family::default(), Family::default(), Family::default());
        let (troubles, work, panics) = (Family::default(), Family::default(), Counter::default());
        registry.register("build", "The program", Info::new(vec![("version", version)]));
        let help = "CRM registrations: crm = at_provider + on_their_way + held + excluded";
        registry.register("registrations", help, Family::clone(&registrations));
        let help = "Viewing minutes: provider = crm + on_their_way + unmatched";
        registry.register("viewing_minutes", help, Family::clone(&minutes));
        registry.register("organizations", "Organizations by state", Family::clone(&organizations));
        let help = "Organizations that something keeps from working";
        registry.register("troubles", help, Family::clone(&troubles));
        registry.register("work", "Items that flows ended, by outcome", Family::clone(&work));
        registry.register("panics", "Tasks that ended in a panic", Counter::clone(&panics));
        let registry = Arc::new(registry);
        Self { registry, registrations, minutes, organizations, troubles, work, panics }
    }

    /// Counts what one step of a flow did.
    pub fn count(&self, flow: &'static str, report: &StepReport) {
        let done = [("settled", report.settled), ("deferred", report.deferred), ("held", report.held)];
        for (outcome, n) in done.into_iter().filter(|(_, n)| *n > 0) {
            self.work.get_or_create(&Work { flow, outcome }).inc_by(u64::from(n));
        }
    }

    /// Counts a task that ended in a panic.
    pub fn panicked(&self) {
        self.panics.inc();
    }

    pub(crate) async fn render(&self, bridge: &Bridge) -> Result<String, StoreError> {
        self.take_stock(bridge).await?;
        let mut text = String::new();
        // Writing to a string fails only if a metric's own encoding does, which none of these can.
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!(code = "metrics", "the metrics could not be written");
        }
        Ok(text)
    }

    async fn take_stock(&self, bridge: &Bridge) -> Result<(), StoreError> {
        let (mut rows, mut minutes) = ([0; 5], [0; 4]);
        self.organizations.clear();
        for organization in bridge.steward.list().await? {
            self.organizations.get_or_create(&State { state: organization.integration.name() }).inc();
            let balance = bridge.desk.balance(organization.id, Scope::Organization).await?;
            let (r, m) = (balance.registrations, balance.minutes);
            let held: u64 = r.held.values().sum();
            let excluded: u64 = r.excluded.values().sum();
            add(&mut rows, [r.crm, r.at_provider, r.on_their_way, held, excluded].map(i128::from));
            let on_their_way = i128::from(m.on_their_way);
            add(&mut minutes, [m.provider.into(), m.crm.into(), on_their_way, m.unmatched.into()]);
        }
        let states = ["crm", "at_provider", "on_their_way", "held", "excluded"];
        set(&self.registrations, &states, &rows);
        set(&self.minutes, &["provider", "crm", "on_their_way", "unmatched"], &minutes);
        self.troubles.clear();
        for (_, topic, _) in bridge.standing.notes() {
            self.troubles.get_or_create(&Matter { with: topic.name() }).inc();
        }
        Ok(())
    }
}

fn add<const N: usize>(sum: &mut [i128; N], more: [i128; N]) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum += more;
    }
}

fn set(family: &Family<State, Gauge>, states: &[&'static str], values: &[i128]) {
    for (state, value) in states.iter().zip(values) {
        family.get_or_create(&State { state }).set(i64::try_from(*value).unwrap_or(i64::MAX));
    }
}
