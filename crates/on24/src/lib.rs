//! ON24 as a webinar provider.
//!
//! Its API has no codes, only words and statuses, and the two do not always agree with its documentation: what each
//! refusal means stands in one table. Whatever is read is read leniently; a write counts as done only if the answer
//! is about the very person.

#![warn(missing_docs)]

mod account;
mod attendance;
mod call;
mod config;
mod dto;
mod newcomers;
mod refusal;
mod registrar;
mod said;
mod secret;
mod translate;

use core::fmt;
use std::sync::Arc;

use webinar_bridge_domain::port::{Clock, CredentialProvider};
use webinar_bridge_transport::HttpClient;

pub use config::{On24Settings, Restore};
pub use secret::{SecretFault, check_secret, secret};

use newcomers::Newcomers;

/// ON24's side of the provider's ports. It holds no secret: it asks for the one in use before each call.
pub struct On24 {
    settings: On24Settings,
    client: HttpClient,
    credentials: Arc<dyn CredentialProvider>,
    clock: Arc<dyn Clock>,
    newcomers: Newcomers,
}

/// ON24, with these settings.
pub fn provider(
    settings: &On24Settings,
    client: HttpClient,
    credentials: Arc<dyn CredentialProvider>,
    clock: Arc<dyn Clock>,
) -> On24 {
    On24 { settings: settings.clone(), client, credentials, clock, newcomers: Newcomers::default() }
}

impl fmt::Debug for On24 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("On24").field("settings", &self.settings).finish_non_exhaustive()
    }
}
