//! What every CRM's adapter promises, kept over an emulated organization.

#![expect(clippy::unwrap_used, reason = "a test's helpers are tests")]

mod account;
mod organization;
mod subject;

mod feed {
    webinar_bridge_contract::feed_suite!(crate::subject::DynamicsSubject::over_emulator().await);
}

mod answers {
    webinar_bridge_contract::answers_suite!(crate::subject::DynamicsSubject::over_emulator().await);
}

mod metrics {
    webinar_bridge_contract::metrics_suite!(crate::subject::DynamicsSubject::over_emulator().await);
}
