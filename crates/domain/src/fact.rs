//! Facts: what happened, stored in the same transaction as the state it explains.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{OrganizationId, WebinarId};
use crate::person::EmailKey;
use crate::time::Timestamp;

/// Something that a person could see changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Whose it is.
    pub organization: OrganizationId,
    /// What it is about.
    pub subject: Subject,
    /// What happened.
    pub kind: FactKind,
    /// When.
    pub at: Timestamp,
}

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// One registration.
    Registration {
        /// At which webinar.
        webinar: WebinarId,
        /// Of whom.
        person: EmailKey,
    },
    /// A webinar's metrics.
    Webinar(WebinarId),
    /// The organization itself.
    Organization,
    /// One of its credentials.
    Credential,
}

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// The names of all facts; the names are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum FactKind { $($(#[$doc])* $name),+ }

        impl FactKind {
            /// Every fact there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The fact's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// The fact of that name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }
        }
    };
}

facts! {
    /// The CRM's word on a registration changed.
    RegistrationObserved,
    /// A call was opened: journalled, about to be sent.
    AttemptOpened,
    /// The provider has the person.
    RegistrationAdmitted,
    /// The provider has the person's newer details.
    RegistrationAmended,
    /// The person is no longer registered at the provider.
    RegistrationCancelled,
    /// The provider forgot the person.
    RegistrationForgotten,
    /// The person to amend was not there.
    FoundMissing,
    /// Stopped, with a cause.
    RegistrationHeld,
    /// To be tried again later.
    AttemptDeferred,
    /// A call may or may not have happened.
    OutcomeUnknown,
    /// An answer came after its lease was gone.
    AnswerStrayed,
    /// The provider has something else than what was known.
    DriftFound,
    /// A removal was stopped because too many people vanished at once.
    CancelBraked,
    /// Released by a person.
    RegistrationReleased,
    /// The person is to be erased.
    ErasureBegun,
    /// The person is erased.
    RegistrationErased,
    /// The CRM was told the outcome.
    AnswerWritten,
    /// Too many people vanished from a webinar at once: from now on they are held.
    BrakeTripped,
    /// A person said that so many vanishings are meant.
    BrakeApproved,
    /// A webinar was compared with the provider's list.
    WebinarReconciled,
    /// A person asked for held registrations to be released.
    ReleaseAsked,
    /// The release came to its end.
    ReleaseCompleted,
    /// Terms were accepted.
    TermsAccepted,
    /// Newer terms came out.
    TermsSuperseded,
    /// The organization is at work.
    IntegrationActivated,
    /// No new calls; running ones end.
    DrainingBegun,
    /// The organization is to be removed.
    RemovalBegun,
    /// What follows the draining changed.
    DrainingRedirected,
    /// The last running call ended.
    IntegrationDrained,
    /// A credential was proven or removed while terms are awaited.
    CredentialNoted,
    /// The organization's data key is destroyed.
    OrganizationErased,
    /// A credential was entered.
    CredentialEntered,
    /// The provider accepted a credential.
    CredentialProven,
    /// The provider did not accept a credential; it is out of use.
    CredentialRefused,
    /// A newer credential is being tried beside the current one.
    RotationBegun,
    /// The newer credential took over.
    RotationCompleted,
    /// The newer credential was not accepted; the current one stays.
    RotationAbandoned,
    /// The current credential died while a newer one waited.
    RotationForced,
    /// A credential was not accepted; it is tried again.
    CredentialSuspected,
    /// A credential was long without a success.
    CredentialIdle,
    /// An envelope was sealed again under a newer vault key.
    EnvelopeResealed,
    /// A credential was removed.
    CredentialRevoked,
    /// When a webinar's attendance is asked for was decided.
    SyncPlanned,
    /// A page of attendance was pulled.
    MetricsPulled,
    /// Nothing new in the attendance.
    MetricsUnchanged,
    /// Attendance was written to the CRM.
    MetricsUpserted,
    /// A pull or write is tried again later.
    SyncDeferred,
    /// Pulling or writing stopped, with a cause.
    SyncSuspended,
    /// Pulling or writing goes on.
    SyncResumed,
    /// The archive is closed and settled.
    SyncClosed,
    /// The webinar is gone; what is in hand still goes home.
    SyncCurtailed,
}

impl fmt::Display for FactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a transition did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<S> {
    /// Something a person could see changed: exactly one fact.
    Moved {
        /// The state from now on.
        next: S,
        /// What happened.
        fact: FactKind,
    },
    /// Only bookkeeping changed: no fact, or every poll would write one.
    Noted {
        /// The state from now on.
        next: S,
    },
    /// Nothing changed: counted, not stored.
    Ignored(Why),
}

/// Why an input changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Not newer than what is known.
    Stale,
    /// The person is erased, or being erased.
    Erased,
    /// A call is out; its end decides.
    InFlight,
    /// It is already so.
    AlreadySo,
    /// It does not concern the state as it is.
    NotConcerned,
}

/// An input that its state has no answer to: a mistake of the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is not allowed in state `{state}`")]
pub struct NotAllowed {
    /// The state's name.
    pub state: &'static str,
    /// The input's name.
    pub input: &'static str,
}
