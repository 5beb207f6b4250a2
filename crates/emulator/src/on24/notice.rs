//! The mails of an event: which are sent, and what became of them.

use serde_json::{Value, json};

use super::event::Event;
use super::pacific::stamp;
use super::reading::Reading;

/// Type, when it is sent, and its subject.
const MAILS: [(&str, &str, &str); 3] = [
    ("Confirmation Email", "Upon registration", "You are registered for #EVENTTITLE#"),
    ("Reminder Email #1", "Custom Date and Time", "Tomorrow: #EVENTTITLE#"),
    ("Follow Up Email", "After the event", "Thank you for your time"),
];
const SENDER: &str = "webinars@on24.example";
/// Of so many who get a mail, one does not open it, and of so many who open it, one clicks.
const UNOPENED_IN: u64 = 3;
const CLICKED_IN: u64 = 4;

impl Event {
    /// `GET email`: how the mails are set up.
    pub(super) fn mails(&self) -> Value {
        let mails = MAILS.iter().zip(1..).map(|((kind, when, subject), number)| {
            json!({ "emailid": self.id * 10 + number, "emailtype": kind, "activated": "Y", "whentosend": when,
                    "goodafter": stamp(self.created), "from": SENDER, "fromlabel": "Webinars", "replyto": SENDER,
                    "subject": subject, "body": "<p>#EVENTTITLE# begins at #EVENTDATE#.</p>" })
        });
        json!({ "eventid": self.id, "emails": mails.collect::<Value>() })
    }

    /// `GET emailstatistics`: as many were sent as people are registered who want the event's mails.
    pub(super) fn mail_statistics(&self, reading: &Reading<'_>) -> Value {
        let wants = |flag: &str| flag.eq_ignore_ascii_case("y");
        let people = self.registered(reading).filter(|person| person.value("eventemail").is_some_and(wants));
        let sent = u64::try_from(people.count()).unwrap_or(u64::MAX);
        let opened = sent - sent / UNOPENED_IN;
        let clicked = opened / CLICKED_IN;
        let (kind, _, subject) = MAILS[0];
        json!({ "eventId": self.id, "emailStatistics": [{ "email": kind, "subject": subject, "sent": sent,
                "opened": opened, "openrate": rate(opened, sent), "delivered": sent,
                "deliveryrate": rate(sent, sent), "clicked": clicked, "clickedthroughrate": rate(clicked, sent),
                "clicktoopenrate": rate(clicked, opened) }] })
    }

    /// `GET calendarreminder`.
    pub(super) fn calendar_reminder(&self) -> Value {
        json!({ "eventid": self.id, "reminder": "15 Minutes", "subject": "#EVENTTITLE#", "location": "Online",
                "body": "Enter at #AUDIENCEURL#." })
    }
}

/// A share from 0 to 1, in hundredths.
fn rate(part: u64, whole: u64) -> f64 {
    let hundredths = (part * 100).checked_div(whole).and_then(|share| u32::try_from(share).ok());
    f64::from(hundredths.unwrap_or_default()) / 100.0
}
