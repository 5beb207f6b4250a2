//! The pages, as typed functions.

use maud::{DOCTYPE, Markup, html};
use webinar_bridge_domain::balance::{Balance, MinutesBalance, RegistrationBalance};
use webinar_bridge_domain::flow::{Note, Topic};
use webinar_bridge_domain::integration::Integration;
use webinar_bridge_domain::port::Organization;
use webinar_bridge_domain::time::Timestamp;
use webinar_bridge_domain::webinar::{Link, Webinar};

/// One organization on the overview.
pub(crate) struct Section {
    pub(crate) organization: Organization,
    pub(crate) balance: Balance,
    pub(crate) webinars: Vec<(Webinar, Balance)>,
    pub(crate) troubles: Vec<(Topic, Note)>,
}

/// What stands around a page.
#[derive(Clone, Copy, Default)]
pub(crate) struct Frame {
    /// All of it is made up, and the page says so.
    pub(crate) sandbox: bool,
    /// Somebody signed in, and can sign out.
    pub(crate) signed_in: bool,
}

pub(super) fn layout(title: &str, frame: Frame, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · webinar-bridge" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/console.css";
                script src="/assets/console.js" defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                @if frame.sandbox {
                    p.ribbon role="note" { "SANDBOX: every person and every number on this page is made up." }
                }
                header {
                    span.brand { "webinar-bridge" }
                    span.tagline { "Dynamics 365 ⇄ ON24" }
                    @if frame.signed_in {
                        form.leave method="post" action="/sign-out" { button type="submit" { "Sign out" } }
                    }
                }
                main id="main" { (body) }
            }
        }
    }
}

pub(crate) fn sign_in(complaint: Option<&str>) -> Markup {
    layout(
        "Sign in",
        Frame::default(),
        &html! {
            h1 { "Sign in" }
            p { "Paste the token of this bridge: " code { "api.bootstrap_token" } " in its configuration." }
            @if let Some(complaint) = complaint { p.complaint role="alert" { (complaint) } }
            form method="post" action="/sign-in" {
                label for="token" { "Token" }
                input id="token" name="token" type="password" autocomplete="off" required autofocus;
                button type="submit" { "Sign in" }
            }
        },
    )
}

pub(crate) fn overview(sections: &[Section], now: Timestamp, frame: Frame) -> Markup {
    layout(
        "Overview",
        frame,
        &html! {
            p.away role="status" data-away="No answer from the bridge: the figures below are the last ones." {}
            div id="live" data-live {
                @if sections.is_empty() {
                    h1 { "Nothing to show yet" }
                    p { "No organization is known. Declare one in the configuration, or make one over the API." }
                }
                @for section in sections { (organization(section)) }
                p.freshness {
                    "As of " time datetime=(now.to_string()) { (minute(now)) " UTC" }
                    @if frame.sandbox { ", by the clock of the story" } "."
                }
            }
            footer { a href="/api/openapi.json" { "Description of the API" } }
        },
    )
}

fn organization(section: &Section) -> Markup {
    let Section { organization, balance, webinars, troubles } = section;
    html! {
        section aria-labelledby=(organization.id.to_string()) {
            h1 id=(organization.id.to_string()) { (organization.name) }
            (verdict(organization, balance, troubles))
            @for (topic, note) in troubles { (trouble(*topic, note)) }
            (hint(organization, balance))
            @if is_quiet(organization) && webinars.is_empty() && *balance == Balance::default() {
                // Nothing was ever read: lines of zeros would say less than the sentence above.
            } @else {
                (lines(balance))
                h2 { "Webinars" }
                @if webinars.is_empty() {
                    p { "No webinar has been seen in the CRM yet." }
                } @else {
                    (table(webinars, organization))
                }
            }
        }
    }
}

/// Whether nothing is read or sent for it.
const fn is_quiet(organization: &Organization) -> bool {
    !matches!(organization.integration, Integration::Active { .. } | Integration::Draining { .. })
}

/// What is the matter, and what comes of it.
fn trouble(topic: Topic, note: &Note) -> Markup {
    let (lead, outlook) = match topic {
        Topic::Vault => ("The key vault keeps this organization waiting", WAITS),
        Topic::Provider => ("ON24 keeps this organization waiting", WAITS),
        Topic::Crm => ("Dynamics 365 keeps this organization waiting", WAITS),
        Topic::Names => ("Configured names are not in the CRM", WAITS),
        Topic::Rows => ("Some rows of the CRM cannot be read", "All others go on."),
        Topic::Links => ("A webinar is not bound as it should be", "Its people wait; all others go on."),
    };
    html! {
        p.complaint { strong { (lead) ": " } (note.what.trim_end_matches('.')) ". " (outlook) }
    }
}

