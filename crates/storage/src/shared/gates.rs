//! Gates: one row each; what becomes of them is the domain's to say.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Serialize;
use webinar_bridge_domain::fault::Peer;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::pace::{Gate, Grant, PacePolicy, learn, through};
use webinar_bridge_domain::port::{GateKey, GateReport, Gates, GrantOrder, StoreError};
use webinar_bridge_domain::time::Timestamp;

use super::fault::Failed;
use super::{Conn, Db, Store};
use crate::record;

#[derive(Clone, Debug, sqlx::FromRow)]
struct Row {
    peer: String,
    calls: String,
    doc: String,
}

#[derive(Serialize)]
struct Wanted {
    organization: String,
    peer: &'static str,
    calls: String,
}

#[derive(Serialize)]
struct Written {
    #[serde(flatten)]
    key: Wanted,
    doc: String,
}

#[derive(Clone, Debug, sqlx::FromRow)]
struct Held {
    organization: String,
    #[sqlx(flatten)]
    row: Row,
}

const HOLD: &str = concat!(
    "SELECT g.organization, g.peer, g.calls, g.doc FROM ",
    rows!("$1"),
    " CROSS JOIN gate AS g WHERE g.organization = ",
    text!("organization"),
    " AND g.peer = ",
    text!("peer"),
    " AND g.calls = ",
    text!("calls"),
    locked!()
);
const SAVE: &str = concat!(
    "INSERT INTO gate (organization, peer, calls, doc) SELECT ",
    text!("organization"),
    ", ",
    text!("peer"),
    ", ",
    text!("calls"),
    ", ",
    text!("doc"),
    " FROM ",
    rows!("$1"),
    " WHERE true ON CONFLICT (organization, peer, calls) DO UPDATE SET doc = excluded.doc"
);
const OF: &str = "SELECT peer, calls, doc FROM gate WHERE organization = $1 ORDER BY peer, calls";

/// A peer as a column holds it.
const fn peer_name(peer: Peer) -> &'static str {
    match peer {
        Peer::Provider => "provider",
        Peer::Crm => "crm",
        Peer::Directory => "directory",
        Peer::Vault => "vault",
    }
}

fn peer_named(name: &str) -> Result<Peer, StoreError> {
    let all = [Peer::Provider, Peer::Crm, Peer::Directory, Peer::Vault];
    all.into_iter().find(|peer| peer_name(*peer) == name).ok_or_else(|| StoreError::Corrupt {
        table: "gate",
        column: "peer",
        key: "a peer".to_owned(),
    })
}

impl From<&GateKey> for Wanted {
    fn from(key: &GateKey) -> Self {
        let organization = record::id(key.organization.uuid());
        Self { organization, peer: peer_name(key.peer), calls: key.group.clone() }
    }
}

/// The gates of one transaction: what was found, what becomes of them.
struct Yard(BTreeMap<GateKey, Gate>);

impl Yard {
    /// The gates of these keys, and those of their whole peers.
    async fn open(conn: &mut Conn, keys: impl Iterator<Item = &GateKey>) -> Result<Self, Failed> {
        let both = keys.flat_map(|key| [key.clone(), GateKey::whole(key.organization, key.peer)]);
        let keys: std::collections::BTreeSet<GateKey> = both.collect();
        let wanted: Vec<Wanted> = keys.iter().map(Wanted::from).collect();
        let held: Vec<Held> =
            sqlx::query_as::<Db, _>(HOLD).bind(record::json(&wanted)?).fetch_all(conn).await?;
        let mut gates = BTreeMap::new();
        for Held { organization, row } in held {
            let organization = record::id_in("gate", "organization", &organization)?.into();
            let key = GateKey { organization, peer: peer_named(&row.peer)?, group: row.calls };
            gates.insert(key, record::read("gate", &organization, &row.doc)?);
        }
        Ok(Self(gates))
    }

    fn with<T>(
        &mut self,
        key: &GateKey,
        begins_at: Option<u32>,
        now: Timestamp,
        policy: &PacePolicy,
        work: impl FnOnce(&mut Gate, Option<&mut Gate>) -> T,
    ) -> T {
        let whole = GateKey::whole(key.organization, key.peer);
        let mut gate = |key: &GateKey, begins_at| {
            self.0.remove(key).unwrap_or_else(|| Gate::new(begins_at, now, policy))
        };
        if *key == whole {
            let mut only = gate(key, begins_at);
            let done = work(&mut only, None);
            self.0.insert(whole, only);
            return done;
        }
        let (mut all, mut group) = (gate(&whole, None), gate(key, begins_at));
        let done = work(&mut all, Some(&mut group));
        self.0.extend([(whole, all), (key.clone(), group)]);
        done
    }

    async fn close(self, conn: &mut Conn) -> Result<(), Failed> {
        let written =
            |(key, gate): (&GateKey, &Gate)| Ok(Written { key: key.into(), doc: record::document(gate)? });
        let rows: Vec<Written> = self.0.iter().map(written).collect::<Result<_, StoreError>>()?;
        sqlx::query::<Db>(SAVE).bind(record::json(&rows)?).execute(conn).await?;
        Ok(())
    }
}

async fn grant(conn: &mut Conn, orders: Vec<GrantOrder>) -> Result<Vec<Grant>, Failed> {
    let mut yard = Yard::open(conn, orders.iter().map(|order| &order.key)).await?;
    let grants = orders.iter().map(|GrantOrder { key, want, begins_at, policy, now }| {
        yard.with(key, *begins_at, *now, policy, |whole, group| through(whole, group, *want, *now, policy))
    });
    let grants = grants.collect();
    yard.close(conn).await?;
    Ok(grants)
}

async fn report(conn: &mut Conn, reports: Vec<GateReport>) -> Result<(), Failed> {
    let mut yard = Yard::open(conn, reports.iter().map(|report| &report.key)).await?;
    for GateReport { key, met, policy, now } in &reports {
        yard.with(key, None, *now, policy, |whole, group| learn(whole, group, *met, *now, policy));
    }
    yard.close(conn).await
}

#[async_trait]
impl Gates for Store {
    async fn grant(&self, orders: &[GrantOrder]) -> Result<Vec<Grant>, StoreError> {
        if orders.is_empty() {
            return Ok(vec![]);
        }
        let orders = orders.to_vec();
        self.write(move |conn| Box::pin(grant(conn, orders))).await
    }

    async fn report(&self, reports: &[GateReport]) -> Result<(), StoreError> {
        if reports.is_empty() {
            return Ok(());
        }
        let reports = reports.to_vec();
        self.write(move |conn| Box::pin(report(conn, reports))).await
    }

    async fn of(&self, organization: &OrganizationId) -> Result<Vec<(GateKey, Gate)>, StoreError> {
        let (id, owner) = (record::id(organization.uuid()), *organization);
        let rows: Vec<Row> = self
            .read(move |conn| {
                Box::pin(async move { Ok(sqlx::query_as::<Db, _>(OF).bind(id).fetch_all(conn).await?) })
            })
            .await?;
        let gate = |row: Row| {
            let gate = record::read("gate", &owner, &row.doc)?;
            Ok((GateKey { organization: owner, peer: peer_named(&row.peer)?, group: row.calls }, gate))
        };
        rows.into_iter().map(gate).collect()
    }
}
