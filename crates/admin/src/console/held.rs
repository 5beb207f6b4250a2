//! The page of held registrations: who they are by pseudonym, why, what to do, and a way to send them again.

use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use webinar_bridge_domain::flow::HeldPerson;
use webinar_bridge_domain::id::{CrmRecordId, OrganizationId, WebinarId};
use webinar_bridge_domain::port::{HeldFilter, HeldQuery, Organization};
use webinar_bridge_domain::registration::Cause;
use webinar_bridge_domain::task::{Job, Task};
use webinar_bridge_domain::time::Timestamp;
use webinar_bridge_domain::webinar::Webinar;

use super::page::{Frame, layout, minute, number};
use super::{is_foreign, stay_out};
use crate::Admin;
use crate::auth::Visitor;
use crate::extract::Path;
use crate::problem::Problem;

/// Which of them are shown; what is empty shows all.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Shown {
    cause: String,
    webinar: String,
    from: String,
    to: String,
    skip: u32,
    /// How many were asked to be sent again just now.
    asked: Option<u64>,
}

/// A release, as the form says it.
#[derive(Deserialize)]
pub(super) struct Release {
    reason: String,
    #[serde(flatten)]
    shown: Shown,
}

/// How many stand on a page.
const PAGE: u32 = 100;
/// The longest reason, in characters.
const REASON: usize = 300;

/// Everything that the page says.
struct Held {
    organization: Organization,
    webinars: Vec<Webinar>,
    shown: Shown,
    people: Vec<HeldPerson>,
    count: u64,
    releases: Vec<Task>,
    complaint: Option<&'static str>,
    may_release: bool,
}

pub(super) async fn show(
    State(admin): State<Admin>,
    visitor: Visitor,
    Path(id): Path<Uuid>,
    query: Result<Query<Shown>, QueryRejection>,
) -> Result<Response, Problem> {
    if visitor == Visitor::Stranger && !admin.open_house {
        return Ok(stay_out(None));
    }
    let shown = query.map(|Query(shown)| shown).unwrap_or_default();
    page(&admin, visitor, id.into(), shown, None).await
}

pub(super) async fn release(
    State(admin): State<Admin>,
    visitor: Visitor,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    form: Result<Form<Release>, FormRejection>,
) -> Result<Response, Problem> {
    if visitor != Visitor::SignedIn || is_foreign(&headers) {
        return Ok(stay_out(Some("Sign in to send anybody again.")));
    }
    let id = OrganizationId::from(id);
    let Ok(Form(Release { reason, shown })) = form else {
        return page(&admin, visitor, id, Shown::default(), Some("The form could not be read.")).await;
    };
    let reason = reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > REASON {
        return page(&admin, visitor, id, shown, Some("Say why, in 1 to 300 characters.")).await;
    }
    let Some(filter) = shown.filter() else {
        return page(&admin, visitor, id, shown, Some(ODD_TIME)).await;
    };
    admin.bridge.steward.load(id).await?;
    let (_, asked) = admin.bridge.desk.release(id, filter, reason).await?;
    let back = Shown { asked: Some(asked), skip: 0, ..shown };
    Ok(Redirect::to(&back.address(id)).into_response())
}

const ODD_TIME: &str = "A time is written as in 2026-07-01T10:00:00Z.";

async fn page(
    admin: &Admin,
    visitor: Visitor,
    id: OrganizationId,
    shown: Shown,
    complaint: Option<&'static str>,
) -> Result<Response, Problem> {
    let organization = admin.bridge.steward.load(id).await?.item;
    let (filter, complaint) = match shown.filter() {
        Some(filter) => (filter, complaint),
        None => (HeldFilter::default(), Some(ODD_TIME)),
    };
    let count = admin.bridge.desk.count(id, &filter).await?;
    let query = HeldQuery { organization: id, filter, skip: shown.skip, limit: PAGE };
    let people = admin.bridge.desk.held(query).await?;
    let webinars = admin.bridge.desk.webinars(id).await?.into_iter().map(|(webinar, _)| webinar).collect();
    let mut releases = admin.bridge.desk.tasks(id).await?;
    releases.retain(|task| matches!(task.job, Job::Release { .. }));
    releases.sort_by_key(|task| core::cmp::Reverse(task.asked));
    let may_release = visitor == Visitor::SignedIn;
    let held = Held { organization, webinars, shown, people, count, releases, complaint, may_release };
    let frame = Frame { sandbox: admin.open_house, signed_in: may_release };
    Ok(Html(held.page(frame).into_string()).into_response())
}

impl Shown {
    /// `None`: a time is not one.
    fn filter(&self) -> Option<HeldFilter> {
        let time = |text: &str| match text.trim() {
            "" => Some(None),
            text => text.parse::<Timestamp>().ok().map(Some),
        };
        Some(HeldFilter {
            people: vec![],
            cause: Some(self.cause.clone()).filter(|cause| !cause.is_empty()),
            webinar: self.webinar.parse::<Uuid>().ok().map(|id| CrmRecordId::from(id).into()),
            from: time(&self.from)?,
            to: time(&self.to)?,
        })
    }

    fn address(&self, id: OrganizationId) -> String {
        let query = query_of(self);
        format!("/organizations/{}/held?{query}", id.uuid())
    }
}

/// The fields as a query, what is empty left out.
fn query_of(shown: &Shown) -> String {
    let (skip, asked) = (shown.skip.to_string(), shown.asked.map(|n| n.to_string()).unwrap_or_default());
    let fields = [
        ("cause", shown.cause.as_str()),
        ("webinar", &shown.webinar),
        ("from", &shown.from),
        ("to", &shown.to),
        ("skip", if shown.skip > 0 { &skip } else { "" }),
        ("asked", &asked),
    ];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields.into_iter().filter(|(_, value)| !value.is_empty()));
    query.finish()
}