const WAITS: &str = "Nothing is lost; work goes on by itself when it is over.";

/// What a person can do about what the verdict says.
fn hint(organization: &Organization, balance: &Balance) -> Markup {
    let path = |rest: &str| format!("/api/v1/organizations/{}/{rest}", organization.id.uuid());
    html! {
        @match organization.integration {
            Integration::Dormant | Integration::AwaitingTerms { .. } => {
                p.hint {
                    "Accept them over the API, at " code { (path("terms")) } ", or by "
                    code { "terms_accepted" } " in the configuration."
                }
            }
            Integration::AwaitingCredentials { .. } => {
                p.hint {
                    "Enter them over the API, at " code { (path("credentials/on24")) } ", or by "
                    code { "[organization.on24]" } " in the configuration."
                }
            }
            Integration::Active { newer: Some(_), .. } => {
                p.hint { "Newer terms are to be accepted before their time of grace ends: " code { (path("terms")) } "." }
            }
            _ if balance.registrations.held.values().sum::<u64>() > 0 => {
                p.hint {
                    a href={ "/organizations/" (organization.id.uuid()) "/held" } { "Who is held, why, and what to do" }
                    "; their rows in the CRM say it, too."
                }
            }
            _ => {}
        }
    }
}

/// One sentence: is everything where it belongs?
fn verdict(organization: &Organization, balance: &Balance, troubles: &[(Topic, Note)]) -> Markup {
    let adds_up = balance.registrations.adds_up() && balance.minutes.adds_up();
    let waits = troubles.iter().any(|(topic, _)| !matches!(topic, Topic::Rows | Topic::Links));
    let (class, sentence) = match organization.integration {
        _ if !adds_up => (
            "bad",
            "The balance does not add up. This is a fault of the bridge; please report it.".to_owned(),
        ),
        Integration::Dormant => {
            ("idle", "Dormant: the terms are not accepted, and nothing is read or sent.".to_owned())
        }
        Integration::AwaitingCredentials { .. } => {
            ("idle", "Waiting for credentials that work; nothing is read or sent.".to_owned())
        }
        Integration::AwaitingTerms { .. } => {
            ("idle", "Newer terms are to be accepted; nothing is read or sent.".to_owned())
        }
        Integration::Draining { .. } => {
            ("idle", "Stopping: running calls end, no new ones begin.".to_owned())
        }
        Integration::Erased => ("idle", "Removed.".to_owned()),
        Integration::Active { .. } if waits => ("warn", "Work waits for something outside.".to_owned()),
        Integration::Active { .. } => at_work(balance),
    };
    html! { p class={ "verdict " (class) } { (sentence) } }
}

/// The sentence for an organization that nothing keeps waiting.
fn at_work(balance: &Balance) -> (&'static str, String) {
    let (rows, minutes) = (&balance.registrations, &balance.minutes);
    let held: u64 = rows.held.values().sum();
    if held > 0 {
        return ("warn", format!("Held: {}. Each needs a look.", number(held)));
    }
    if rows.on_their_way > 0 {
        return ("busy", format!("On their way to ON24: {}.", number(rows.on_their_way)));
    }
    if minutes.on_their_way != 0 {
        return ("busy", format!("Minutes on their way to Dynamics: {}.", signed(minutes.on_their_way)));
    }
    if rows.crm == 0 && minutes.provider == 0 {
        return ("good", "All well: there is nothing to carry yet.".to_owned());
    }
    let unmatched = match minutes.unmatched {
        0 => "every minute is in Dynamics.".to_owned(),
        n => {
            format!("every minute of theirs is in Dynamics. Minutes of people not in the CRM: {}.", number(n))
        }
    };
    ("good", format!("All well: everyone is at ON24, {unmatched}"))
}

fn lines(balance: &Balance) -> Markup {
    let (rows, minutes) = (&balance.registrations, &balance.minutes);
    html! {
        dl.lines {
            div {
                dt { "Registrations in the CRM" }
                dd { (registrations_line(rows)) }
                dd.bar { (bar(rows.at_provider, wanted(rows), "registrations at ON24, of those that are wanted")) }
            }
            div {
                dt { "Viewing minutes at ON24" }
                dd { (minutes_line(minutes)) }
                dd.bar { (bar(minutes.crm, minutes.provider, "minutes in Dynamics")) }
            }
        }
    }
}

