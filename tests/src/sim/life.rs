//! The life of a process, as everything it calls sees it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Clones are one life.
#[derive(Clone)]
pub(super) struct Life(Arc<Within>);

struct Within {
    state: Mutex<State>,
    /// Wakes in the order in which they came, so that a run can be repeated.
    changed: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Runs,
    Frozen,
    Dead,
}

impl Life {
    pub(super) fn new() -> Self {
        Self(Arc::new(Within { state: Mutex::new(State::Runs), changed: Notify::new() }))
    }

    fn state(&self) -> State {
        *self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, next: State) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state != State::Dead {
            *state = next;
        }
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// Returns while the process runs; waits while it is frozen; never returns once it is dead. Whatever the dead process
    /// would do next, it does not: it hangs here.
    pub(super) async fn breathe(&self) {
        loop {
            let changed = self.0.changed.notified();
            match self.state() {
                State::Runs => return,
                State::Dead => std::future::pending().await,
                State::Frozen => changed.await,
            }
        }
    }

    pub(super) fn kill(&self) {
        self.set(State::Dead);
    }

    /// `false`: it goes on.
    pub(super) fn freeze(&self, frozen: bool) {
        self.set(if frozen { State::Frozen } else { State::Runs });
    }
}
