//! A run, from its beginning to its end.

use std::time::Duration;

use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::credential::Purpose;
use webinar_bridge_domain::flow::Policies;
use webinar_bridge_domain::id::{CrmRecordId, OrganizationId};
use webinar_bridge_domain::memory::MemoryStore;
use webinar_bridge_domain::port::{Clock as _, CrmRow, CrmTable, HeldFilter, Hint, Intake as _, OpenSecret};
use webinar_bridge_domain::registration::BrakePolicy;
use webinar_bridge_domain::task::{Job, Task};
use webinar_bridge_domain::time::SignedDuration;

use super::air::{Air, Figures, START};
use super::audit::Auditor;
use super::crm::Crm;
use super::people::People;
use super::process::{Process, Surroundings, overseer};
use super::provider::{Provider, Trouble};

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its seed.
    pub seed: u64,
    /// A hash of everything that happened, in order and with its time.
    pub trace: u64,
    /// How often what happened.
    pub figures: Figures,
    /// How much time passed in it.
    pub simulated: Duration,
    /// What was wrong, with the last of what happened before it.
    pub violation: Option<(String, Vec<String>)>,
}

const HOUR: u64 = 3_600;
/// When people stop changing things, and the weather clears.
const CLEARS: u64 = 2 * HOUR + 45 * 60;
/// When the webinars start and end.
const STARTS: u64 = 7 * HOUR;
const ENDS: u64 = 8 * HOUR;
/// Until when it storms again.
const STORMS_AGAIN_UNTIL: u64 = 14 * HOUR;
/// When every minute must be home.
const LAST: u64 = 60 * HOUR;

/// Runs one seed to its end. `kept`: how many of the last happenings a violation comes with.
pub fn run(seed: u64, kept: usize) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let air = Air::new(seed, kept);
        let outcome = Box::pin(World::begin(&air).await.story()).await;
        let (trace, last) = air.record();
        let violation = outcome.err().map(|what| (what, last));
        Run { seed, trace, figures: air.figures(), simulated: air.age(), violation }
    })
}

struct World {
    around: Surroundings,
    overseer: Bridge,
    organizations: Vec<OrganizationId>,
    people: Vec<People>,
    processes: Vec<Option<Box<Process>>>,
}

