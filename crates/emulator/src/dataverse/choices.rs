//! The choice lists of event management. Yes and No are not one list: see the two at the end.

use super::schema::Choice;

pub(super) const FORMATS: &[Choice] =
    &[(100_000_001, "On site"), (100_000_002, "Webinar"), (100_000_003, "Hybrid")];

pub(super) const EVENT_TYPES: &[Choice] = &[
    (100_000_001, "Executive briefing"),
    (100_000_002, "Conference"),
    (100_000_003, "Demonstration"),
    (100_000_004, "Training"),
    (100_000_005, "Webcast"),
];

pub(super) const PUBLISH_STATUSES: &[Choice] = &[
    (100_000_000, "Draft"),
    (100_000_001, "Ready to go live"),
    (100_000_002, "In progress"),
    (100_000_003, "Live"),
    (100_000_004, "Cancelled"),
    (100_000_005, "Going live"),
];

pub(super) const LANGUAGES: &[Choice] = &[
    (100_000_000, "English"),
    (100_000_001, "French"),
    (100_000_002, "German"),
    (100_000_003, "Spanish"),
    (100_000_004, "Italian"),
    (100_000_005, "Russian"),
    (100_000_006, "Dutch"),
    (100_000_007, "Turkish"),
    (100_000_008, "Portuguese"),
    (100_000_009, "Chinese (Simplified)"),
    (100_000_010, "Japanese"),
    (100_000_011, "Korean"),
    (100_000_012, "Hebrew"),
    (100_000_013, "Chinese (Traditional)"),
];

pub(super) const STREAMING_PROVIDERS: &[Choice] = &[
    (100_000_001, "Teams Live Events"),
    (100_000_002, "Teams Meetings"),
    (100_000_003, "Other"),
    (100_000_004, "Teams Webinars"),
    (100_000_005, "Teams Virtual Events"),
    (100_000_006, "Teams Town Hall"),
];

pub(super) const CREATION_SOURCES: &[Choice] = &[(100_000_001, "Dynamics"), (100_000_002, "Microsoft Teams")];

pub(super) const SOURCE_SYSTEMS: &[Choice] =
    &[(100_000_001, "Outbound marketing"), (100_000_002, "Real-time journeys")];

pub(super) const PUBLISHING_STATES: &[Choice] = &[
    (100_000_000, "Pending"),
    (100_000_001, "Published"),
    (100_000_002, "Parent webinar failed"),
    (100_000_003, "Failed to publish"),
    (100_000_004, "Webinar provider error"),
];

pub(super) const REGISTRATION_STATUSES: &[Choice] = &[(100_000_000, "New"), (100_000_001, "Ready")];

pub(super) const ROLES: &[Choice] =
    &[(100_000_000, "Attendee"), (100_000_001, "Journalist"), (100_000_002, "Other")];

pub(super) const COMPANY_SIZES: &[Choice] = &[
    (100_000_000, "50 or less"),
    (100_000_001, "51 to 100"),
    (100_000_002, "101 to 250"),
    (100_000_003, "251 to 500"),
    (100_000_004, "501 to 1000"),
    (100_000_005, "1001 to 2500"),
    (100_000_006, "2501 to 5000"),
    (100_000_007, "5001 to 10000"),
    (100_000_008, "10001 or more"),
];

pub(super) const CHECK_IN_TYPES: &[Choice] =
    &[(100_000_000, "Session check-in"), (100_000_001, "Event check-in")];

pub(super) const AUTHORIZED: &[Choice] =
    &[(100_000_000, "Yes"), (100_000_001, "No"), (100_000_002, "Token expired")];

pub(super) const SERVICE_STATUSES: &[Choice] = &[
    (100_000_000, "Healthy"),
    (100_000_001, "Not authenticated"),
    (100_000_002, "Forbidden"),
    (100_000_003, "Unhealthy"),
];

/// The list whose No comes first, as registrations use it.
pub(super) const NO_OR_YES: &[Choice] = &[(100_000_001, "No"), (100_000_002, "Yes")];

/// The list whose Yes comes first, as events and configurations use it.
pub(super) const YES_OR_NO: &[Choice] = &[(100_000_001, "Yes"), (100_000_002, "No")];
