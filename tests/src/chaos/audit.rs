//! The auditor: what the CRM wants beside what ON24 has, each in its own words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::program::Peers;
use crate::crm::Crm;

/// What the auditor found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Persons who are wanted.
    pub wanted: u64,
    /// Wanted, and not live.
    pub lost: u64,
    /// Live more than once.
    pub duplicated: u64,
    /// Cancelled, and live.
    pub undead: u64,
    /// Never wanted, and live.
    pub extra: u64,
    /// Live, with other details than the CRM says.
    pub stale: u64,
    /// Accepted writes, all in all.
    pub writes: u64,
}

impl Findings {
    /// Whether everything is as it should be.
    pub fn is_right(&self) -> bool {
        self.lost + self.duplicated + self.undead + self.extra + self.stale == 0
    }
}

/// Compares both sides.
pub(super) async fn audit(peers: &Peers, crm: &Crm) -> Findings {
    let query = "msevtmgt_eventregistrations?$select=msevtmgt_iscanceled\
                 &$expand=msevtmgt_ContactId($select=firstname,emailaddress1)";
    let (mut wanted, mut ever) = (BTreeMap::new(), BTreeSet::new());
    for row in crm.read(query).await {
        let contact = &row["msevtmgt_ContactId"];
        let address = text(&contact["emailaddress1"]).to_lowercase();
        if row["msevtmgt_iscanceled"] != true {
            wanted.insert(address.clone(), text(&contact["firstname"]));
        }
        ever.insert(address);
    }
    let mut findings = Findings { wanted: count(wanted.len()), ..Findings::default() };
    let mut live = BTreeSet::new();
    let state = on24_state(peers).await;
    for one in state["events"][0]["registrants"].as_array().into_iter().flatten() {
        findings.writes += one["writes"].as_u64().unwrap_or(0);
        if one["state"] != "live" {
            continue;
        }
        let address = text(&one["email"]).to_lowercase();
        match wanted.get(&address) {
            Some(name) => findings.stale += u64::from(*name != text(&one["fields"]["firstname"])),
            None if ever.contains(&address) => findings.undead += 1,
            None => findings.extra += 1,
        }
        findings.duplicated += u64::from(!live.insert(address));
    }
    findings.lost = count(wanted.keys().filter(|address| !live.contains(*address)).count());
    findings
}

/// What the emulated ON24 says of itself.
pub(super) async fn on24_state(peers: &Peers) -> Value {
    let url = format!("{}/_emulator/state", root(peers, "on24"));
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    client.get(url).send().await.expect("ON24").json().await.expect("JSON")
}

/// The root of a server's own pages.
pub(super) fn root(peers: &Peers, peer: &str) -> String {
    peers.text(peer, "base_url").trim_end_matches("/v2").to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
