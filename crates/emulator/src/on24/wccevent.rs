//! The answer to creating and changing an event: names in another style, and dates in the event's own time.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::event::Event;
use super::metadata::Links;
use super::record::{Missing, Record};
use super::{pacific, types, zones};

/// Minutes of a year.
const ARCHIVED: u32 = 525_600;

/// What is answered. The two differ in some names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    /// With the event it is a copy of, or 0.
    Creation {
        source: i64,
    },
    Change,
}

pub(super) fn wccevent(event: &Event, now: Timestamp, deed: Deed) -> Value {
    let details = &event.details;
    let zone = zones::find(&details.zone).unwrap_or_else(pacific::zone);
    let mut record = Record::new(Missing::Absent);
    record.set("eventId", event.id).set("title", details.title.as_str());
    record.maybe("eventAbstract", details.summary.as_deref());
    record.maybe("promotionalSummary", details.promotion.as_deref());
    insert_times(&mut record, event, &zone);
    record.set("clientId", event.client).set("timeZone", details.zone.as_str());
    record.set("eventType", types::code(&details.kind));
    if matches!(deed, Deed::Change) {
        record.set("dialInNumber", "415-555-0110").set("bridgeDialInNumber", "415-555-0111");
        record.set("dialInPasscode", "92001").maybe("campaignCode", details.campaign_code.as_deref());
    }
    insert_links(&mut record, event, deed);
    record.set("shortTimeZone", short(event, &zone));
    insert_flags(&mut record, event, now);
    record.set("languageCd", details.language.as_str());
    // The one place where ON24 writes an empty text for nothing.
    record.set("countryCd", details.country.as_deref().unwrap_or_default());
    let source = if let Deed::Creation { source } = deed { source } else { 0 };
    record.set("sourceEventId", source);
    record.list("tags", details.tags.iter().map(|tag| json!(tag)).collect());
    record.list("customaccounttags", event.account_tags());
    if matches!(deed, Deed::Creation { .. }) {
        insert_venue(&mut record, event);
    }
    if details.kind == types::BROADCAST {
        record.list("encoders", vec![event.encoder()]);
    }
    json!({ "wccevent": record.into_value() })
}

/// Without zone, which stands beside them; the duration is in seconds.
fn insert_times(record: &mut Record, event: &Event, zone: &TimeZone) {
    let written = |time: Timestamp| time.to_zoned(zone.clone()).strftime("%m/%d/%Y %I:%M %p").to_string();
    record
        .set("liveStart", written(event.live_starts()))
        .set("liveDuration", event.minutes.saturating_mul(60))
        .set("liveEnd", written(event.ends()))
        .set("archiveStart", written(event.archive_starts()))
        .set("archiveEnd", written(event.archive_ends()))
        .set("archiveDuration", ARCHIVED)
        .set("goodAfter", written(event.starts));
}

fn insert_links(record: &mut Record, event: &Event, deed: Deed) {
    let links = Links::of(event);
    let presenter = match deed {
        Deed::Creation { .. } => "PMUrl",
        Deed::Change => "pmurl",
    };
    record
        .set("audienceUrl", links.audience)
        .set("reportsUrl", links.report)
        .set("previewUrl", links.preview)
        .set(presenter, links.presenter);
}

fn insert_flags(record: &mut Record, event: &Event, now: Timestamp) {
    for (name, value) in [
        ("isLiveStartPast", event.live_starts() <= now),
        ("isLiveEndPast", event.ends() <= now),
        ("archiveEndInPast", event.archive_ends() <= now),
        ("canExtendArchive", false),
        ("archiveAvailable", event.details.has_archive),
        ("autoArchiveProcessed", false),
        ("canManipulateArchive", false),
        ("canToggleArchiveAvailability", true),
        ("showFaaBridgeNumber", true),
        ("showColossusLink", true),
        ("rolloverAudio", false),
        ("rolloverAudioDisabled", false),
        ("simuliveWaitingMode", false),
        ("simuliveEPMode", false),
        ("simuliveMode", event.details.kind == "simulive"),
    ] {
        record.set(name, value);
    }
    record.set("monthsAvailableToExtend", -1).set("defaultPlayerConsoleTemplateId", 0);
}

fn insert_venue(record: &mut Record, event: &Event) {
    let word = |is: bool| if is { "Y" } else { "N" };
    record
        .set("hybrid", word(event.details.is_hybrid))
        .maybe("venue", event.details.venue.as_deref())
        .maybe("address", event.details.address.as_deref())
        .set("testevent", word(event.details.is_test));
}

/// Outside of the account's own zone it has a blank before it.
fn short(event: &Event, zone: &TimeZone) -> String {
    let blank = if event.details.zone == pacific::NAME { "" } else { " " };
    format!("{blank}{}", event.starts.to_zoned(zone.clone()).strftime("%Z"))
}
