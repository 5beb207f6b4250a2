//! Mocks that answer as a world would.
//!
//! They are `mockall`'s mocks of the domain, programmed with a small world behind them, and they pass the same suites
//! as real adapters: whoever tests against them tests against something proven. Each field is a mock like any other,
//! so a test may add expectations of its own before it hands them on.

mod crm;
mod provider;

pub use crm::{CrmMocks, crm_in};
pub use provider::{ProviderMocks, provider_in};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Peer};

use crate::world::Weather;

/// A world that several mocks share.
struct Shared<T>(Arc<Mutex<T>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Shared<T> {
    fn new(world: T) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call, as the weather sees it.
#[derive(Clone, Copy)]
struct Call {
    peer: Peer,
    operation: &'static str,
    writes: bool,
}

impl Call {
    fn fault(self, kind: FaultKind) -> Fault {
        Fault::new(kind, self.peer, self.operation, Code::new("mock"))
    }

    /// Whether the call is taken at all.
    fn arrives(self, weather: Weather) -> Result<(), Fault> {
        match weather {
            Weather::Fails => Err(self.lost()),
            Weather::Throttles => Err(self.fault(FaultKind::Throttled { after: None })),
            Weather::Calm | Weather::DropsAnswers | Weather::Garbles => Ok(()),
        }
    }

    /// Whether the answer of a call that was taken comes back.
    fn returns(self, weather: Weather) -> Result<(), Fault> {
        match weather {
            Weather::DropsAnswers | Weather::Garbles => Err(self.lost()),
            Weather::Calm | Weather::Fails | Weather::Throttles => Ok(()),
        }
    }

    fn lost(self) -> Fault {
        self.fault(if self.writes { FaultKind::Ambiguous } else { FaultKind::Transient })
    }
}
