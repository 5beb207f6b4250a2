//! An event as the reads show it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::seeded;

use super::event::Event;
use super::pacific::stamp;
use super::programme::{HANDOUTS, POLLS, PRESENTER};
use super::reading::Reading;
use super::record::Record;
use super::types;

/// Dates by which the list of events is narrowed and sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateMode {
    GoodAfter,
    Updated,
    Modified,
    Creation,
    LiveStart,
    LiveEnd,
    ArchiveStart,
    ArchiveEnd,
}

impl DateMode {
    /// An unknown word is that of the start.
    pub(super) fn of(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "updated" => Self::Updated,
            "modified" => Self::Modified,
            "creation" => Self::Creation,
            "livestart" => Self::LiveStart,
            "liveend" => Self::LiveEnd,
            "archivestart" => Self::ArchiveStart,
            "archiveend" => Self::ArchiveEnd,
            _ => Self::GoodAfter,
        }
    }
}

impl Event {
    pub(super) fn date(&self, mode: DateMode, reading: &Reading<'_>) -> Timestamp {
        match mode {
            DateMode::GoodAfter => self.starts,
            DateMode::Updated => self.last_updated(reading),
            DateMode::Modified => self.modified,
            DateMode::Creation => self.created,
            DateMode::LiveStart => self.live_starts(),
            DateMode::LiveEnd => self.ends(),
            DateMode::ArchiveStart => self.archive_starts(),
            DateMode::ArchiveEnd => self.archive_ends(),
        }
    }

    /// The object of the list of events. Lists that include sub-accounts know a little less of each.
    pub(super) fn listed(&self, reading: &Reading<'_>, among_children: bool) -> Value {
        let mut record = reading.record();
        record.set("eventanalytics", self.analytics(reading));
        self.insert_common(&mut record, reading);
        record.maybe("campaigncode", self.details.campaign_code.as_deref());
        if among_children {
            record.without(&["scheduledeventduration", "localecountrycd"]);
        } else {
            record.set("createdby", "emulator");
            record.list("customeventfields", self.custom_fields());
        }
        record.set("media", media());
        record.into_value()
    }

    /// The object of `GET event/{id}`.
    pub(super) fn metadata(&self, reading: &Reading<'_>) -> Value {
        let mut record = reading.record();
        let mut analytics = self.analytics(reading);
        self.insert_counters(&mut analytics, reading);
        record.set("eventanalytics", analytics);
        record.set("eventname", self.details.summary.as_deref().unwrap_or(&self.details.title));
        record.set("eventduration", self.minutes).set("goodtill", stamp(self.archive_ends()));
        self.insert_common(&mut record, reading);
        record.list("customeventfields", self.custom_fields());
        for (name, value) in [
            ("qandaemail", "questions@product.example"),
            ("servicetype", "Self service"),
            ("sponsor", PRESENTER.company),
            ("keyword", "webinar"),
            ("industry", "Software"),
            ("singlefilearchive", "N"),
            ("presentermediavideofile", "presenter.mp4"),
            ("presentermediaaudiofile", "presenter.mp3"),
            ("socialsharingimage", "https://event.on24.example/share.png"),
        ] {
            record.set(name, value);
        }
        record.maybe("socialsharingabstract", self.details.summary.as_deref());
        record.into_value()
    }

    fn insert_common(&self, record: &mut Record, reading: &Reading<'_>) {
        self.insert_description(record, reading);
        self.insert_times(record);
        self.insert_links(record);
        self.insert_lists(record, reading);
    }

    /// What is called the description is the title.
    fn insert_description(&self, record: &mut Record, reading: &Reading<'_>) {
        let details = &self.details;
        record
            .set("eventid", self.id)
            .set("clientid", self.client)
            .set("isactive", self.active)
            .set("ishybridevent", details.is_hybrid)
            .set("regrequired", true)
            .set("description", details.title.as_str())
            .maybe("promotionalsummary", details.promotion.as_deref())
            .set("regnotificationrequired", true)
            .set("displaytimezonecd", details.zone.as_str())
            .set("eventtype", types::label(&details.kind))
            .set("category", "Marketing")
            .set("localelanguagecd", details.language.as_str())
            .maybe("localecountrycd", details.country.as_deref())
            .set("iseliteexpired", "N")
            .set("application", "Webcast Elite")
            .set("eventprofile", "Standard (918)")
            .set("streamtype", "video")
            .set("contenttype", if details.kind == "forum" { "forum" } else { "webcast" })
            .set("istestevent", details.is_test)
            .maybe("eventlocation", details.campaign_code.as_deref())
            .set("lastupdated", stamp(self.last_updated(reading)));
        for number in 1..=5 {
            record.set(&format!("eventstd{number}"), format!("Value {number}"));
        }
    }

