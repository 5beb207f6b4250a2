//! The console's rarer parts, and what attendees leave in them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::engagement::{Deed, Engagement};
use super::pacific::stamp;
use super::programme::certificate_id;
use super::record::Record;

/// A list of the attendee, and the name, type and action of the widget behind it.
pub(super) struct Widget {
    pub(super) list: &'static str,
    name: &'static str,
    kind: &'static str,
    action: &'static str,
}

pub(super) const WIDGETS: [Widget; 6] = [
    Widget {
        list: "meetingconversions",
        name: "Meet us",
        kind: "book_a_meeting",
        action: "https://meet.example",
    },
    Widget {
        list: "democonversions",
        name: "See it",
        kind: "request_a_demo",
        action: "demo@product.example",
    },
    Widget { list: "freetrial", name: "Try it", kind: "free_trial", action: "trial@product.example" },
    Widget { list: "contactus", name: "Write to us", kind: "contactus", action: "sales@product.example" },
    Widget { list: "drift", name: "startConversation", kind: "drift", action: "Chat" },
    Widget { list: PRICING, name: "Price quote", kind: "price_quote", action: "https://prices.example" },
];

/// The list with ids that are numbers; they are texts in all the others.
const PRICING: &str = "getpricing";

pub(super) const REACTIONS: [&str; 3] = ["Applause", "Heart", "Thumbs up"];

/// The lists of an attendee that few have.
pub(super) fn insert(record: &mut Record, event: i64, starts: Timestamp, done: &Engagement) {
    let tweets = done
        .tweets
        .iter()
        .map(|at| json!({ "date": stamp(*at), "tweetdescription": "Watching a webinar #webinar" }));
    record.list("twitterwidget", tweets.collect());
    insert_trial(record, done);
    insert_certificate(record, event, done);
    for (number, widget) in WIDGETS.iter().enumerate() {
        let used = done.widgets.iter().filter(|deed| deed.what == number);
        record.list(widget.list, used.map(|deed| widget.used(event, deed)).collect());
    }
    let breakouts = done.breakout_minutes.iter().map(|minutes| {
        json!({ "breakoutid": "4816", "breakoutname": "Room of one's own", "breakoutrole": "Attendee",
                "breakoutcumulativeliveminutes": minutes })
    });
    record.list("breakouts", breakouts.collect());
    let meetings = done.meetings.iter().map(|meetings| json!({ "meetingsbooked": meetings }));
    record.list("calendly", meetings.collect());
    record.list("shareidea", done.ideas.iter().map(|at| idea(event, *at)).collect());
    record.list("reactions", done.reactions.iter().map(|deed| reaction(starts, deed)).collect());
}

impl Widget {
    fn used(&self, event: i64, deed: &Deed) -> Value {
        let id = event * 10 + 70 + i64::try_from(deed.what).unwrap_or_default();
        let id = if self.list == PRICING { json!(id) } else { json!(id.to_string()) };
        json!({ "widgetid": id, "widgetname": self.name,
                "widgettype": self.kind, "widgetaction": self.action,
                "widgetsubmittedtimestamp": stamp(deed.at) })
    }
}

fn insert_trial(record: &mut Record, done: &Engagement) {
    let word = |passed: bool| if passed { "P" } else { "F" };
    let trials = done.trial.iter().map(|trial| {
        json!({ "testwidgetresult": word(trial.passed), "retries": trial.retries,
                "correctanswersneeded": 2, "correctanswersprovided": if trial.passed { 2 } else { 1 } })
    });
    record.list("testwidgets", trials.collect());
    record.maybe("testwidgetresult", done.trial.map(|trial| word(trial.passed)));
}

fn insert_certificate(record: &mut Record, event: i64, done: &Engagement) {
    let at = done.certificate.map(stamp);
    record.maybe("certificationwidgetresult", at.as_ref().map(|_| "C"));
    record.maybe("certificationcredit", at.as_ref().map(|_| "NR"));
    record.maybe("certificationtimestamp", at.clone());
    let id = certificate_id(event);
    let certificates = at.iter().map(|at| {
        json!({ "certificationid": id, "certificationresult": "C", "certificationname": "Certificate of attendance",
                "certificationcredit": "NR", "certificationtimestamp": at,
                "certificationurl": format!("https://event.on24.example/certificate_{id}.pdf") })
    });
    record.list("certifications", certificates.collect());
}

fn idea(event: i64, at: Timestamp) -> Value {
    json!({ "topic": "What next?", "type": "IDEA", "description": "Subtitles, please", "ideanumber": event % 100_000,
            "rating": 1, "datetime": stamp(at) })
}

fn reaction(starts: Timestamp, deed: &Deed) -> Value {
    let after = deed.at.duration_since(starts).as_secs();
    json!({ "type": REACTIONS[deed.what % REACTIONS.len()], "timefromstart": after, "datetime": stamp(deed.at) })
}