impl Held {
    fn page(&self, frame: Frame) -> Markup {
        let title = format!("Held registrations of {}", self.organization.name);
        layout(
            &title,
            frame,
            &html! {
                p { a href="/" { "All organizations" } }
                h1 { (title) }
                @if let Some(complaint) = self.complaint { p.complaint role="alert" { (complaint) } }
                @if let Some(asked) = self.shown.asked {
                    p.verdict.busy role="status" { (number(asked)) " will be sent again, some at a time." }
                }
                p {
                    "Each waits for a change of its row in Dynamics 365, or for somebody who sends it again here. "
                    "None is tried again by itself."
                }
                (self.filter())
                p { strong { (number(self.count)) } " held" @if self.count > 0 { ", the longest first." } @else { "." } }
                @if !self.people.is_empty() { (self.table()) (self.pages()) (self.release_form()) }
                (self.releases())
            },
        )
    }

    fn filter(&self) -> Markup {
        let causes = ["refused", "too_late", "invalid", "exhausted", "unresolved", "poison", "brake"];
        html! {
            form.filter method="get" {
                label { "Cause"
                    select name="cause" {
                        option value="" { "any" }
                        @for cause in causes {
                            option value=(cause) selected[self.shown.cause == cause] { (cause.replace('_', " ")) }
                        }
                    }
                }
                label { "Webinar"
                    select name="webinar" {
                        option value="" { "any" }
                        @for webinar in &self.webinars {
                            @let id = webinar.id.uuid().to_string();
                            option value=(id) selected[self.shown.webinar == id] {
                                (webinar.title) ", " (minute(webinar.starts))
                            }
                        }
                    }
                }
                label { "Held since (UTC)" input name="from" placeholder="2026-07-01T10:00:00Z" value=(self.shown.from); }
                label { "before (UTC)" input name="to" placeholder="2026-07-02T10:00:00Z" value=(self.shown.to); }
                button type="submit" { "Show" }
            }
        }
    }

    fn table(&self) -> Markup {
        html! {
            div.scroll id="held" tabindex="0" role="region" aria-label="Held registrations" {
                table.words {
                    thead {
                        tr {
                            @for name in ["Person", "Webinar", "Why", "What to do", "Held since (UTC)", "Calls", "Last call (UTC)"] {
                                th scope="col" { (name) }
                            }
                        }
                    }
                    tbody { @for person in &self.people { (self.row(person)) } }
                }
            }
        }
    }

    fn row(&self, person: &HeldPerson) -> Markup {
        let words = match &person.cause {
            Cause::Refused(words) => Some(words.to_string()),
            Cause::Invalid(field) => Some(field.to_string()),
            _ => None,
        };
        let last = person.tried.map(|tried| tried.last);
        html! {
            tr {
                th scope="row" { code { (person.person) } @if !person.wanted { " " small { "to be taken off" } } }
                td.text data-label="Webinar" { (self.title(person.webinar)) }
                td.text data-label="Why" {
                    (person.cause.name().replace('_', " ")) @if let Some(words) = words { ": " (words) }
                }
                td.text data-label="What to do" { (person.cause.remedy()) }
                td data-label="Held since (UTC)" { time datetime=(person.since.to_string()) { (minute(person.since)) } }
                td data-label="Calls" { (person.attempts) }
                td data-label="Last call (UTC)" {
                    @if let Some(last) = last { time datetime=(last.to_string()) { (minute(last)) } } @else { "none" }
                }
            }
        }
    }

    fn title(&self, id: WebinarId) -> &str {
        self.webinars
            .iter()
            .find(|webinar| webinar.id == id)
            .map_or("unknown", |webinar| webinar.title.as_str())
    }

    fn pages(&self) -> Markup {
        let page =
            |skip: u32| Shown { skip, asked: None, ..self.shown.clone() }.address(self.organization.id);
        let more = u64::from(self.shown.skip.saturating_add(PAGE)) < self.count;
        html! {
            @if self.shown.skip > 0 || more {
                nav aria-label="Pages" {
                    @if self.shown.skip > 0 { a href=(page(self.shown.skip.saturating_sub(PAGE))) { "Earlier" } " " }
                    @if more { a href=(page(self.shown.skip.saturating_add(PAGE))) { "Later" } }
                }
            }
        }
    }

    /// The count in the button is the preview: it names as many as the filter does.
    fn release_form(&self) -> Markup {
        let fields = [
            ("cause", &self.shown.cause),
            ("webinar", &self.shown.webinar),
            ("from", &self.shown.from),
            ("to", &self.shown.to),
        ];
        html! {
            h2 { "Send again" }
            @if self.may_release {
                form.filter method="post" {
                    @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                    label { "Why, for whoever asks later; name nobody"
                        input name="reason" required maxlength=(REASON) autocomplete="off";
                    }
                    button type="submit" { "Send " (number(self.count)) " again" }
                }
            } @else {
                p.hint { "Whoever signs in can send them again; so can " code { "webinar-bridge held release" } "." }
            }
        }
    }

    fn releases(&self) -> Markup {
        html! {
            @if !self.releases.is_empty() {
                h2 { "Sent again before" }
                ul {
                    @for task in self.releases.iter().take(20) {
                        @if let Job::Release { reason, expected, released, .. } = &task.job {
                            li {
                                time datetime=(task.asked.to_string()) { (minute(task.asked)) " UTC" }
                                ": " (number(*released)) " of " (number(*expected)) ", because “" (reason) "”"
                                @if task.due.is_some() { " (goes on)" }
                            }
                        }
                    }
                }
            }
        }
    }
}
