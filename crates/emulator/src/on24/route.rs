//! Every operation of ON24, one row each, and which of them a request is.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use http::Method;
use percent_encoding::percent_decode_str;

use crate::wire::Call;

use super::asked::Handler;
use super::reading::Reading;
use super::refusal::Refusal;
use super::settings::Settings;
use super::words::Words;
use super::{erasure, everywhere, helpers, library, management, reads, registration, types, zones};

/// The name of everything that is no operation.
pub(super) const OTHER: &str = "other";

/// More segments than any path has.
const SEGMENTS: usize = 8;

/// The methods that ON24 knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    fn of(method: &Method) -> Option<Self> {
        Some(match *method {
            Method::GET => Self::Get,
            Method::POST => Self::Post,
            Method::PUT => Self::Put,
            Method::PATCH => Self::Patch,
            Method::DELETE => Self::Delete,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What a token can be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Registration,
    AccountAnalytics,
    EventAnalytics,
    Helpers,
    EventManagement,
}

impl Group {
    pub(super) const ALL: [Self; 5] = [
        Self::Registration,
        Self::AccountAnalytics,
        Self::EventAnalytics,
        Self::Helpers,
        Self::EventManagement,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::AccountAnalytics => "account_analytics",
            Self::EventAnalytics => "event_analytics",
            Self::Helpers => "helpers",
            Self::EventManagement => "event_management",
        }
    }
}

/// One operation.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) verb: Verb,
    /// Behind `/v2/client/{id}`; `{…}` stands for any one segment.
    pub(super) path: &'static [&'static str],
    /// What weather rules and call counts call it; also the key of its quota.
    pub(super) operation: &'static str,
    pub(super) group: Group,
    /// How many calls a minute ON24 allows.
    pub(super) per_minute: u32,
    /// How its refusals are put.
    pub(super) words: Words,
    /// It works on events that are switched off, too.
    pub(super) even_inactive: bool,
    /// It needs the account to be of the Elite tier.
    pub(super) elite: bool,
    pub(super) handler: Handler,
}

impl Route {
    const fn new(
        verb: Verb,
        path: &'static [&'static str],
        operation: &'static str,
        (group, per_minute): (Group, u32),
        handler: Handler,
    ) -> Self {
        let words = Words::Usual;
        Self { verb, path, operation, group, per_minute, words, even_inactive: false, elite: false, handler }
    }

    const fn saying(self, words: Words) -> Self {
        Self { words, ..self }
    }

    const fn even_inactive(self) -> Self {
        Self { even_inactive: true, ..self }
    }

    const fn elite(self) -> Self {
        Self { elite: true, ..self }
    }

    fn fits(&self, segments: &[Cow<'_, str>]) -> bool {
        let parts = self.path.iter().zip(segments);
        self.path.len() == segments.len()
            && parts.into_iter().all(|(part, segment)| part.starts_with('{') || *part == segment.as_ref())
    }
}

use Group::{AccountAnalytics, EventAnalytics, EventManagement, Helpers, Registration};
use Verb::{Delete, Get, Patch, Post, Put};

const EVENT: &str = "{event}";
const EMAIL: &str = "{email}";

/// A reference list of the account.
const fn helper(path: &'static [&'static str], operation: &'static str, handler: Handler) -> Route {
    Route::new(Get, path, operation, (Helpers, 30), handler).saying(Words::Helper).elite()
}

