//! Between our people and ON24's forms and rows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use webinar_bridge_domain::fault::{Code, Fault, FaultKind};
use webinar_bridge_domain::id::ProviderPersonId;
use webinar_bridge_domain::metrics::Watched;
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{Attendee, RegisterOrder, Registrant};
use webinar_bridge_transport::Exchange;

use crate::config::On24Settings;
use crate::dto::Record;

/// The longest value of most fields, in characters.
const LONGEST: usize = 100;
/// The longest names when somebody is created.
const LONGEST_NEW_NAME: usize = 50;

/// The form of a request, in the order in which it is sent.
pub(crate) type Form<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// What a registration form is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Creating or replacing, and restoring if so.
    Post { restore: bool },
    /// Changing.
    Patch,
}

/// The address as ON24 takes it.
///
/// It is never shortened: a shorter one is somebody else's. A comma separates addresses where people are forgotten, so
/// that one who registers as `someone,else@example.com` would take somebody else along.
pub(crate) fn email<'a>(address: &'a Address, exchange: &Exchange) -> Result<&'a str, Fault> {
    let typed = address.as_typed().trim();
    let invalid = |code| Err(exchange.fault(FaultKind::Invalid { field: Code::new(code) }, code));
    if typed.is_empty() {
        invalid("on24.email_missing")
    } else if length(typed) > LONGEST {
        invalid("on24.email_too_long")
    } else if typed.contains(',') {
        invalid("on24.email_comma")
    } else {
        Ok(typed)
    }
}

/// The form of a registration. Our own fields are always sent, mapped ones unless they are empty; mapped fields are sent as they are and go before our own,
/// except for those that say who it is and whether they are registered at all.
pub(crate) fn form<'a>(
    order: &'a RegisterOrder,
    email: &'a str,
    purpose: Purpose,
    settings: &On24Settings,
) -> Form<'a> {
    let Details { first_name, last_name, company, job_title, more, .. } = &order.details;
    let mapped = |name: &str| more.keys().any(|key| key.trim().eq_ignore_ascii_case(name));
    let ours = [
        ("firstname", first_name.as_str()),
        ("lastname", last_name),
        ("company", company),
        ("jobtitle", job_title),
        ("exteventusercd", &order.correlation),
        ("eventemail", yes_or_no(settings.event_email)),
    ];
    let mut form: Form<'a> = vec![("email".into(), email.into())];
    for (name, value) in ours.into_iter().filter(|(name, _)| !mapped(name)) {
        // Said also when it is empty: ON24 keeps what is not sent, and what was cleared in the CRM is to be cleared there.
        form.push((name.into(), fitting(name, value, purpose).into()));
    }
    for (name, value) in more {
        let name = name.trim();
        if !["email", "isdeleted", "isblocked"].iter().any(|fixed| name.eq_ignore_ascii_case(fixed)) {
            push(&mut form, name, value, purpose);
        }
    }
    if purpose == (Purpose::Post { restore: true }) {
        form.push(("isDeleted".into(), "N".into()));
    }
    form
}

/// `Y` or `N`; ON24 takes nothing else.
pub(crate) const fn yes_or_no(yes: bool) -> &'static str {
    if yes { "Y" } else { "N" }
}

fn push<'a>(form: &mut Form<'a>, name: &'a str, value: &'a str, purpose: Purpose) {
    let kept = fitting(name, value, purpose);
    if !name.is_empty() && !kept.is_empty() {
        form.push((name.into(), kept.into()));
    }
}

/// What ON24 takes of a value; blanks alone are nothing.
fn fitting<'a>(name: &str, value: &'a str, purpose: Purpose) -> &'a str {
    let is_name = ["firstname", "lastname"].iter().any(|field| name.eq_ignore_ascii_case(field));
    let limit = if is_name && purpose != Purpose::Patch { LONGEST_NEW_NAME } else { LONGEST };
    let value = if value.trim().is_empty() { "" } else { value };
    let kept = shortened(value, limit);
    if kept.len() < value.len() {
        tracing::debug!(field = name, "shortened to what ON24 takes");
    }
    kept
}

