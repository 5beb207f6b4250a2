//! Change tracking: a full list that ends in a delta link, and lists of what changed since.
//!
//! A token holds the version at which its list *began*: what changes while a client turns the pages comes with the
//! next list, if need be a second time, and is never lost.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::cookie::{Cookie, Tracked};
use super::error::{Outcome, Refusal};
use super::query::Query;
use super::render::{self, Annotations};
use super::row::Row;
use super::scene::Scene;
use super::schema::TableId;
use super::store::Store;
use crate::wire::Answer;

const STAMP: &str = "%m/%d/%Y %H:%M:%S";

/// The version behind a delta token, unless it is too old or none of ours.
fn version(token: &str, store: &Store, table: TableId, now: Timestamp) -> Outcome<u64> {
    let unreadable = || Refusal::argument("The delta token in the request URI is not valid.");
    let (version, stamp) = token.split_once('!').ok_or_else(unreadable)?;
    let version: u64 = version.parse().map_err(|_| unreadable())?;
    let stamp = DateTime::strptime(STAMP, stamp).map_err(|_| unreadable())?;
    let issued = stamp.to_zoned(TimeZone::UTC).map_err(|_| unreadable())?.timestamp();
    let lifetime = SignedDuration::from_hours(24 * i64::from(store.settings.tracking_days));
    let ended = version > store.version() || version < store.tracked_from(table);
    if ended || now.duration_since(issued) > lifetime {
        return Err(Refusal::expired_version(store.settings.tracking_expired_status));
    }
    Ok(version)
}

fn token(version: u64, now: Timestamp) -> String {
    let text = format!("{version}!{}", now.strftime(STAMP));
    utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()
}

/// One item of a list of changes.
enum Item<'a> {
    Changed(&'a Row),
    Deleted(u64, Uuid),
}

/// How many items a list of changes has.
pub(super) fn count(store: &Store, query: &Query, token: &str, now: Timestamp) -> Outcome<usize> {
    let table = query.shape.table;
    let (after, until) = (version(token, store, table, now)?, store.version());
    Ok(store.changed(table, after, until).count() + store.deleted(table, after, until).count())
}

/// Answers a tracked read of a set: the full list, or the changes since the query's delta token.
pub(super) fn answer(scene: &Scene<'_>, query: &Query, cookie: Option<&Cookie>) -> Outcome<Answer> {
    match &query.delta_token {
        Some(token) => {
            let after = version(token, scene.store, query.shape.table, scene.now)?;
            Ok(changes(scene, query, after, cookie))
        }
        None => Ok(everything(scene, query, cookie)),
    }
}

fn everything(scene: &Scene<'_>, query: &Query, cookie: Option<&Cookie>) -> Answer {
    let until = begun(scene, cookie);
    let limit = scene.preferences.page();
    let after = cookie.and_then(|cookie| cookie.last);
    let mut rows: Vec<&Row> = scene.store.rows_after(query.shape.table, after).take(limit + 1).collect();
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = more.then(|| Cookie {
        last: rows.last().map(|row| row.id()),
        ..following(cookie, rows.len(), Tracked { until, reached: 0, deletions: false })
    });
    let annotations = Annotations::of(scene.preferences);
    let shown = rows.into_iter().map(|row| Json::Object(render::row(scene, &query.shape, row, annotations)));
    finish(scene, query, "", shown.collect(), next, until)
}

fn changes(scene: &Scene<'_>, query: &Query, after: u64, cookie: Option<&Cookie>) -> Answer {
    let until = begun(scene, cookie);
    let start = cookie.and_then(|cookie| cookie.tracked);
    let start = start.unwrap_or(Tracked { until, reached: after, deletions: false });
    let (changed, deleted) = if start.deletions { (until, start.reached) } else { (start.reached, after) };
    let table = query.shape.table;
    let rows = scene.store.changed(table, changed, until).map(Item::Changed);
    let gone = scene.store.deleted(table, deleted, until).map(|(version, id)| Item::Deleted(version, id));
    let limit = scene.preferences.page();
    let mut items: Vec<Item<'_>> = rows.chain(gone).take(limit + 1).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| {
        let (reached, deletions) = match last {
            Item::Changed(row) => (row.version(), false),
            Item::Deleted(version, _) => (*version, true),
        };
        following(cookie, items.len(), Tracked { until, reached, deletions })
    });
    let shown = items.iter().map(|item| show(scene, query, item)).collect();
    finish(scene, query, "/$delta", shown, next, until)
}

/// The version at which the list began.
fn begun(scene: &Scene<'_>, cookie: Option<&Cookie>) -> u64 {
    let tracked = cookie.and_then(|cookie| cookie.tracked);
    tracked.map_or(scene.store.version(), |tracked| tracked.until.min(scene.store.version()))
}

fn following(cookie: Option<&Cookie>, given: usize, tracked: Tracked) -> Cookie {
    Cookie {
        page: cookie.map_or(2, |cookie| cookie.page.saturating_add(1)),
        last: None,
        given: cookie.map_or(0, |cookie| cookie.given).saturating_add(given),
        tracked: Some(tracked),
    }
}

fn show(scene: &Scene<'_>, query: &Query, item: &Item<'_>) -> Json {
    match item {
        Item::Changed(row) => {
            let annotations = Annotations::of(scene.preferences);
            Json::Object(render::row(scene, &query.shape, row, annotations))
        }
        Item::Deleted(_, id) => {
            let set = scene.store.table(query.shape.table).set;
            let context = format!("{}/$metadata#{set}/$deletedEntity", scene.root());
            json!({"@odata.context": context, "id": id.to_string(), "reason": "deleted"})
        }
    }
}

fn finish(
    scene: &Scene<'_>,
    query: &Query,
    suffix: &str,
    value: Vec<Json>,
    next: Option<Cookie>,
    until: u64,
) -> Answer {
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), scene.context(&query.shape, suffix).into());
    let (name, link) = match next {
        Some(cookie) => ("@odata.nextLink", scene.again(true, "$skiptoken", &cookie.encode())),
        None => ("@odata.deltaLink", scene.again(false, "$deltatoken", &token(until, scene.now))),
    };
    body.insert("value".to_owned(), value.into());
    body.insert(name.to_owned(), link.into());
    scene.list(body)
}