#[rustfmt::skip] // A table reads by its columns.
static ROUTES: &[Route] = &[
    Route::new(Post, &["event", EVENT, "registrant"], "register", (Registration, 1000), registration::register).saying(Words::EventId),
    Route::new(Patch, &["event", EVENT, "registrant"], "amend", (Registration, 1000), registration::amend).saying(Words::EventId),
    Route::new(Patch, &["registrant", EMAIL], "amend_everywhere", (Registration, 30), everywhere::amend).saying(Words::Erasure),
    Route::new(Post, &["forget"], "forget", (Registration, 30), erasure::forget).saying(Words::Erasure),
    Route::new(Post, &["forgetall"], "forget_everybody", (Registration, 30), erasure::forget_everybody).saying(Words::Erasure),
    Route::new(Post, &["event", EVENT, "forgetall"], "forget_event", (Registration, 30), erasure::forget_event).even_inactive(),

    Route::new(Get, &["event", EVENT], "event", (EventAnalytics, 1000), reads::event),
    Route::new(Get, &["event", EVENT, "registrant"], "registrants", (EventAnalytics, 100), reads::registrants),
    Route::new(Get, &["event", EVENT, "attendee"], "attendees", (EventAnalytics, 100), reads::attendees),
    Route::new(Get, &["event", EVENT, "attendeesession"], "sessions", (EventAnalytics, 30), reads::sessions),
    Route::new(Get, &["event", EVENT, "poll"], "polls", (EventAnalytics, 60), reads::polls),
    Route::new(Get, &["event", EVENT, "survey"], "surveys", (EventAnalytics, 60), reads::surveys),
    Route::new(Get, &["event", EVENT, "resource"], "resources", (EventAnalytics, 60), reads::resources),
    Route::new(Get, &["event", EVENT, "cta"], "ctas", (EventAnalytics, 30), reads::calls_to_action).saying(Words::EventId),
    Route::new(Get, &["event", EVENT, "groupchat"], "group_chat", (EventAnalytics, 60), reads::group_chat).saying(Words::EventId),

    Route::new(Get, &["event", EVENT, "presenter"], "event_presenters", (EventAnalytics, 30), reads::event_presenters),
    Route::new(Get, &["event", EVENT, "presenterchat"], "presenter_chat", (EventAnalytics, 30), reads::presenter_chat),
    Route::new(Get, &["event", EVENT, "email"], "mails", (EventAnalytics, 30), reads::mails).saying(Words::EventId),
    Route::new(Get, &["event", EVENT, "emailstatistics"], "mail_statistics", (EventAnalytics, 30), reads::mail_statistics),
    Route::new(Get, &["event", EVENT, "calendarreminder"], "calendar_reminder", (EventAnalytics, 30), reads::calendar_reminder),
    Route::new(Get, &["event", EVENT, "certifications"], "certifications", (EventAnalytics, 30), reads::certifications),

    Route::new(Get, &[], "subclients", (AccountAnalytics, 30), |_, asked| Ok(asked.account.tree().into())),
    Route::new(Get, &["event"], "events", (AccountAnalytics, 30), reads::events),
    Route::new(Get, &["registrant"], "client_registrants", (AccountAnalytics, 100), reads::client_registrants),
    Route::new(Get, &["registrant", EMAIL], "registrant", (AccountAnalytics, 100), reads::registrant),
    Route::new(Get, &["registrant", EMAIL, "allevents"], "registrant_events", (AccountAnalytics, 100), reads::registrant_events),
    Route::new(Get, &["attendee"], "client_attendees", (AccountAnalytics, 100), reads::client_attendees),
    Route::new(Get, &["attendee", EMAIL], "attendee", (AccountAnalytics, 100), reads::attendee),
    Route::new(Get, &["attendee", EMAIL, "allevents"], "attendee_events", (AccountAnalytics, 100), reads::attendee_events),
    Route::new(Get, &["lead"], "leads", (AccountAnalytics, 30), reads::leads),
    Route::new(Get, &["lead", EMAIL], "lead", (AccountAnalytics, 30), reads::lead),
    Route::new(Get, &["userquestions"], "user_questions", (AccountAnalytics, 30), reads::user_questions),
    Route::new(Get, &["presenter"], "presenters", (AccountAnalytics, 30), reads::presenters),
    Route::new(Get, &["engagedaccount"], "engaged_accounts", (AccountAnalytics, 30), reads::engaged_accounts),
    Route::new(Get, &["surveylibrary"], "survey_library", (AccountAnalytics, 30), |_, _| Ok(library::survey_questions().into())),

    Route::new(Post, &["event"], "create_event", (EventManagement, 10), management::create),
    Route::new(Put, &["event", EVENT], "update_event", (EventManagement, 60), management::update).even_inactive(),
    Route::new(Delete, &["event", EVENT], "delete_event", (EventManagement, 30), management::delete).saying(Words::Deletion).even_inactive(),

    helper(&["event", EVENT, "regfield"], "registration_fields", reads::registration_fields).saying(Words::RegistrationFields).even_inactive(),
    helper(&["languages"], "languages", |_, _| Ok(types::languages().into())),
    helper(&["timezones"], "time_zones", |_, _| Ok(zones::list().into())),
    helper(&["eventtypes"], "event_types", |_, _| Ok(types::list().into())),
    helper(&["eventprofile"], "event_profiles", |_, _| Ok(helpers::event_profiles().into())),
    helper(&["eventmanager"], "event_managers", |_, _| Ok(helpers::contacts("eventmanagers", "adminid", false).into())),
    helper(&["accountmanager"], "account_managers", |_, _| Ok(helpers::contacts("accountmanagers", "accountmangerid", true).into())),
    helper(&["salesrep"], "sales_reps", |_, _| Ok(helpers::contacts("salesreps", "salesrepid", false).into())),
    helper(&["signalrep"], "signal_reps", |_, _| Ok(helpers::contacts("signalreps", "signalrepid", false).into())),
    helper(&["technicalrep"], "technical_reps", |_, _| Ok(helpers::technical_contacts().into())),
    Route::new(Get, &["customaccounttag"], "account_tags", (Helpers, 30), |_, _| Ok(helpers::account_tags().into())),
    Route::new(Get, &["tokens"], "replacement_tokens", (Helpers, 30), |_, asked| Ok(library::replacement_tokens(&Reading::of(asked)).into())),
    Route::new(Get, &["users"], "users", (Helpers, 30), |_, asked| Ok(library::users(&Reading::of(asked)).into())),
];

