//! What a form says about an event that is to be created or changed.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::details::{ACCOUNT_TAGS, AccountTag, Details};
use super::form::Form;
use super::pacific::{self, local};
use super::read_settings::ManagementSettings;
use super::{types, zones};

/// Something in the form is not as it has to be; ON24 does not say what.
#[derive(Debug)]
pub(super) struct Wrong;

type Checked<T> = Result<T, Wrong>;

/// The greatest lengths of a title in characters.
pub(super) const NEW_TITLE: usize = 250;
pub(super) const CHANGED_TITLE: usize = 255;

const MOST_TAGS: usize = 10;
const MOST_ACCOUNT_TAGS: usize = 3;
/// No tag has one of these.
const FORBIDDEN: &str = "£$!%&*()}{@#~?><',\"|=_+¬";

/// A form, and how it is to be understood.
pub(super) struct Brief<'a> {
    form: &'a Form<'a>,
    settings: &'a ManagementSettings,
}

impl<'a> Brief<'a> {
    pub(super) fn new(form: &'a Form<'a>, settings: &'a ManagementSettings) -> Self {
        Self { form, settings }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.form.filled(name).is_some()
    }

    pub(super) fn title(&self, limit: usize) -> Checked<Option<String>> {
        match self.form.get("title") {
            None => Ok(None),
            Some(title) if title.trim().is_empty() || title.chars().count() > limit => Err(Wrong),
            Some(title) => Ok(Some(title.to_owned())),
        }
    }

    /// Minutes: quarters of an hour up to two hours, then half hours up to eight.
    pub(super) fn minutes(&self) -> Checked<Option<u32>> {
        let Some(text) = self.form.filled("liveduration") else { return Ok(None) };
        let minutes: u32 = text.trim().parse().map_err(|_| Wrong)?;
        let step = if minutes <= 120 { 15 } else { 30 };
        let fits = (15..=480).contains(&minutes) && minutes.is_multiple_of(step);
        if fits { Ok(Some(minutes)) } else { Err(Wrong) }
    }

    /// The advertised start, of an event in this zone.
    pub(super) fn starts(&self, zone: &str) -> Checked<Option<Timestamp>> {
        let Some(text) = self.form.filled("livestart") else { return Ok(None) };
        let zone = if self.settings.start_in_pacific { None } else { zones::find(zone) };
        let asked = moment(text.trim(), &zone.unwrap_or_else(pacific::zone))?;
        let lobby = jiff::SignedDuration::from_mins(if self.settings.start_opens_lobby { 15 } else { 0 });
        asked.checked_add(lobby).map(Some).map_err(|_| Wrong)
    }

    /// Takes over into the details whatever the form has of these; those of a change are fewer.
    pub(super) fn describe(&self, details: &mut Details, is_new: bool) -> Checked<()> {
        self.place(details)?;
        self.label(details)?;
        for (name, kept) in
            [("campaigncode", &mut details.campaign_code), ("promotionalsummary", &mut details.promotion)]
        {
            self.take(name, kept);
        }
        self.flag("archiveavailable", &mut details.has_archive)?;
        if !is_new {
            return self.flag("enableregistration", &mut details.takes_registrations);
        }
        self.take("eventabstract", &mut details.summary);
        self.take("venue", &mut details.venue);
        self.take("address", &mut details.address);
        self.flag("testevent", &mut details.is_test)?;
        self.flag("hybrid", &mut details.is_hybrid)
    }

    /// The kind, the time zone, the language and its country.
    fn place(&self, details: &mut Details) -> Checked<()> {
        if let Some(kind) = self.form.filled("eventtype") {
            Some(kind.trim()).filter(|kind| types::is_kind(kind)).ok_or(Wrong)?.clone_into(&mut details.kind);
        }
        if let Some(zone) = self.form.filled("timezone") {
            zones::find(zone).ok_or(Wrong)?;
            zone.trim().clone_into(&mut details.zone);
        }
        let (language, country) = (self.form.filled("languagecd"), self.form.filled("countrycd"));
        if language.is_some() || country.is_some() {
            let language = language.unwrap_or(&details.language).trim().to_owned();
            let country = country.map(|country| country.trim().to_owned());
            if !types::is_language(&language, country.as_deref()) {
                return Err(Wrong);
            }
            (details.language, details.country) = (language, country);
        }
        Ok(())
    }

