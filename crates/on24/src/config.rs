use webinar_bridge_domain::time::SignedDuration;

/// How ON24 is spoken to, for all accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other")]
pub struct On24Settings {
    /// Whether fields that the event's registration page requires are required of the CRM too. If not, one mandatory
    /// question on that page does not keep everybody out.
    pub honor_required: bool,
    /// Whether values must be on the option lists of the registration page.
    pub honor_validation: bool,
    /// Whether ON24 may send the person confirmations and reminders. Always said: the documented defaults differ.
    pub event_email: bool,
    /// Whether registering somebody also restores them.
    pub restore: Restore,
    /// Whether an account's address may be plain http on another machine; on this one it may be anyway. For sandboxes.
    pub plain_http: bool,
    /// How late a request may land after its answer was given up.
    pub landing: SignedDuration,
    /// How old lists of registrants may be.
    pub read_lag: SignedDuration,
    /// Whether calls begin at the pace that ON24 publishes, rather than as fast as they go.
    pub published_pace: bool,
}

impl Default for On24Settings {
    fn default() -> Self {
        Self {
            honor_required: false,
            honor_validation: false,
            event_email: false,
            restore: Restore::Always,
            plain_http: false,
            landing: SignedDuration::from_mins(10),
            read_lag: SignedDuration::from_mins(15),
            published_pace: true,
        }
    }
}

/// Whether a registration is sent with the word that restores a person who had cancelled (rule O6).
///
/// ON24 does not say what that word does to somebody it has never seen. Without it, somebody who comes back may stay
/// deleted, and the answer would not show it; with it, the worst is a refusal that says there is nobody to restore.
/// A refusal can be seen and mended, a silent loss cannot: the word is sent. See `Registrar::register` here for what
/// follows such a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restore {
    /// With every registration.
    Always,
    /// Never: who was cancelled stays so until restored at ON24 by hand.
    Never,
}