    fn insert_times(&self, record: &mut Record) {
        record
            .set("goodafter", stamp(self.starts))
            .set("createtimestamp", stamp(self.created))
            .set("lastmodified", stamp(self.modified))
            .set("livestart", stamp(self.live_starts()))
            .set("liveend", stamp(self.ends()))
            .set("archivestart", stamp(self.archive_starts()))
            .set("archiveend", stamp(self.archive_ends()))
            .set("scheduledeventduration", self.minutes);
    }

    fn insert_links(&self, record: &mut Record) {
        let links = Links::of(self);
        record
            .set("audienceurl", links.audience)
            .set("audiencekey", links.key)
            .set("extaudienceurl", "www.product.example")
            .set("reporturl", links.report)
            .set("uploadurl", "https://wcc.on24.example/webcast/login")
            .set("pmurl", links.presenter)
            .set("previewurl", links.preview);
    }

    fn insert_lists(&self, record: &mut Record, reading: &Reading<'_>) {
        let sums = self.sums(reading);
        let codes = sums.codes.iter().map(|(code, count)| json!({ "code": code, "count": count }));
        record.list("partnerrefstats", codes.collect());
        record.list("tags", self.details.tags.iter().map(|tag| json!(tag)).collect());
        record.list("funnelstages", vec![json!("Awareness")]);
        let speaker = json!({ "name": PRESENTER.name(), "title": PRESENTER.title, "company": PRESENTER.company,
                              "description": "Speaks at every webinar of this emulator." });
        record.list("speakers", vec![speaker]);
        record.list("surveyurls", vec![json!(format!("https://event.on24.example/survey?e={}", self.id))]);
        record.list("customaccounttags", self.account_tags());
        if self.details.kind == types::BROADCAST {
            record.list("encoders", vec![self.encoder()]);
        }
    }

    pub(super) fn account_tags(&self) -> Vec<Value> {
        let tags = self.details.account_tags.iter().map(|tag| {
            json!({ "groupid": tag.group, "groupname": tag.group_name, "tagid": tag.id, "tagname": tag.name })
        });
        tags.collect()
    }

    pub(super) fn encoder(&self) -> Value {
        json!({ "encoder": "Primary", "url": "rtmp://encoder.on24.example/live",
                "streamid": format!("stream-{}", self.id) })
    }

    fn custom_fields(&self) -> Vec<Value> {
        let code = self.details.campaign_code.iter();
        code.map(|code| json!({ "name": "cost_center", "label": "Cost center", "value": code })).collect()
    }
}

fn media() -> Value {
    let polls: Vec<&str> = POLLS.iter().map(|poll| poll.question).collect();
    json!({ "audios": ["welcome.mp3"], "videos": ["presenter.mp4"], "slides": ["slides.pptx"],
            "videoclips": ["clip.mp4"], "urls": HANDOUTS.map(|_| "https://www.product.example"), "polls": polls })
}

/// The addresses of an event. All but the first are secrets of those who run it.
pub(super) struct Links {
    pub(super) key: String,
    pub(super) audience: String,
    pub(super) report: String,
    pub(super) preview: String,
    pub(super) presenter: String,
}

impl Links {
    pub(super) fn of(event: &Event) -> Self {
        let seed = event.client.unsigned_abs();
        let key = seeded::hex(seed, &format!("on24/audience/{}", event.id), 32).to_ascii_uppercase();
        let id = event.id;
        Self {
            audience: format!("https://event.on24.example/wcc/r/{id}/{key}"),
            report: format!("https://data.on24.example/webcast/report?e={id}&k={key}"),
            preview: format!("https://event.on24.example/webcast/previewlobby?e={id}&k={key}"),
            presenter: format!("https://wcc.on24.example/webcast/present?e={id}&k={key}"),
            key,
        }
    }
}