/// Lengths are in Unicode characters, as ON24's "characters" read most plainly: nothing that may fit is shortened, and
/// should ON24 count otherwise, its refusal is seen.
fn length(text: &str) -> usize {
    text.chars().count()
}

/// The longest beginning of `text` that is within the limit and ends between two characters, and not in blanks.
fn shortened(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(end, _)| text[..end].trim_end())
}

/// The person's own values in a form.
pub(crate) fn own_values<'a>(form: &'a Form<'_>) -> Vec<&'a str> {
    form.iter().map(|(_, value)| value.as_ref()).filter(|value| !["Y", "N"].contains(value)).collect()
}

/// Whether the echo of a write is about that person.
pub(crate) fn is_about(echo: &Record, address: &Address) -> bool {
    let echoed = echo.text("email").and_then(|email| Address::new(email).canonical());
    echoed.is_some() && echoed == address.canonical()
}

/// ON24's id of the person at the event.
pub(crate) fn event_user_id(record: &Record) -> Option<ProviderPersonId> {
    record.text("eventuserid").map(|id| ProviderPersonId::new(id.trim()))
}

/// What names somebody on a list. Where ON24's id is missing, what we wrote there stands in for it; somebody with
/// neither has no name that would be the same tomorrow.
fn person_id(record: &Record) -> Option<ProviderPersonId> {
    let ours =
        || record.text("exteventusercd").map(|code| ProviderPersonId::new(format!("ext:{}", code.trim())));
    event_user_id(record).or_else(ours)
}

/// A row of the list of registrants; `None` if nothing names the person.
///
/// Absent is not `active` in so many words, but some rows lack the status and are people like others.
pub(crate) fn registrant(record: &Record) -> Option<Registrant> {
    let text = |name| record.text(name).unwrap_or_default().to_owned();
    let active = record.text("userstatus").is_none_or(|status| status.trim().eq_ignore_ascii_case("active"));
    let address = text("email");
    let mapped = MAPPED.iter().filter_map(|name| Some(((*name).to_owned(), record.text(name)?.to_owned())));
    Some(Registrant {
        person: person_id(record)?,
        correlation: record.text("exteventusercd").map(str::to_owned),
        live: active && !is_wiped(&address),
        details: Details {
            address: Address::new(address),
            first_name: text("firstname"),
            last_name: text("lastname"),
            company: text("company"),
            job_title: text("jobtitle"),
            more: mapped.collect::<BTreeMap<_, _>>(),
        },
    })
}

