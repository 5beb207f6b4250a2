//! Creating, copying, changing and deleting events.

use serde_json::{Value, json};

use super::asked::{Asked, Said};
use super::books::Books;
use super::brief::{Brief, CHANGED_TITLE, NEW_TITLE, Wrong};
use super::details::Details;
use super::event::{Event, Webinar};
use super::page::Page;
use super::refusal::Refusal;
use super::wccevent::{Deed, wccevent};

type Answer<'a> = Result<Said<'a>, Refusal>;

impl From<Wrong> for Refusal {
    fn from(Wrong: Wrong) -> Self {
        Self::NoWebinar
    }
}

/// `POST event`, with `eventsource` as a copy.
pub(super) fn create<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    let source = asked.query.filled("eventsource");
    if asked.settings.management.global_account {
        return Err(Refusal::GlobalAccount { copy: source.is_some() });
    }
    match source {
        Some(source) => copied(books, asked, source),
        None => created(books, asked),
    }
}

fn created<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    let brief = Brief::new(&asked.form, &asked.settings.management);
    let needed = ["eventtype", "languagecd", "timezone"];
    let title = brief.title(NEW_TITLE)?.filter(|_| needed.iter().all(|name| brief.has(name))).ok_or(Wrong)?;
    let mut details = Details::new(title);
    brief.describe(&mut details, true)?;
    add(books, asked, &brief, details, None)
}

/// Everything but the time and what is said about the archive is that of the source, unless the form says otherwise.
fn copied<'a>(books: &mut Books, asked: &Asked<'a>, source: &str) -> Answer<'a> {
    let brief = Brief::new(&asked.form, &asked.settings.management);
    let known = source.trim().parse().ok().and_then(|id| books.events.get(&id));
    let source = known.filter(|event| !event.deleted).ok_or(Wrong)?;
    let mut details = Details { has_archive: true, takes_registrations: true, ..source.details.clone() };
    let usual: String = format!("Copy of {}", details.title).chars().take(NEW_TITLE).collect();
    details.title = brief.title(NEW_TITLE)?.unwrap_or(usual);
    brief.describe(&mut details, true)?;
    let page = (source.id, source.page.clone());
    add(books, asked, &brief, details, Some(page))
}

fn add<'a>(
    books: &mut Books,
    asked: &Asked<'a>,
    brief: &Brief<'_>,
    details: Details,
    source: Option<(i64, Page)>,
) -> Answer<'a> {
    let starts = brief.starts(&details.zone)?.ok_or(Wrong)?;
    let minutes = brief.minutes()?.ok_or(Wrong)?;
    let id = books.add_event(Webinar::new(&details.title, starts, minutes), asked.now);
    let event = books.event(id).ok_or(Wrong)?;
    let (origin, page) = source.unzip();
    event.page = page.unwrap_or(event.page.clone());
    event.details = details;
    Ok(wccevent(event, asked.now, Deed::Creation { source: origin.unwrap_or_default() }).into())
}

/// `PUT event/{event}`: changes what the form has.
pub(super) fn update<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    let brief = Brief::new(&asked.form, &asked.settings.management);
    let event = asked.event(books)?;
    let mut details = event.details.clone();
    details.title = brief.title(CHANGED_TITLE)?.unwrap_or(details.title);
    brief.describe(&mut details, false)?;
    let starts = brief.starts(&details.zone)?.unwrap_or(event.starts);
    let minutes = brief.minutes()?.unwrap_or(event.minutes);
    event.details = details;
    (event.starts, event.minutes, event.modified) = (starts, minutes, asked.now);
    Ok(wccevent(event, asked.now, Deed::Change).into())
}

/// `DELETE event/{event}`: only of what has not begun.
pub(super) fn delete<'a>(books: &mut Books, asked: &Asked<'a>) -> Answer<'a> {
    let event = asked.event(books)?;
    event.remove(asked)?;
    Ok(json!({ "message": "Event Successfully Deleted." }).into())
}

impl Event {
    fn remove(&mut self, asked: &Asked<'_>) -> Result<(), Refusal> {
        if self.deleted {
            return Err(Refusal::AlreadyDeleted);
        }
        if self.has_started(asked.now) && !asked.settings.management.delete_started {
            return Err(Refusal::NotDeletable);
        }
        self.deleted = true;
        self.active = false;
        Ok(())
    }

    /// The entry of the control endpoint for events.
    pub(super) fn entry(&self) -> Value {
        json!({ "event_id": self.id, "client_id": self.client, "title": self.details.title,
                "starts": self.starts.to_string(), "minutes": self.minutes, "active": self.active,
                "deleted": self.deleted, "double_opt_in": self.double_opt_in, "tags": self.details.tags })
    }
}
