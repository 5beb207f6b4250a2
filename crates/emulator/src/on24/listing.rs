//! The list of events.

use serde_json::Value;

use super::books::Books;
use super::event::Event;
use super::members::Members;
use super::metadata::DateMode;
use super::paging::Paging;
use super::reading::Reading;
use super::refusal::Refusal;

/// Rows of a page, unless the query says otherwise.
const PAGE: usize = 100;
/// The list shows so many days, unless the query says otherwise.
const DAYS: i64 = 90;
/// And never more than so many months.
const MONTHS: i32 = 6;

impl Books {
    /// The events that reads of a whole client show: those of the accounts, but none that is hidden by its tag.
    pub(super) fn shown(&self, members: &Members) -> impl Iterator<Item = &Event> {
        let shown =
            |event: &&Event| members.contain(event.client) && !event.deleted && !event.details.is_hidden();
        self.events.values().filter(shown)
    }

    /// `GET event`. With sub-accounts the envelope is that of a page; without, it says how many there are.
    pub(super) fn list_events(&self, reading: &Reading<'_>) -> Result<Value, Refusal> {
        let members = Members::alone_unless_included(reading)?;
        let found = self.found_events(&members, reading)?;
        let among_children = reading.says_yes("includesubaccounts");
        let paged = among_children || (reading.settings.page_events && asks_for_page(reading));
        let mut envelope = reading.record();
        let found = if paged {
            let page = Paging::of(reading, PAGE).cut(found, reading)?;
            page.count_events(&mut envelope);
            page.rows
        } else {
            envelope.set("totalevents", found.len());
            found
        };
        if !among_children {
            envelope.without(&["pagecount", "currentpage"]);
        }
        let rows = found.into_iter().map(|event| event.listed(reading, among_children));
        reading.rows(&mut envelope, "events", rows.collect());
        Ok(envelope.into_value())
    }

    /// In the order of their dates.
    fn found_events(&self, members: &Members, reading: &Reading<'_>) -> Result<Vec<&Event>, Refusal> {
        let window = reading.window(Some(DAYS))?;
        if !window.fits_months(MONTHS) {
            return Err(Refusal::BadQuery(reading.settings.event_span_text.clone()));
        }
        let mode = DateMode::of(reading.get("datefiltermode").unwrap_or_default());
        let kind = reading.get("contenttype").unwrap_or("all").to_ascii_lowercase();
        let inactive = reading.says_yes("includeinactive");
        let listed =
            self.shown(members).filter(|event| (inactive || event.active) && event.is_of_content(&kind));
        let dated = listed.map(|event| (event.date(mode, reading), event));
        let mut found: Vec<_> = dated.filter(|(date, _)| window.contains(*date)).collect();
        found.sort_by_key(|(date, event)| (*date, event.id));
        if reading.get("filterorder").is_some_and(|order| order.eq_ignore_ascii_case("desc")) {
            found.reverse();
        }
        Ok(found.into_iter().map(|(_, event)| event).collect())
    }
}

fn asks_for_page(reading: &Reading<'_>) -> bool {
    reading.get("pageoffset").is_some() || reading.get("itemsperpage").is_some()
}
