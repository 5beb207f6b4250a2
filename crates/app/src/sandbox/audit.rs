//! The auditor: reads both sides through their public APIs and compares. It shares no table and no type with the
//! bridge; only how many are held, and how many minutes belong to nobody, comes from the bridge's own API.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;
use webinar_bridge_emulator::Ready;

use super::peer::{PeerError, Peers};
use super::ready::Stage;

/// What the auditor found.
pub(crate) struct Findings {
    crm: usize,
    provider: usize,
    lost: u64,
    duplicated: usize,
    undead: usize,
    extra: usize,
    held: u64,
    provider_minutes: u64,
    crm_minutes: u64,
    unmatched_minutes: u64,
    /// What else is wrong, without naming anybody.
    pub(crate) complaints: Vec<String>,
}

/// A person as the CRM has them.
struct Wanted {
    rows: u32,
    active: u32,
    first: String,
    last: String,
    company: String,
}

/// A person as ON24 has them.
struct Live {
    times: u32,
    first: String,
    last: String,
    company: String,
}

pub(crate) async fn audit(ready: &Ready, stage: &Stage, organization: Uuid) -> Result<Findings, PeerError> {
    let peers = Peers::new(ready.clone())?;
    let token = peers.token().await?;
    let crm = in_crm(&peers, &token, ready.on24.event_id).await?;
    let live = at_on24(&peers, ready.on24.event_id).await?;
    let url = format!("{}/api/v1/organizations/{organization}/balance", stage.console);
    let balance = peers.bridge(Method::GET, &url, &stage.api_token, None).await?;
    let attendees = peers.on24(&format!("event/{}/attendee?userstatus=any", ready.on24.event_id)).await?;
    let check_ins = peers.rows(&token, "msevtmgt_checkins?$select=msevtmgt_viewingdurationinmins").await?;
    let held = balance["persons"]["held"].as_u64().unwrap_or(0);
    let mut findings = compare(&crm, &live, held);
    findings.provider_minutes = list(&attendees, "attendees").iter().map(minutes).sum();
    findings.crm_minutes =
        check_ins.iter().filter_map(|row| row["msevtmgt_viewingdurationinmins"].as_u64()).sum();
    findings.unmatched_minutes = balance["minutes"]["unmatched"].as_u64().unwrap_or(0);
    if balance["adds_up"] != json!(true) {
        findings.complaints.push("the bridge's own balance does not add up".to_owned());
    }
    Ok(findings)
}

async fn in_crm(peers: &Peers, token: &str, event: i64) -> Result<BTreeMap<String, Wanted>, PeerError> {
    let query = format!(
        "msevtmgt_eventregistrations?$select=msevtmgt_iscanceled,statecode\
         &$filter=msevtmgt_EventId/msevtmgt_webinarid eq '{event}'\
         &$expand=msevtmgt_ContactId($select=firstname,lastname,emailaddress1;\
         $expand=parentcustomerid_account($select=name))"
    );
    let mut people = BTreeMap::new();
    for row in peers.rows(token, &query).await? {
        let contact = &row["msevtmgt_ContactId"];
        let Some(address) = contact["emailaddress1"].as_str().map(canonical) else { continue };
        let active = row["msevtmgt_iscanceled"] != json!(true) && row["statecode"] == json!(0);
        let wanted = people.entry(address).or_insert_with(|| Wanted {
            rows: 0,
            active: 0,
            first: text(contact, "firstname"),
            last: text(contact, "lastname"),
            company: text(&contact["parentcustomerid_account"], "name"),
        });
        wanted.rows += 1;
        wanted.active += u32::from(active);
    }
    Ok(people)
}

async fn at_on24(peers: &Peers, event: i64) -> Result<BTreeMap<String, Live>, PeerError> {
    let answer = peers.on24(&format!("event/{event}/registrant?userstatus=any")).await?;
    let mut people = BTreeMap::new();
    for row in list(&answer, "registrants").iter().filter(|row| row["userstatus"] == json!("active")) {
        let live = people.entry(canonical(row["email"].as_str().unwrap_or(""))).or_insert_with(|| Live {
            times: 0,
            first: text(row, "firstname"),
            last: text(row, "lastname"),
            company: text(row, "company"),
        });
        live.times += 1;
    }
    Ok(people)
}