/// Whether somebody whom we told ON24 of so is listed so. Only what we send is compared, at the length that ON24 takes (which
/// is a shorter one for the names of somebody new), and without blanks around it; a field that no list shows cannot differ.
pub(crate) fn shows(details: &Details, listed: &Details) -> bool {
    let same = |name: &str, told: &str, shown: &str| {
        let lengths = [Purpose::Patch, Purpose::Post { restore: false }];
        lengths.iter().any(|purpose| fitting(name, told, *purpose).trim() == shown.trim())
    };
    let mapped = |name: &str| {
        details.more.iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let fields = [
        ("firstname", &details.first_name, &listed.first_name),
        ("lastname", &details.last_name, &listed.last_name),
        ("company", &details.company, &listed.company),
        ("jobtitle", &details.job_title, &listed.job_title),
    ];
    let ours = fields.iter().all(|(name, told, shown)| match mapped(name) {
        Some(told) if told.trim().is_empty() => true,
        Some(told) => same(name, told, shown),
        None => same(name, told, shown),
    });
    let mut more = details.more.iter().filter(|(_, told)| !told.trim().is_empty());
    let more = more.all(|(name, told)| {
        let name = name.trim().to_ascii_lowercase();
        !MAPPED.contains(&name.as_str())
            || listed.more.get(&name).is_some_and(|shown| same(&name, told, shown))
    });
    details.address.canonical() == listed.address.canonical() && ours && more
}

/// What a registration can have beside the four fields that everybody has.
const MAPPED: &[&str] = &[
    "addressstreet1",
    "addressstreet2",
    "city",
    "companyindustry",
    "companysize",
    "country",
    "emailformat",
    "eventemail",
    "fax",
    "homephone",
    "jobfunction",
    "marketingemail",
    "notes",
    "other",
    "partnerref",
    "state",
    "std1",
    "std10",
    "std2",
    "std3",
    "std4",
    "std5",
    "std6",
    "std7",
    "std8",
    "std9",
    "username",
    "workphone",
    "zip",
];

/// Whether this is what ON24 leaves of the address of somebody who was forgotten: it is nobody's.
fn is_wiped(email: &str) -> bool {
    email.trim().to_ascii_lowercase().ends_with("-deleted")
}

/// A row of the list of attendees; `None` if nothing names the person.
pub(crate) fn attendee(record: &Record) -> Option<Attendee> {
    let address = record.text("email").filter(|email| !is_wiped(email));
    Some(Attendee {
        person: person_id(record)?,
        correlation: record.text("exteventusercd").map(str::to_owned),
        address: address.map(Address::new),
        watched: watched(record),
    })
}

/// The cumulative minutes are those of all launches of the console, and so the time somebody watched; older rows have
/// only the plain ones. First and last activity are when the console was opened: times, and never a duration.
fn watched(record: &Record) -> Watched {
    let minutes = |cumulative, plain| record.count(cumulative).or_else(|| record.count(plain)).unwrap_or(0);
    let deeds = ["askedquestions", "answeredpolls", "answeredsurveys", "resourcesdownloaded"];
    let deeds = deeds.iter().map(|deed| record.count(deed).unwrap_or(0)).fold(0_u32, u32::saturating_add);
    let stamps = ["firstliveactivity", "lastliveactivity", "firstarchiveactivity", "lastarchiveactivity"];
    let stamps = || stamps.iter().filter_map(|name| record.instant(name));
    Watched {
        live_minutes: minutes("cumulativeliveminutes", "liveminutes"),
        ondemand_minutes: minutes("cumulativearchiveminutes", "archiveminutes"),
        interactions: deeds.saturating_add(record.items("calltoactions")),
        first: stamps().min(),
        last: stamps().max(),
    }
}

#[cfg(test)]
mod tests {
    use webinar_bridge_domain::fault::Peer;
    use webinar_bridge_domain::time::Timestamp;

    use super::*;

    const WRITE: Exchange = Exchange::write(Peer::Provider, "register");

    fn record(json: &str) -> Record {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_value_is_cut_between_characters() {
        let table = [
            ("short", 10, "short"),
            ("exactly10!", 10, "exactly10!"),
            ("eleven long", 10, "eleven lon"),
            ("blank at the end", 6, "blank"),
            ("ääääää", 5, "äääää"),
            ("田中さん", 3, "田中さ"),
            ("🎉🎉🎉", 2, "🎉🎉"),
            ("🎉🎉🎉", 3, "🎉🎉🎉"),
            ("", 5, ""),
        ];
        for (text, limit, expected) in table {
            assert_eq!(shortened(text, limit), expected, "{text} {limit}");
        }
    }

    #[test]
    fn an_address_is_never_cut() {
        let code = |typed: &str| match email(&Address::new(typed), &WRITE) {
            Ok(sent) => sent.to_owned(),
            Err(fault) => fault.code.to_string(),
        };
        let long = format!("{}@x.io", "a".repeat(95));
        assert_eq!(code(&long), long);
        assert_eq!(code(&format!("a{long}")), "on24.email_too_long");
        assert_eq!(code(" Ada@Example.com "), "Ada@Example.com");
        assert_eq!(code("ada@example.com,bob@example.com"), "on24.email_comma");
        assert_eq!(code("  "), "on24.email_missing");
    }

    #[test]
    fn an_echo_is_about_one_person() {
        let ours = Address::new("Zoë+a@Example.com");
        for same in ["Zoë+a@Example.com", "zoë+A@example.COM", "zoe\u{308}+a@example.com"] {
            assert!(is_about(&record(&format!("{{\"email\":\"{same}\"}}")), &ours), "{same}");
        }
        for other in [r#"{"email":"zoë@example.com"}"#, r#"{"email":""}"#, r#"{"email":null}"#, "{}"] {
            assert!(!is_about(&record(other), &ours), "{other}");
        }
        assert!(!is_about(&record(r#"{"email":"nobody"}"#), &Address::new("nobody")), "no address at all");
    }

    #[test]
    fn who_is_live() {
        let live = |json: &str| registrant(&record(json)).map(|found| found.live);
        let table = [
            (r#"{"eventuserid":1,"email":"a@x.io","userstatus":"active"}"#, Some(true)),
            (r#"{"eventuserid":1,"email":"a@x.io","userstatus":"Active "}"#, Some(true)),
            (r#"{"eventuserid":1,"email":"a@x.io"}"#, Some(true)),
            (r#"{"eventuserid":1,"email":"a@x.io","userstatus":null}"#, Some(true)),
            (r#"{"eventuserid":1,"email":"a@x.io","userstatus":"deleted"}"#, Some(false)),
            (r#"{"eventuserid":1,"email":"a@x.io","userstatus":"forgotten"}"#, Some(false)),
            (r#"{"eventuserid":1,"email":"a@x.io","userstatus":"whatever"}"#, Some(false)),
            (r#"{"eventuserid":1,"email":"1-deleted","userstatus":"active"}"#, Some(false)),
            (r#"{"exteventusercd":"wb:1","email":"a@x.io"}"#, Some(true)),
            (r#"{"email":"a@x.io"}"#, None),
            ("{}", None),
        ];
        for (json, expected) in table {
            assert_eq!(live(json), expected, "{json}");
        }
    }

    #[test]
    fn what_a_registrant_has() {
        let found = registrant(&record(
            r#"{"eventuserid":"150","email":"A@x.io","firstname":"Zoë","lastname":"","company":null,
                "jobtitle":"CTO","exteventusercd":"wb:1","std1":"blue","country":"","ipaddress":"1.2.3.4",
                "userprofileurl":"https://x"}"#,
        ))
        .unwrap();
        assert_eq!((found.person.as_str(), found.correlation.as_deref()), ("150", Some("wb:1")));
        let Details { address, first_name, last_name, company, job_title, more } = found.details;
        assert_eq!(address.as_typed(), "A@x.io");
        assert_eq!([first_name, last_name, company, job_title], ["Zoë", "", "", "CTO"]);
        assert_eq!(more, BTreeMap::from([("std1".to_owned(), "blue".to_owned())]));
    }

    #[test]
    fn what_an_attendee_did() {
        let found = attendee(&record(
            r#"{"email":"a@x.io","eventuserid":150,"liveminutes":50,"cumulativeliveminutes":"73",
                "archiveminutes":12,"askedquestions":1,"answeredpolls":"2","answeredsurveys":null,
                "resourcesdownloaded":3,"answeredsurveyquestions":9,
                "calltoactions":[{"ctaid":"1","clicks":"4"},{"ctaid":2}],
                "firstliveactivity":"2026-03-08T01:30:00-08:00","lastliveactivity":"2026-03-08T01:30:00-08:00",
                "firstarchiveactivity":"2026-03-08T03:10:00-07:00","lastarchiveactivity":"nonsense"}"#,
        ))
        .unwrap();
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let expected = Watched {
            live_minutes: 73,
            ondemand_minutes: 12,
            interactions: 8,
            first: at("2026-03-08T09:30:00Z"),
            last: at("2026-03-08T10:10:00Z"),
        };
        assert_eq!(found.watched, expected);
        assert_eq!((found.person.as_str(), found.correlation), ("150", None));
        assert_eq!(found.address, Some(Address::new("a@x.io")));
    }

    #[test]
    fn an_attendee_may_have_done_nothing_and_may_be_nobody() {
        let found = attendee(&record(r#"{"eventuserid":7,"email":"7-deleted","archiveviewed":1}"#)).unwrap();
        assert_eq!((found.watched, found.address), (Watched::default(), None));
        let ours = attendee(&record(r#"{"exteventusercd":"wb:9","liveminutes":4}"#)).unwrap();
        assert_eq!((ours.person.as_str(), ours.watched.live_minutes), ("ext:wb:9", 4));
        assert_eq!(attendee(&record(r#"{"email":"a@x.io","liveminutes":4}"#)), None);
        let vast = attendee(&record(r#"{"eventuserid":7,"askedquestions":1e12,"answeredpolls":5}"#)).unwrap();
        assert_eq!(vast.watched.interactions, u32::MAX);
    }
}
