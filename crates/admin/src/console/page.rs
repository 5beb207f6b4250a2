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

fn layout(title: &str, frame: Frame, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · webinar-bridge" }
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
            p { "Paste the token that was configured for this bridge." }
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
            div id="live" data-live {
                @if sections.is_empty() {
                    h1 { "Nothing to show yet" }
                    p { "No organization is known. Declare one in the configuration, or make one over the API." }
                }
                @for section in sections { (organization(section)) }
                p.freshness { "As of " time datetime=(now.to_string()) { (minute(now)) " UTC" } "." }
            }
        },
    )
}

fn organization(section: &Section) -> Markup {
    let Section { organization, balance, webinars, troubles } = section;
    html! {
        section aria-labelledby=(organization.id.to_string()) {
            h1 id=(organization.id.to_string()) { (organization.name) }
            (verdict(organization, balance, troubles))
            @for (topic, note) in troubles {
                p.complaint role="alert" {
                    strong { "The " (topic.name()) " keeps this organization waiting: " } (note.what)
                    " Nothing is lost; work goes on by itself when it is over."
                }
            }
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

/// One sentence: is everything where it belongs?
fn verdict(organization: &Organization, balance: &Balance, troubles: &[(Topic, Note)]) -> Markup {
    let held: u64 = balance.registrations.held.values().sum();
    let waiting = balance.registrations.on_their_way;
    let adds_up = balance.registrations.adds_up() && balance.minutes.adds_up();
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
        Integration::Active { .. } if !troubles.is_empty() => {
            ("warn", "Work waits for something outside.".to_owned())
        }
        Integration::Active { .. } if held > 0 => ("warn", format!("{held} held: each needs a look.")),
        Integration::Active { .. } if waiting > 0 => ("busy", format!("{waiting} on their way.")),
        Integration::Active { .. } => {
            ("good", "All well: everyone is at ON24, every minute is in Dynamics.".to_owned())
        }
    };
    html! { p.verdict class=(class) { (sentence) } }
}

fn lines(balance: &Balance) -> Markup {
    let (rows, minutes) = (&balance.registrations, &balance.minutes);
    html! {
        dl.lines {
            div {
                dt { "Registrations in the CRM" }
                dd { (registrations_line(rows)) }
                dd.bar { (bar(rows.at_provider, rows.crm, "registrations at ON24")) }
            }
            div {
                dt { "Viewing minutes at ON24" }
                dd { (minutes_line(minutes)) }
                dd.bar { (bar(minutes.crm, minutes.provider, "minutes in Dynamics")) }
            }
        }
    }
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
                @if i > 0 { ", " } (number(*n)) " " (name.replace('_', " "))
            } ")"
        }
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
        div.scroll tabindex="0" role="region" aria-label={ "Webinars of " (organization.name) } {
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
    html! {
        tr {
            th scope="row" { (webinar.title) " " (link(&webinar.link)) }
            td { time datetime=(webinar.starts.to_string()) { (minute(webinar.starts)) } }
            td { (number(rows.crm)) }
            td { (number(rows.at_provider)) }
            td { (number(rows.on_their_way)) }
            td { (number(rows.held.values().sum())) }
            td { (number(rows.excluded.values().sum())) }
            td { (number(minutes.provider)) }
            td { (number(minutes.crm)) }
            td { (signed(minutes.on_their_way)) }
            td { (number(minutes.unmatched)) }
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
fn number(n: u64) -> String {
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

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}