fn compare(crm: &BTreeMap<String, Wanted>, live: &BTreeMap<String, Live>, held: u64) -> Findings {
    let wanted: BTreeSet<&String> = crm.iter().filter(|(_, p)| p.active > 0).map(|(who, _)| who).collect();
    let missing = wanted.iter().filter(|who| !live.contains_key(**who)).count() as u64;
    let complaints = wanted.iter().flat_map(|who| differences(crm.get(*who), live.get(*who))).collect();
    Findings {
        crm: wanted.len(),
        provider: wanted.iter().filter(|who| live.contains_key(**who)).count(),
        lost: missing.saturating_sub(held),
        duplicated: live.values().filter(|person| person.times > 1).count(),
        undead: crm.iter().filter(|(who, person)| person.active == 0 && live.contains_key(*who)).count(),
        extra: live.keys().filter(|who| !crm.contains_key(*who)).count(),
        held: missing.min(held),
        provider_minutes: 0,
        crm_minutes: 0,
        unmatched_minutes: 0,
        complaints,
    }
}

/// Which of a person's details did not arrive, without naming anybody. Somebody with several rows may be known by any of
/// them.
fn differences(wanted: Option<&Wanted>, live: Option<&Live>) -> Vec<String> {
    let (Some(wanted), Some(live)) = (wanted, live) else { return vec![] };
    let fields = [
        ("first name", &wanted.first, &live.first),
        ("last name", &wanted.last, &live.last),
        ("company", &wanted.company, &live.company),
    ];
    let differ = fields.into_iter().filter(|(_, crm, on24)| wanted.rows == 1 && crm != on24);
    let complaint = |(field, crm, on24): (&str, &String, &String)| {
        let (crm, on24) = (crm.chars().count(), on24.chars().count());
        format!(
            "somebody's {field} is another at ON24 ({on24} characters) than in the CRM ({crm} characters)"
        )
    };
    differ.map(complaint).collect()
}

impl Findings {
    pub(crate) fn balanced(&self) -> bool {
        let wrong = self.lost + (self.duplicated + self.undead + self.extra) as u64;
        let registrations = self.crm as u64 == self.provider as u64 + self.held + self.lost;
        let minutes = self.provider_minutes == self.crm_minutes + self.unmatched_minutes;
        wrong == 0 && registrations && minutes && self.complaints.is_empty()
    }

    pub(crate) fn line(&self, elapsed: SignedDuration) -> Value {
        json!({
            "kind": "report",
            "balanced": self.balanced(),
            "registrations": {
                "crm": self.crm, "provider": self.provider, "lost": self.lost, "duplicated": self.duplicated,
                "undead": self.undead, "extra": self.extra, "held": self.held,
            },
            "minutes": {
                "provider": self.provider_minutes, "crm": self.crm_minutes, "unmatched": self.unmatched_minutes,
            },
            "elapsed_ms": u64::try_from(elapsed.as_millis()).unwrap_or(0),
        })
    }

    pub(crate) fn block(&self, elapsed: SignedDuration) -> String {
        let verdict = if self.balanced() { "Both sides agree." } else { "The two sides do NOT agree." };
        format!(
            "\n  Audit, read from the pretend services themselves\n\
             \x20 Persons wanted in Dynamics  {:>7} = {} at ON24 + {} held + {} lost\n\
             \x20 Duplicated {}, undead {}, extra {}\n\
             \x20 Minutes at ON24             {:>7} = {} in Dynamics + {} unmatched\n\
             \x20 {verdict} ({:.1} s)\n",
            self.crm,
            self.provider,
            self.held,
            self.lost,
            self.duplicated,
            self.undead,
            self.extra,
            self.provider_minutes,
            self.crm_minutes,
            self.unmatched_minutes,
            elapsed.as_secs_f64(),
        )
    }
}

/// Live and on-demand minutes, of the cumulative pair where ON24 gives it.
fn minutes(attendee: &Value) -> u64 {
    let of = |cumulative: &str, plain: &str| {
        attendee[cumulative].as_u64().or_else(|| attendee[plain].as_u64()).unwrap_or(0)
    };
    of("cumulativeliveminutes", "liveminutes") + of("cumulativearchiveminutes", "archiveminutes")
}

fn canonical(address: &str) -> String {
    address.trim().nfc().collect::<String>().to_lowercase()
}

fn text(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap_or("").to_owned()
}

fn list<'a>(answer: &'a Value, key: &str) -> &'a [Value] {
    answer[key].as_array().map_or(&[], Vec::as_slice)
}
