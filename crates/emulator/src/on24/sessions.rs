//! Who watched from when to when.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::device::Device;
use super::event::Event;
use super::pacific::stamp;
use super::paging::Paging;
use super::reading::Reading;
use super::refusal::Refusal;
use super::registrant::{Registrant, Standing};
use super::viewing::Session;

const PAGE: usize = 100;

impl Event {
    /// `GET attendeesession`: all of them, or the live ones, those on demand, or those of people who are blocked.
    pub(super) fn list_sessions(&self, reading: &Reading<'_>) -> Result<Value, Refusal> {
        let window = reading.window(None)?;
        let kind = reading.get("sessiontype").unwrap_or("all").to_ascii_lowercase();
        let mut listed: Vec<(&Registrant, bool, Session)> = Vec::new();
        for (person, came) in self.attendees(reading) {
            let sessions = came.sessions().filter(|(live, session)| {
                let wanted = match kind.as_str() {
                    "live" => *live,
                    "ondemand" => !live,
                    "blocked" => person.is_blocked(),
                    _ => true,
                };
                wanted && session.start >= window.from && session.end() <= window.until
            });
            listed.extend(sessions.map(|(live, session)| (person, live, session)));
        }
        let page = Paging::of(reading, PAGE).cut(listed, reading)?;
        let mut envelope = reading.record();
        page.count(&mut envelope, "totalattendeesessions");
        let rows = page.rows.iter().map(|(person, live, session)| row(person, *live, session, reading));
        reading.rows(&mut envelope, "attendeesession", rows.collect());
        Ok(envelope.into_value())
    }
}

fn row(person: &Registrant, live: bool, session: &Session, reading: &Reading<'_>) -> Value {
    let device = Device::of(person.id);
    let known = (person.standing != Standing::Forgotten).then_some(&device);
    let mut row = reading.record();
    row.set("id", person.id);
    for name in ["email", "firstname", "lastname"] {
        row.maybe(name, person.value(name));
    }
    row.set("duration", duration(session.seconds))
        .set("starttime", second(session.start))
        .set("endtime", second(session.end()))
        .set("usage", if live { "Live" } else { "Archived" })
        .set("mediastream", "Video")
        .maybe("os", known.map(|device| device.system))
        .maybe("browser", known.map(|device| device.browser))
        .set("streamsource", "https")
        .maybe("ipaddress", known.map(|device| device.address.as_str()))
        .maybe("exteventusercd", person.value("exteventusercd"))
        .set("launchmode", device.place);
    row.into_value()
}

fn second(time: Timestamp) -> Value {
    json!(stamp(time))
}

/// Hours, minutes and seconds; the hours may be more than a day has.
fn duration(seconds: u32) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on24_32_durations_are_hours_minutes_and_seconds() {
        assert_eq!(duration(0), "00:00:00");
        assert_eq!(duration(8 * 60 + 18), "00:08:18");
        assert_eq!(duration(100 * 3600 + 1), "100:00:01");
    }
}
