//! When a key gets a new version by itself.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::Refusal;

/// A duration as it was written, in years, months, weeks and days.
#[derive(Clone, Debug)]
struct Period {
    written: String,
    span: Span,
    days: i64,
}

impl Period {
    fn read(text: &str) -> Option<Self> {
        let plain = text.starts_with('P') && !text.contains('T') && text.len() <= 32;
        let span: Span = text.parse().ok().filter(|_| plain)?;
        let days = i64::from(span.get_years()) * 365
            + i64::from(span.get_months()) * 30
            + i64::from(span.get_weeks()) * 7
            + i64::from(span.get_days());
        (days > 0).then(|| Self { written: text.to_owned(), span, days })
    }

    fn after(&self, seconds: i64) -> Option<i64> {
        moved(seconds, self.span)
    }

    fn before(&self, seconds: i64) -> Option<i64> {
        moved(seconds, -self.span)
    }
}

fn moved(seconds: i64, by: Span) -> Option<i64> {
    let time = Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC);
    time.checked_add(by).ok().map(|time| time.timestamp().as_second())
}

#[derive(Clone, Debug)]
enum Trigger {
    AfterCreate(Period),
    BeforeExpiry(Period),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Rotate,
    Notify,
}

/// The rotation policy of a key.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    actions: Vec<(Action, Trigger)>,
    expiry: Option<Period>,
    created: i64,
    updated: i64,
}

const SHORTEST_LIFE: i64 = 28;
const SHORTEST_TRIGGER: i64 = 7;

#[derive(Deserialize)]
struct Written {
    #[serde(rename = "lifetimeActions")]
    actions: Option<Vec<WrittenAction>>,
    attributes: Option<WrittenAttributes>,
}

#[derive(Deserialize)]
struct WrittenAttributes {
    #[serde(rename = "expiryTime")]
    expiry: Option<String>,
}

#[derive(Deserialize)]
struct WrittenAction {
    trigger: WrittenTrigger,
    action: WrittenKind,
}

#[derive(Deserialize)]
struct WrittenTrigger {
    #[serde(rename = "timeAfterCreate")]
    after_create: Option<String>,
    #[serde(rename = "timeBeforeExpiry")]
    before_expiry: Option<String>,
}

#[derive(Deserialize)]
struct WrittenKind {
    #[serde(rename = "type")]
    kind: String,
}

impl Policy {
    /// What holds for a key whose owner has set nothing.
    pub(super) fn usual(now: i64) -> Self {
        let month = Period { written: "P30D".to_owned(), span: Span::new().days(30), days: 30 };
        let actions = vec![(Action::Notify, Trigger::BeforeExpiry(month))];
        Self { actions, expiry: None, created: now, updated: now }
    }

    /// The policy of a body, in place of the one before.
    pub(super) fn read(body: &[u8], before: &Self, now: i64) -> Result<Self, Refusal> {
        let written: Written = serde_json::from_slice(body)
            .map_err(|_| Refusal::Parameter("The body is no rotation policy."))?;
        let expiry =
            written.attributes.and_then(|attributes| attributes.expiry).filter(|text| !text.is_empty());
        let expiry = expiry.map(|text| period(&text)).transpose()?;
        if expiry.as_ref().is_some_and(|expiry| expiry.days < SHORTEST_LIFE) {
            return Err(Refusal::Parameter("The expiryTime must be at least 28 days."));
        }
        let actions = written.actions.unwrap_or_default();
        let actions: Vec<_> =
            actions.iter().map(|action| action.read(expiry.as_ref())).collect::<Result<_, _>>()?;
        let count = |kind| actions.iter().filter(|(action, _)| *action == kind).count();
        if count(Action::Rotate) > 1 || count(Action::Notify) > 1 {
            return Err(Refusal::Parameter("There is at most one lifetime action of each type."));
        }
        let actions = if actions.is_empty() { Self::usual(now).actions } else { actions };
        Ok(Self { actions, expiry, created: before.created, updated: now })
    }

    /// When the next version is due, for a newest one with these times.
    pub(super) fn due(&self, created: i64, expires: Option<i64>) -> Option<i64> {
        let (_, trigger) = self.actions.iter().find(|(action, _)| *action == Action::Rotate)?;
        match trigger {
            Trigger::AfterCreate(period) => period.after(created),
            // A version that has outlived this already is no reason to make many at once.
            Trigger::BeforeExpiry(period) => period.before(expires?).map(|due| due.max(created + 1)),
        }
    }

    /// When a version expires that is made at this time.
    pub(super) fn expires(&self, created: i64) -> Option<i64> {
        self.expiry.as_ref()?.after(created)
    }

    pub(super) fn show(&self, id: &str) -> Value {
        let actions: Vec<Value> = self
            .actions
            .iter()
            .map(
                |(action, trigger)| json!({ "trigger": trigger.show(), "action": { "type": action.name() } }),
            )
            .collect();
        let expiry = self.expiry.as_ref().map(|expiry| &expiry.written);
        json!({
            "id": id,
            "lifetimeActions": actions,
            "attributes": { "expiryTime": expiry, "created": self.created, "updated": self.updated },
        })
    }
}

fn period(text: &str) -> Result<Period, Refusal> {
    Period::read(text)
        .ok_or(Refusal::Parameter("A duration is no ISO 8601 duration in years, months or days."))
}

impl WrittenAction {
    fn read(&self, expiry: Option<&Period>) -> Result<(Action, Trigger), Refusal> {
        let action = match self.action.kind.to_ascii_lowercase().as_str() {
            "rotate" => Action::Rotate,
            "notify" => Action::Notify,
            _ => return Err(Refusal::Parameter("The type of a lifetime action is rotate or notify.")),
        };
        let trigger = match (&self.trigger.after_create, &self.trigger.before_expiry) {
            (Some(after), None) if action == Action::Rotate => Trigger::AfterCreate(period(after)?),
            (None, Some(before)) => Trigger::BeforeExpiry(period(before)?),
            _ => return Err(Refusal::Parameter("The trigger does not fit the lifetime action.")),
        };
        let life = expiry.map(|expiry| expiry.days);
        let (days, rest) = match &trigger {
            Trigger::AfterCreate(period) => (period.days, life.map(|life| life - period.days)),
            Trigger::BeforeExpiry(period) => (period.days, Some(life.unwrap_or_default() - period.days)),
        };
        let no_expiry = matches!(trigger, Trigger::BeforeExpiry(_)) && life.is_none();
        if no_expiry && action == Action::Rotate {
            return Err(Refusal::Parameter("A rotation before the expiry needs an expiryTime."));
        }
        if days < SHORTEST_TRIGGER || (!no_expiry && rest.is_some_and(|rest| rest < SHORTEST_TRIGGER)) {
            return Err(Refusal::Parameter(
                "A trigger lies at least 7 days after creation and before expiry.",
            ));
        }
        Ok((action, trigger))
    }
}

impl Trigger {
    fn show(&self) -> Value {
        match self {
            Self::AfterCreate(period) => json!({ "timeAfterCreate": period.written }),
            Self::BeforeExpiry(period) => json!({ "timeBeforeExpiry": period.written }),
        }
    }
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Rotate => "Rotate",
            Self::Notify => "Notify",
        }
    }
}