impl World {
    async fn begin(air: &Air) -> Self {
        air.storm(false);
        let mut policies = Policies::default();
        policies.brake = BrakePolicy { few: 4, percent: 10, ..policies.brake };
        let around = Surroundings {
            air: air.clone(),
            store: MemoryStore::new(),
            crm: Crm::new(air),
            provider: Provider::new(air),
            policies,
        };
        let overseer = overseer(&around);
        let at = |seconds: u64| START + SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(0));
        around.provider.plan(at(STARTS), at(ENDS));
        let (mut organizations, mut people) = (vec![], vec![]);
        for name in ["Contoso", "Fabrikam"] {
            let id = overseer.steward.found(name, None).await.expect("a new organization").id;
            people.push(People::plan(air, &around.crm, id, (at(STARTS), at(ENDS))));
            overseer.steward.accept_terms(id, overseer.steward.terms()).await.expect("the terms in force");
            for purpose in [Purpose::Crm, Purpose::Provider] {
                let secret = OpenSecret::new("secret".to_owned().into());
                overseer.steward.enter(id, purpose, &secret).await.expect("a secret");
            }
            organizations.push(id);
        }
        let replicas = if air.below(2) == 0 { 1 } else { 2 };
        let processes = (0..replicas).map(|_| Some(Box::new(Process::start(&around)))).collect();
        air.storm(true);
        Self { around, overseer, organizations, people, processes }
    }

    fn air(&self) -> &Air {
        &self.around.air
    }

    async fn story(mut self) -> Result<(), String> {
        self.storm_until(CLEARS, true).await?;
        self.clears();
        self.until(STARTS - 60, Self::registrations_are_right).await?;
        self.pass_until(ENDS).await;
        self.air().storm(true);
        self.storm_until(STORMS_AGAIN_UNTIL, false).await?;
        self.clears();
        self.until(LAST, Self::minutes_are_home).await
    }

    async fn pass_until(&self, seconds: u64) {
        let left = Duration::from_secs(seconds).saturating_sub(self.air().age());
        self.air().pass(left).await;
    }

    /// People work, and processes suffer.
    async fn storm_until(&mut self, end: u64, busy: bool) -> Result<(), String> {
        while self.air().age() < Duration::from_secs(end) {
            let wait = self.air().between(1_000, if busy { 90_000 } else { 600_000 });
            self.air().pass(Duration::from_millis(wait)).await;
            for n in 0..self.people.len() {
                self.somebody_works(n, busy).await;
            }
            self.something_breaks().await;
            self.look().await?;
        }
        Ok(())
    }

    async fn somebody_works(&mut self, n: usize, busy: bool) {
        let Some(people) = self.people.get_mut(n) else { return };
        if !busy {
            people.rename_somebody();
            return;
        }
        let organization = people.organization;
        if let Some(row) = people.do_something() {
            self.tells(organization, row).await;
        }
    }

    /// A webhook, now and then twice, now and then of a row that is not there.
    async fn tells(&self, organization: OrganizationId, row: CrmRecordId) {
        let (table, id) = match self.air().below(6) {
            0 => return,
            1 => (
                CrmTable::Registrations,
                uuid::Uuid::from_u128(u128::from(self.air().below(u64::MAX))).into(),
            ),
            _ => (CrmTable::Registrations, row),
        };
        let hint = Hint { organization, row: CrmRow { table, id } };
        // Straight into the store: it is the door that a dead process does not keep.
        self.around.store.hint(&[hint, hint]).await.expect("the memory is never full");
        self.processes.iter().flatten().for_each(|process| process.ring());
    }

    async fn something_breaks(&mut self) {
        if self.air().strikes("spells", 25) {
            self.spell();
        }
        self.somebody_meddles();
        let n = usize::try_from(self.air().below(self.processes.len() as u64)).unwrap_or(0);
        if self.air().strikes("kills", 12) {
            if self.around.provider.out() > 0 {
                self.air().count("kills with calls out");
            }
            if let Some(process) = self.processes.get_mut(n).and_then(Option::take) {
                process.life.kill();
            }
            self.air().note(format_args!("process {n} is killed"));
        } else if self.air().strikes("freezes", 40) {
            self.freeze(n);
        } else if self.air().strikes("stops", 40)
            && let Some(process) = self.processes.get_mut(n).and_then(Option::take)
        {
            self.air().note(format_args!("process {n} is asked to end"));
            process.end(&self.around.air).await;
        }
        self.somebody_starts();
    }

    /// A peer of an organization is in trouble for a while.
    fn spell(&self) {
        let troubles = [Trouble::Hangs, Trouble::Down, Trouble::Quota, Trouble::Unauthorised];
        let (Some(trouble), Some(organization)) =
            (self.air().pick(&troubles).copied(), self.air().pick(&self.organizations).copied())
        else {
            return;
        };
        let minutes = i64::try_from(self.air().between(1, 20)).unwrap_or(1);
        self.air().note(format_args!("{organization:?} {trouble:?} for {minutes} min"));
        self.around.provider.trouble(
            organization,
            trouble,
            self.air().now() + SignedDuration::from_mins(minutes),
        );
    }

    /// Somebody changes a registrant past the bridge, which only the provider's list shows.
    fn somebody_meddles(&self) {
        let starts = self.air().age() >= Duration::from_secs(CLEARS);
        if !starts
            && self.air().below(40) == 0
            && let Some(organization) = self.air().pick(&self.organizations).copied()
            && let Some(who) = self.around.provider.meddle(organization)
        {
            self.air().count("registrants meddled with");
            self.air().note(format_args!("somebody meddles with {who}"));
        }
    }

    /// As long as a lease and longer, and then it goes on as if nothing had been.
    fn freeze(&self, n: usize) {
        let Some(process) = self.processes.get(n).and_then(Option::as_ref) else { return };
        let (life, air) = (process.life.clone(), self.air().clone());
        life.freeze(true);
        let seconds = air.between(20, 400);
        air.note(format_args!("process {n} is frozen for {seconds} s"));
        tokio::spawn(async move {
            air.pass(Duration::from_secs(seconds)).await;
            life.freeze(false);
        });
    }

    /// What is not there is started again, mostly at once.
    fn somebody_starts(&mut self) {
        for n in 0..self.processes.len() {
            if self.processes.get(n).is_some_and(Option::is_none) && self.air().below(3) > 0 {
                self.start(n);
            }
        }
    }

    fn start(&mut self, n: usize) {
        let process = Box::new(Process::start(&self.around));
        if let Some(place) = self.processes.get_mut(n) {
            *place = Some(process);
        }
        self.air().note(format_args!("process {n} starts"));
    }

    /// The weather clears, everybody is started, and what was held by mistake is released.
    fn clears(&mut self) {
        self.air().note(format_args!("it clears"));
        self.air().storm(false);
        self.around.provider.untroubled();
        for n in 0..self.processes.len() {
            match self.processes.get(n).and_then(Option::as_ref) {
                Some(process) => process.life.freeze(false),
                None => self.start(n),
            }
        }
    }

    /// What must be true at every moment.
    async fn look(&self) -> Result<(), String> {
        if self.processes.iter().flatten().any(|process| process.gave_up()) {
            return Err("a process ended itself".to_owned());
        }
        for organization in &self.organizations {
            self.auditor(*organization).balance().await?;
        }
        Ok(())
    }

    fn auditor(&self, organization: OrganizationId) -> Auditor<'_> {
        Auditor { around: &self.around, bridge: &self.overseer, organization }
    }

    /// Waits until everything is right, and says what is not if that takes too long.
    async fn until<F>(&self, end: u64, right: F) -> Result<(), String>
    where
        F: AsyncFn(&Self) -> Result<(), String>,
    {
        loop {
            self.air().pass(Duration::from_mins(1)).await;
            self.look().await?;
            self.release().await;
            self.reconcile().await;
            match right(self).await {
                Ok(()) => return Ok(()),
                Err(wrong) if self.air().age() >= Duration::from_secs(end) => return Err(wrong),
                Err(_) => {}
            }
        }
    }

    /// Says that whoever vanished was meant to, and has everything tried again that was given up.
    async fn release(&self) {
        for organization in &self.organizations {
            let brakes = self.overseer.desk.brakes(*organization).await.expect("the store works");
            for (webinar, _) in brakes {
                self.air().count("brakes approved");
                self.overseer.desk.approve_brake(*organization, webinar).await.expect("the store works");
            }
            for cause in ["exhausted", "unresolved", "poison", "invalid"] {
                let filter = HeldFilter { cause: Some(cause.to_owned()), ..HeldFilter::default() };
                self.release_held(*organization, filter).await;
            }
        }
        self.processes.iter().flatten().for_each(|process| process.ring());
    }

    /// Before the webinars start, asks now and then for the comparison that the night would bring.
    async fn reconcile(&self) {
        let minutes = self.air().age().as_secs() / 60;
        if minutes >= STARTS / 60 || !minutes.is_multiple_of(15) {
            return;
        }
        for organization in &self.organizations {
            let asked = self.overseer.desk.reconcile(*organization, None, false).await;
            if !asked.expect("the store works").is_empty() {
                self.air().count("comparisons asked for");
            }
        }
    }

    /// One release after the other, as a person would ask for them.
    async fn release_held(&self, organization: OrganizationId, filter: HeldFilter) {
        let desk = &self.overseer.desk;
        let tasks = desk.tasks(organization).await.expect("the store works");
        let runs = |task: &Task| matches!(task.job, Job::Release { .. }) && task.due.is_some();
        let held = desk.count(organization, &filter).await.expect("the store works");
        if held > 0 && !tasks.iter().any(runs) {
            self.air().count("releases");
            desk.release(organization, filter, "tried again".to_owned()).await.expect("the store works");
        }
    }

    async fn registrations_are_right(&self) -> Result<(), String> {
        for organization in &self.organizations {
            let there = self.auditor(*organization).registrations().await?;
            self.air().note(format_args!("{there} are there"));
        }
        Ok(())
    }

    async fn minutes_are_home(&self) -> Result<(), String> {
        for organization in &self.organizations {
            let auditor = self.auditor(*organization);
            let minutes = auditor.minutes().await?;
            auditor.registrations().await?;
            self.air().note(format_args!("{minutes} minutes are home"));
        }
        // After the last pull nothing is left to come.
        self.air().count("runs that came home");
        Ok(())
    }
}
