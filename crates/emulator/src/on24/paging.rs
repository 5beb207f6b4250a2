//! Lists in pages.

use super::reading::Reading;
use super::record::Record;
use super::refusal::Refusal;

/// Which page is asked for, and how many rows a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    /// Zero-based; `None` is no number, or one below zero.
    number: Option<usize>,
    size: usize,
}

/// The rows of one page, and what its envelope says.
#[derive(Debug)]
pub(super) struct Cut<T> {
    pub(super) rows: Vec<T>,
    total: usize,
    pages: usize,
    current: usize,
}

impl Paging {
    /// What `pageoffset` and `itemsperpage` ask for; a size that is no number above zero is the usual one.
    pub(super) fn of(reading: &Reading<'_>, usual: usize) -> Self {
        let number = reading.get("pageoffset").map_or(Some(0), |text| text.trim().parse().ok());
        let asked = reading.get("itemsperpage").and_then(|text| text.trim().parse().ok());
        let size = asked.filter(|size| *size > 0).unwrap_or(usual);
        let size = if reading.settings.clamp_items_per_page { size.min(usual) } else { size };
        Self { number, size }
    }

    /// Cuts the page out of the whole list. Beyond the last page there is none.
    pub(super) fn cut<T>(self, rows: Vec<T>, reading: &Reading<'_>) -> Result<Cut<T>, Refusal> {
        let total = rows.len();
        let pages = total.div_ceil(self.size);
        let last = pages.saturating_sub(1);
        let current = self.number.filter(|number| *number <= last).ok_or(Refusal::PageOffset { last })?;
        let rows = rows.into_iter().skip(current.saturating_mul(self.size)).take(self.size).collect();
        let pages = if total == 0 { reading.settings.empty_page_count } else { pages };
        Ok(Cut { rows, total, pages, current })
    }
}

impl<T> Cut<T> {
    /// The three numbers of the envelope, in the order of most lists.
    pub(super) fn count(&self, envelope: &mut Record, total: &str) {
        envelope.set(total, self.total).set("pagecount", self.pages).set("currentpage", self.current);
    }

    /// The order of the list of events.
    pub(super) fn count_events(&self, envelope: &mut Record) {
        envelope.set("pagecount", self.pages).set("totalevents", self.total).set("currentpage", self.current);
    }
}
