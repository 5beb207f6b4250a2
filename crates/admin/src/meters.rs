//! Counters and gauges. No label ever names a person, a webinar or an organization.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

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
struct Notice {
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
    turn: Arc<Mutex<()>>,
    registrations: Family<State, Gauge>,
    minutes: Family<State, Gauge>,
    organizations: Family<State, Gauge>,
    troubles: Family<Matter, Gauge>,
    work: Family<Work, Counter>,
    webhooks: Family<Notice, Counter>,
    missed: Counter,
    drift: Counter,
    panics: Counter,
}

impl Meters {
    /// Meters of a program of this version.
    pub fn new(version: &'static str) -> Self {
        let mut registry = Registry::with_prefix("webinar_bridge");
        let (registrations, minutes, organizations) =
            (Family::default(), Family::default(), Family::default());
        let (troubles, work, panics) = (Family::default(), Family::default(), Counter::default());
        let (webhooks, missed, drift) = (Family::default(), Counter::default(), Counter::default());
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
        let help = "Notices that were heard, by what became of them";
        registry.register("webhooks", help, Family::clone(&webhooks));
        let help = "Changes that a poll found and no webhook had told of";
        registry.register("webhook_missed", help, Counter::clone(&missed));
        let help = "Differences from the provider's lists that were found and asserted again";
        registry.register("drift", help, Counter::clone(&drift));
        let registry = Arc::new(registry);
        let turn = Arc::default();
        Self {
            registry,
            turn,
            registrations,
            minutes,
            organizations,
            troubles,
            work,
            webhooks,
            missed,
            drift,
            panics,
        }
    }

    /// Counts what one step of a flow did.
    pub fn count(&self, flow: &'static str, report: &StepReport) {
        let done = [("settled", report.settled), ("deferred", report.deferred), ("held", report.held)];
        for (outcome, n) in done.into_iter().filter(|(_, n)| *n > 0) {
            self.work.get_or_create(&Work { flow, outcome }).inc_by(u64::from(n));
        }
    }

    /// Counts a notice that was heard.
    pub(crate) fn heard(&self, outcome: &'static str) {
        self.webhooks.get_or_create(&Notice { outcome }).inc();
    }

    /// Counts a task that ended in a panic.
    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// All meters as text, in the form of `OpenMetrics`; both lines of the balance from one reading.
    pub(crate) async fn render(&self, bridge: &Bridge) -> Result<String, StoreError> {
        let stock = Stock::take(bridge).await?;
        // One reader at a time, from here to the text: gauges of two readings never mix.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.show(&stock);
        self.missed.inc_by(bridge.observe.missed().saturating_sub(self.missed.get()));
        self.drift.inc_by(bridge.tasks.drift().saturating_sub(self.drift.get()));
        let mut text = String::new();
        // Writing to a string fails only if a metric's own encoding does, which none of these can.
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!(code = "metrics", "the metrics could not be written");
        }
        Ok(text)
    }

    fn show(&self, stock: &Stock) {
        let states = ["crm", "at_provider", "on_their_way", "held", "excluded"];
        set(&self.registrations, &states, &stock.registrations);
        set(&self.minutes, &["provider", "crm", "on_their_way", "unmatched"], &stock.minutes);
        self.organizations.clear();
        for (state, n) in &stock.organizations {
            self.organizations.get_or_create(&State { state }).set(*n);
        }
        self.troubles.clear();
        for (with, n) in &stock.troubles {
            self.troubles.get_or_create(&Matter { with }).set(*n);
        }
    }
}

/// One reading of what is counted over all organizations.
#[derive(Default)]
struct Stock {
    registrations: [i128; 5],
    minutes: [i128; 4],
    organizations: BTreeMap<&'static str, i64>,
    troubles: BTreeMap<&'static str, i64>,
}

impl Stock {
    async fn take(bridge: &Bridge) -> Result<Self, StoreError> {
        let mut stock = Self::default();
        for organization in bridge.steward.list().await? {
            *stock.organizations.entry(organization.integration.name()).or_default() += 1;
            let balance = bridge.desk.balance(organization.id, Scope::Organization).await?;
            let (r, m) = (balance.registrations, balance.minutes);
            let held: u64 = r.held.values().sum();
            let excluded: u64 = r.excluded.values().sum();
            let rows = [r.crm, r.at_provider, r.on_their_way, held, excluded];
            add(&mut stock.registrations, rows.map(i128::from));
            let on_their_way = i128::from(m.on_their_way);
            add(&mut stock.minutes, [m.provider.into(), m.crm.into(), on_their_way, m.unmatched.into()]);
        }
        for (_, topic, _) in bridge.standing.notes() {
            *stock.troubles.entry(topic.name()).or_default() += 1;
        }
        Ok(stock)
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
