//! What changed: one page of a tracked list.
//!
//! A place in a feed is the link that the platform gave out, used byte for byte.

use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Missing, Peer};
use webinar_bridge_domain::port::{CrmTable, Cursor, FeedPage, FeedPosition, FeedRow};
use webinar_bridge_transport::{Exchange, Url};

use crate::api::{Call, Session};
use crate::config::{CompanySource, DynamicsSettings};
use crate::dto::{BadRow, Page, Row};
use crate::refusal;

const CHANGES: Exchange = Exchange::page(Peer::Crm, "changes");
/// The platform passes over a wish for more.
const LARGEST_PAGE: u32 = 5000;
/// The place in a feed that nobody needs; no link looks like this.
const UNUSED: &str = "unused";

/// The page after `at`.
pub(crate) async fn changes(session: &Session<'_>, at: &FeedPosition) -> Result<FeedPage, Fault> {
    let settings = session.settings();
    if at.table == CrmTable::Accounts && settings.contacts.company != CompanySource::ParentAccount {
        return Ok(FeedPage { rows: Vec::new(), next: Cursor::new(UNUSED), more: false });
    }
    let url = place(session, at)?;
    let rows = settings.page_rows.clamp(1, LARGEST_PAGE);
    let prefer = format!("odata.track-changes,odata.maxpagesize={rows}");
    let call = Call { prefer: Some(prefer), ..Call::get(url) };
    let page: Page = session.read(&call, &CHANGES).await?;
    let (_, key) = set_and_key(settings, at.table);
    let rows = page.value.iter().map(|row| pointer(row, key)).collect::<Result<_, _>>();
    let rows = rows.map_err(|BadRow| refusal::malformed(&CHANGES))?;
    let (next, more) = following(session, &page, at)?;
    Ok(FeedPage { rows, next, more })
}

fn place(session: &Session<'_>, at: &FeedPosition) -> Result<Url, Fault> {
    match at.cursor.as_ref().map(Cursor::as_str) {
        None => {
            let (set, key) = set_and_key(session.settings(), at.table);
            Ok(session.root.at(set, Some(&format!("$select={key}"))))
        }
        // Nothing was followed so far; now it is, from the beginning.
        Some(UNUSED) => Err(expired()),
        // A place in another environment, or in another version of the API: this one is read from the beginning.
        Some(link) => session.root.follow(link).ok_or_else(expired),
    }
}

fn expired() -> Fault {
    CHANGES.fault(FaultKind::Gone { what: Missing::Cursor }, "dataverse.cursor_expired")
}

/// The place after a page, and whether there is more already. An empty page with a next link is legal; a page
/// without any link means that the table is not tracked.
fn following(session: &Session<'_>, page: &Page, at: &FeedPosition) -> Result<(Cursor, bool), Fault> {
    let (link, more) = match (&page.next, &page.delta) {
        (Some(next), _) => (next, true),
        (None, Some(delta)) => (delta, false),
        (None, None) => {
            return Err(CHANGES.fault(FaultKind::Gone { what: Missing::Table }, "dataverse.untracked"));
        }
    };
    session.root.follow(link).ok_or_else(|| foreign(&CHANGES))?;
    let next = Cursor::new(link);
    if more && at.cursor.as_ref() == Some(&next) {
        return Err(CHANGES.fault(FaultKind::Transient, "dataverse.loop"));
    }
    Ok((next, more))
}

fn pointer(row: &Row, key: &str) -> Result<FeedRow, BadRow> {
    match row.deleted()? {
        Some(id) => Ok(FeedRow { id: id.into(), deleted: true }),
        None => row.key(key).map(|id| FeedRow { id: id.into(), deleted: false }),
    }
}

/// A link that leads out of the organization is not followed: the token would go with it.
pub(crate) fn foreign(exchange: &Exchange) -> Fault {
    let why = Some(Code::new("dataverse.foreign_link"));
    exchange.fault(FaultKind::Denied { why }, "dataverse.foreign_link")
}

fn set_and_key(settings: &DynamicsSettings, table: CrmTable) -> (&str, &str) {
    match table {
        CrmTable::Webinars => (&settings.events.set, &settings.events.key),
        CrmTable::Registrations => (&settings.registrations.set, &settings.registrations.key),
        CrmTable::Contacts => (&settings.contacts.set, &settings.contacts.key),
        CrmTable::Accounts => (&settings.accounts.set, &settings.accounts.key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever a page looks like, its rows have ids, or the page is refused.
    #[test]
    fn no_page_makes_rows_up() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/feed");
        let words =
            ["@odata.nextLink", "@odata.deltaLink", "$deletedEntity", "reason", "contactid", "value", "null"];
        let target = webinar_bridge_contract::fuzz::Target { corpus: &corpus, words: &words };
        target.hammer(|body| {
            let Ok(page) = serde_json::from_slice::<Page>(body) else { return "no page" };
            let rows = page.value.iter().map(|row| pointer(row, "contactid"));
            let Ok(rows) = rows.collect::<Result<Vec<_>, _>>() else { return "a page with a bad row" };
            assert_eq!(rows.len(), page.value.len());
            match (&page.next, &page.delta) {
                (None, None) => "a page without a place to go on",
                _ if rows.iter().any(|row| row.deleted) => "a page with something deleted",
                _ => "a page",
            }
        });
    }
}