/// Rows that are to be at the provider.
fn wanted(rows: &RegistrationBalance) -> u64 {
    rows.crm.saturating_sub(rows.excluded.values().sum())
}

fn registrations_line(rows: &RegistrationBalance) -> Markup {
    html! {
        b { (number(rows.crm)) } " = " (number(rows.at_provider)) " at ON24 + "
        (number(rows.on_their_way)) " on their way + " (number(rows.held.values().sum())) " held"
        (reasons(&rows.held)) " + " (number(rows.excluded.values().sum())) " excluded" (reasons(&rows.excluded))
    }
}

fn reasons(by: &std::collections::BTreeMap<String, u64>) -> Markup {
    html! {
        @if !by.is_empty() {
            " (" @for (i, (name, n)) in by.iter().enumerate() {
                @if i > 0 { ", " } (number(*n)) " " (reason(name))
            } ")"
        }
    }
}

/// A cause or reason in words.
fn reason(name: &str) -> String {
    match name {
        "no_address" => "without an e-mail address".to_owned(),
        "not_a_webinar" => "for events that are no webinars".to_owned(),
        other => other.replace('_', " "),
    }
}

fn minutes_line(minutes: &MinutesBalance) -> Markup {
    html! {
        b { (number(minutes.provider)) } " = " (number(minutes.crm)) " in Dynamics + "
        (signed(minutes.on_their_way)) " on their way + " (number(minutes.unmatched)) " unmatched"
        @match minutes.unmatched_people {
            0 => {}
            1 => " (1 person)"
            people => { " (" (number(people)) " people)" }
        }
    }
}

fn table(webinars: &[(Webinar, Balance)], organization: &Organization) -> Markup {
    html! {
        div.scroll id={ "webinars-" (organization.id.uuid()) } tabindex="0" role="region" aria-label={ "Webinars of " (organization.name) } {
            table {
                thead {
                    tr {
                        th scope="col" rowspan="2" { "Webinar" }
                        th scope="col" rowspan="2" { "Start (UTC)" }
                        th scope="colgroup" colspan="5" { "Registrations" }
                        th scope="colgroup" colspan="4" { "Minutes" }
                    }
                    tr {
                        @for name in ["CRM", "at ON24", "on their way", "held", "excluded", "ON24", "Dynamics", "on their way", "unmatched"] {
                            th scope="col" { (name) }
                        }
                    }
                }
                tbody { @for (webinar, balance) in webinars { (row(webinar, balance)) } }
            }
        }
    }
}

fn row(webinar: &Webinar, balance: &Balance) -> Markup {
    let (rows, minutes) = (&balance.registrations, &balance.minutes);
    // Narrow screens show each figure with its label instead of a column's head.
    let figures = [
        ("Registrations", number(rows.crm)),
        ("at ON24", number(rows.at_provider)),
        ("on their way", number(rows.on_their_way)),
        ("held", number(rows.held.values().sum())),
        ("excluded", number(rows.excluded.values().sum())),
        ("Minutes at ON24", number(minutes.provider)),
        ("in Dynamics", number(minutes.crm)),
        ("on their way", signed(minutes.on_their_way)),
        ("unmatched", number(minutes.unmatched)),
    ];
    html! {
        tr {
            th scope="row" { (webinar.title) " " (link(&webinar.link)) }
            td data-label="Start (UTC)" {
                time datetime=(webinar.starts.to_string()) { (minute(webinar.starts)) }
            }
            @for (label, figure) in figures { td data-label=(label) { (figure) } }
        }
    }
}

fn link(link: &Link) -> Markup {
    match link {
        Link::Linked(event) => html! { small { "ON24 event " (event.as_str()) } },
        Link::Waiting => html! { small.warn { "no ON24 event yet" } },
        Link::CalledOff(_) => html! { small { "called off" } },
        Link::Foreign => html! {},
    }
}

/// A bar with its words; the words are what counts.
fn bar(part: u64, whole: u64, what: &str) -> Markup {
    html! { progress max=(whole.max(1)) value=(part.min(whole)) aria-label=(what) { (part) " of " (whole) } }
}

/// A number with narrow blanks between thousands.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number that is negative while a correction is to be written.
fn signed(n: i64) -> String {
    let sign = if n < 0 { "\u{2212}" } else { "" };
    format!("{sign}{}", number(n.unsigned_abs()))
}

pub(super) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}
