//! What a request says about itself that an execution context passes on.

use uuid::Uuid;

use crate::wire::Call;

const BYPASS: &str = "mscrm.bypassbusinesslogicexecution";
const BYPASS_SYNCHRONOUS: &str = "mscrm.bypasscustompluginexecution";
const DUPLICATES: &str = "mscrm.suppressduplicatedetection";

/// One request, as far as its events tell of it.
#[derive(Clone, Debug)]
pub(in super::super) struct Circumstances {
    pub(super) request: Uuid,
    pub(super) correlation: Uuid,
    /// The text that the client left in the parameter `tag`.
    pub(super) tag: Option<String>,
    pub(super) suppress_duplicate_detection: bool,
    /// Whether it was one of the messages that are about several rows.
    pub(super) bulk: bool,
    pub(super) bypass: Bypass,
}

/// Which steps of the customer's own are to be passed over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bypass {
    pub(super) synchronous: bool,
    pub(super) asynchronous: bool,
}

impl Circumstances {
    /// Those of a request; `request` is what it is called where it brings no id of its own.
    pub(in super::super) fn of(call: &Call, request: Uuid) -> Self {
        let says_true =
            |name| call.header(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        let bypassed = |kind: &str| {
            call.header(BYPASS)
                .is_some_and(|kinds| kinds.split(',').any(|named| named.trim().eq_ignore_ascii_case(kind)))
        };
        let correlation = ["x-ms-correlation-request-id", "x-ms-correlation-id"];
        let correlation = correlation.iter().find_map(|name| call.header(name)?.trim().parse().ok());
        let tag = call.parameters().into_iter().find(|(name, _)| name == "tag").map(|(_, text)| text);
        Self {
            request,
            correlation: correlation.unwrap_or(request),
            tag,
            suppress_duplicate_detection: call.header(DUPLICATES).is_none() || says_true(DUPLICATES),
            bulk: call.path.contains("/Microsoft.Dynamics.CRM.") && call.path.ends_with("Multiple"),
            bypass: Bypass {
                synchronous: bypassed("CustomSync") || says_true(BYPASS_SYNCHRONOUS),
                asynchronous: bypassed("CustomAsync"),
            },
        }
    }
}