/// The names that weather rules and call counts use.
pub(super) fn operations() -> &'static [&'static str] {
    static NAMES: LazyLock<Vec<&'static str>> =
        LazyLock::new(|| ROUTES.iter().map(|route| route.operation).chain([OTHER]).collect());
    &NAMES
}

/// The operation of that name.
pub(super) fn named(operation: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.operation == operation)
}

/// What is asked for, and of which client. Ids are kept as they stand in the path.
pub(super) struct Target<'a> {
    pub(super) route: &'static Route,
    pub(super) client: Cow<'a, str>,
    /// What stands in the path for `{event}` or `{email}`; empty when it has neither.
    pub(super) subject: Cow<'a, str>,
}

/// A request that is no operation.
pub(super) struct Stray {
    /// Those that the path knows, if it is one.
    methods: BTreeSet<Verb>,
}

impl<'a> Target<'a> {
    /// Which operation the call is.
    pub(super) fn of(call: &'a Call) -> Result<Self, Stray> {
        let (mut segments, mut count) = ([const { Cow::Borrowed("") }; SEGMENTS], 0);
        for segment in call.path.split('/').filter(|segment| !segment.is_empty()) {
            let place = segments.get_mut(count).ok_or(Stray { methods: BTreeSet::new() })?;
            *place = percent_decode_str(segment).decode_utf8_lossy();
            count += 1;
        }
        let [version, word, client, rest @ ..] = &segments[..count] else { return Err(Stray::nowhere()) };
        if version != "v2" || word != "client" {
            return Err(Stray::nowhere());
        }
        let verb = Verb::of(&call.method);
        let route = ROUTES.iter().find(|route| Some(route.verb) == verb && route.fits(rest));
        let route = route.ok_or_else(|| Stray::on(rest))?;
        let variable = route.path.iter().position(|part| part.starts_with('{'));
        let subject = variable.and_then(|position| rest.get(position)).cloned().unwrap_or_default();
        Ok(Self { route, client: client.clone(), subject })
    }
}

impl Route {
    /// Whether the path names an event.
    pub(super) fn names_event(&self) -> bool {
        self.path.get(1).is_some_and(|part| *part == EVENT)
    }
}

impl Stray {
    pub(super) fn refusal(self, settings: &Settings) -> Refusal {
        if self.methods.is_empty() {
            return Refusal::NoSuchPath;
        }
        Refusal::WrongMethod { methods: self.methods, status: settings.wrong_method_status.into() }
    }

    fn nowhere() -> Self {
        Self { methods: BTreeSet::new() }
    }

    fn on(path: &[Cow<'_, str>]) -> Self {
        let fitting = ROUTES.iter().filter(|route| route.fits(path));
        Self { methods: fitting.map(|route| route.verb).collect() }
    }
}