    /// The tags, one's own and those of the account; both replace what was there.
    fn label(&self, details: &mut Details) -> Checked<()> {
        let tags: Vec<String> = self.filled("tagcampaign").map(str::to_owned).collect();
        if tags.len() > MOST_TAGS || tags.iter().any(|tag| tag.contains(|c| FORBIDDEN.contains(c))) {
            return Err(Wrong);
        }
        if !tags.is_empty() {
            details.tags = tags;
        }
        let known = |id: &str| ACCOUNT_TAGS.iter().find(|tag| tag.id.to_string() == id.trim()).copied();
        let chosen = self.filled("customaccounttag").map(|id| known(id).ok_or(Wrong));
        let chosen: Vec<AccountTag> = chosen.collect::<Checked<_>>()?;
        if chosen.len() > MOST_ACCOUNT_TAGS {
            return Err(Wrong);
        }
        if !chosen.is_empty() {
            details.account_tags = chosen;
        }
        Ok(())
    }

    fn filled(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.form.all(name).filter(|value| !value.trim().is_empty())
    }

    /// A text; an empty one takes away what was there.
    fn take(&self, name: &str, kept: &mut Option<String>) {
        if let Some(value) = self.form.get(name) {
            *kept = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
    }

    fn flag(&self, name: &str, kept: &mut bool) -> Checked<()> {
        if self.has(name) {
            *kept = self.form.yes_or_no(name).map_err(|()| Wrong)?.unwrap_or(*kept);
        }
        Ok(())
    }
}

/// A point in time in one of four formats: American and without zone (then it is in that of the event), ISO 8601
/// without offset (then it is Pacific) or with one, and what JavaScript writes.
fn moment(text: &str, zone: &TimeZone) -> Checked<Timestamp> {
    if let Ok(time) = civil("%m/%d/%Y %I:%M %p", text) {
        return local(zone, time).map_err(|_| Wrong);
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return if text.contains('T') { pacific::time(text).map_err(|_| Wrong) } else { Err(Wrong) };
    }
    // The name of the zone, in brackets, says nothing that the offset does not.
    let text = text.split('(').next().unwrap_or_default().trim();
    let parsed = strtime::parse("%a %b %d %Y %H:%M:%S GMT%z", text).and_then(|time| time.to_timestamp());
    parsed.map_err(|_| Wrong)
}

fn civil(format: &str, text: &str) -> Result<DateTime, jiff::Error> {
    strtime::parse(format, text)?.to_datetime()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<String> {
        let berlin = zones::find("Europe/Berlin").unwrap();
        moment(text, &berlin).ok().map(|time| time.to_string())
    }

    #[test]
    fn on24_38_a_start_has_four_formats() {
        for (text, time) in [
            ("08/26/2027 09:00 AM", "2027-08-26T07:00:00Z"),
            ("8/26/2027 9:00 pm", "2027-08-26T19:00:00Z"),
            ("2027-08-26T09:00:00", "2027-08-26T16:00:00Z"),
            ("2027-08-26T09:00:00-07:00", "2027-08-26T16:00:00Z"),
            ("2027-08-26T09:00:00+05:30", "2027-08-26T03:30:00Z"),
            ("Thu Aug 26 2027 16:12:41 GMT+0200 (CEST)", "2027-08-26T14:12:41Z"),
            ("Thu Aug 26 2027 16:12:41 GMT+0200", "2027-08-26T14:12:41Z"),
        ] {
            assert_eq!(at(text).as_deref(), Some(time), "{text}");
        }
        for text in [
            "tomorrow",
            "2027-08-26",
            "08/26/2027",
            "26/08/2027 09:00 AM",
            "03/28/2027 02:30 AM",
            "2027-03-14T02:30:00",
            "",
            "(",
            "Thu Aug 26 2027",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
