//! The bridge: all flows over one world.

use std::sync::Arc;

use crate::flow::{
    Answering, Base, Deliver, Desk, Doorkeeper, Keyholder, Metrics, Observe, Policies, Ports, Standing,
    Steward, Tasks,
};

/// All flows over one world. Cheap to clone; clones are the same bridge.
#[derive(Clone)]
pub struct Bridge {
    /// Follows the CRM.
    pub observe: Observe,
    /// Brings registrations to the provider.
    pub deliver: Deliver,
    /// Tells the CRM what became of them.
    pub answer: Answering,
    /// Brings attendance home.
    pub metrics: Metrics,
    /// Compares with the provider, and releases what was held.
    pub tasks: Tasks,
    /// Walks organizations through their integration.
    pub steward: Steward,
    /// Opens secrets.
    pub keyholder: Arc<Keyholder>,
    /// Listens at the doors of CRMs.
    pub doorkeeper: Doorkeeper,
    /// Answers people's questions.
    pub desk: Desk,
    /// What keeps organizations from working just now.
    pub standing: Arc<Standing>,
    ports: Arc<Ports>,
}

impl Bridge {
    /// A bridge over `ports`. `keyholder` is the one that the adapters among them ask for credentials.
    pub fn new(ports: Ports, keyholder: Arc<Keyholder>, policies: Policies) -> Self {
        let ports = Arc::new(ports);
        let base = Base {
            ports: Arc::clone(&ports),
            policies: Arc::new(policies),
            standing: Arc::default(),
            keyholder: keyholder.clone(),
        };
        Self {
            observe: Observe::new(base.clone()),
            deliver: Deliver::new(base.clone()),
            answer: Answering::new(base.clone()),
            metrics: Metrics::new(base.clone()),
            tasks: Tasks::new(base.clone()),
            steward: Steward::new(base.clone()),
            doorkeeper: Doorkeeper::new(base.clone()),
            desk: Desk::new(base.clone()),
            standing: base.standing,
            keyholder,
            ports,
        }
    }

    /// The world it works in.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }
}
