//! Lists of rows, page by page.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::cookie::Cookie;
use super::preference::LARGEST_PAGE;
use super::query::{Order, Query};
use super::render::{self, Annotations};
use super::row::Row;
use super::scene::Scene;
use super::schema::TableId;
use super::store::Store;
use crate::wire::Answer;

/// Counts go no further than this.
const LARGEST_COUNT: usize = 5000;

/// Answers a read of a set that is not tracked.
pub(super) fn answer(scene: &Scene<'_>, query: &Query, cookie: Option<&Cookie>) -> Answer {
    let limit = query.top.unwrap_or_else(|| scene.preferences.page());
    let limit = if puts_off(scene, query, cookie) { 0 } else { limit };
    let mut rows = if query.order.is_empty() {
        by_id(scene.store, query, cookie, limit.saturating_add(1))
    } else {
        in_order(scene.store, query, cookie, limit.saturating_add(1))
    };
    let more = rows.len() > limit;
    rows.truncate(limit);
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), scene.context(&query.shape, "").into());
    totals(scene, query, &mut body);
    let annotations = Annotations::of(scene.preferences);
    let shown = rows.iter().map(|row| Json::Object(render::row(scene, &query.shape, row, annotations)));
    body.insert("value".to_owned(), shown.collect());
    if more && query.top.is_none() {
        let next = Cookie {
            page: cookie.map_or(2, |cookie| cookie.page.saturating_add(1)),
            last: rows.last().map(|row| row.id()),
            given: cookie.map_or(0, |cookie| cookie.given).saturating_add(rows.len()),
            tracked: None,
        };
        body.insert("@odata.nextLink".to_owned(), scene.again(true, "$skiptoken", &next.encode()).into());
    }
    scene.list(body)
}

/// Whether the first page stays empty, though there are rows: the platform may do so where it filters.
fn puts_off(scene: &Scene<'_>, query: &Query, cookie: Option<&Cookie>) -> bool {
    scene.store.settings.empty_first_page && query.filter.is_some() && query.top.is_none() && cookie.is_none()
}

fn totals(scene: &Scene<'_>, query: &Query, body: &mut Map<String, Json>) {
    let found = query.count.then(|| matching(scene.store, query, None).take(LARGEST_COUNT + 1).count());
    let count = found.map(|found| found.min(LARGEST_COUNT));
    if let Some(count) = count {
        body.insert("@odata.count".to_owned(), json!(count));
    }
    let annotations = [
        ("Microsoft.Dynamics.CRM.totalrecordcount", count.map_or(json!(-1), |count| json!(count))),
        ("Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded", json!(found > Some(LARGEST_COUNT))),
        ("Microsoft.Dynamics.CRM.globalmetadataversion", json!(scene.store.metadata_version())),
    ];
    for (name, value) in annotations {
        if scene.preferences.annotates(name) {
            body.insert(format!("@{name}"), value);
        }
    }
}

/// How many rows pass the filter, up to the largest count.
pub(super) fn count(store: &Store, query: &Query) -> usize {
    matching(store, query, None).take(LARGEST_COUNT).count()
}

fn matching<'a>(store: &'a Store, query: &'a Query, after: Option<Uuid>) -> impl Iterator<Item = &'a Row> {
    let table = query.shape.table;
    let passes = |row: &&Row| query.filter.as_ref().is_none_or(|filter| filter.holds(store, row));
    candidates(store, table, query, after).filter(passes)
}

fn candidates<'a>(
    store: &'a Store,
    table: TableId,
    query: &Query,
    after: Option<Uuid>,
) -> Box<dyn Iterator<Item = &'a Row> + 'a> {
    match query.filter.as_ref().and_then(|filter| filter.narrowed(store)) {
        Some(ids) => {
            let later = ids.into_iter().filter(move |id| after.is_none_or(|after| *id > after));
            Box::new(later.filter_map(move |id| store.row(table, id)))
        }
        None => Box::new(store.rows_after(table, after)),
    }
}

fn by_id<'a>(store: &'a Store, query: &'a Query, cookie: Option<&Cookie>, limit: usize) -> Vec<&'a Row> {
    let after = cookie.and_then(|cookie| cookie.last);
    matching(store, query, after).take(limit).collect()
}

/// The whole list in its order, from behind the last row that was given; when that one is gone, from where it
/// would be by count.
pub(super) fn in_order<'a>(
    store: &'a Store,
    query: &'a Query,
    cookie: Option<&Cookie>,
    limit: usize,
) -> Vec<&'a Row> {
    let mut rows: Vec<&Row> = matching(store, query, None).collect();
    let last = cookie.and_then(|cookie| cookie.last).and_then(|id| store.row(query.shape.table, id));
    let mut start = cookie.map_or(0, |cookie| cookie.given);
    if let Some(last) = last {
        rows.retain(|row| compare(&query.order, last, row).is_lt());
        start = 0;
    }
    // What comes after the page need not be in order.
    let end = start.saturating_add(limit);
    if end < rows.len() {
        rows.select_nth_unstable_by(end, |a, b| compare(&query.order, a, b));
        rows.truncate(end);
    }
    sort(&query.order, &mut rows);
    rows.into_iter().skip(start).collect()
}

/// Sorts rows; without an order, by their ids.
pub(super) fn sort(order: &[Order], rows: &mut [&Row]) {
    rows.sort_unstable_by(|a, b| compare(order, a, b));
}

/// Empty cells come first; rows that are equal stand in the order of their ids.
fn compare(order: &[Order], a: &Row, b: &Row) -> Ordering {
    order
        .iter()
        .map(|key| {
            let order = match (a.get(key.column), b.get(key.column)) {
                (Some(a), Some(b)) => a.compare(b).unwrap_or(Ordering::Equal),
                (a, b) => a.is_some().cmp(&b.is_some()),
            };
            if key.descending { order.reverse() } else { order }
        })
        .find(|order| order.is_ne())
        .unwrap_or_else(|| a.id().cmp(&b.id()))
}

const _: () = assert!(LARGEST_PAGE == LARGEST_COUNT, "one figure of the platform, for pages and counts");
