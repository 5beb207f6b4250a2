use std::sync::atomic::{AtomicI64, AtomicU32};

use uuid::Uuid;
use webinar_bridge_domain::fault::{Code, Peer};

use super::*;

const A: u128 = 1;
const B: u128 = 2;

#[derive(Default)]
struct Hands(AtomicI64);

impl Hands {
    fn turn(&self, by: SignedDuration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A cache with a clock and a count of loads.
struct World {
    clock: Arc<Hands>,
    cache: Cache<u32>,
    loads: AtomicU32,
}

impl World {
    fn new(settings: CacheSettings) -> Self {
        let clock = Arc::new(Hands::default());
        let cache = Cache::new(settings, Arc::clone(&clock) as Arc<dyn Clock>);
        Self { clock, cache, loads: AtomicU32::new(0) }
    }

    /// Each load gives its own number, so that an answer tells which load it is of.
    async fn get(&self, organization: u128, fault: Option<FaultKind>) -> Result<u32, FaultKind> {
        let load = async {
            let value = self.loads.fetch_add(1, Ordering::SeqCst) + 1;
            match fault {
                None => Ok(Loaded { value, key_id: format!("key of {organization}") }),
                Some(kind) => Err(Fault::new(kind, Peer::Vault, "unwrap", Code::new("test"))),
            }
        };
        self.cache.get(id(organization), load).await.map(|value| *value).map_err(|fault| fault.kind)
    }

    fn held(&self) -> usize {
        self.cache.slots().len()
    }
}

fn id(organization: u128) -> OrganizationId {
    OrganizationId::from(Uuid::from_u128(organization))
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn denied() -> FaultKind {
    FaultKind::Denied { why: Some(Code::new("vault.forbidden")) }
}

const OUTAGES: [FaultKind; 2] = [FaultKind::Transient, FaultKind::Throttled { after: None }];

#[tokio::test]
async fn what_is_fresh_is_not_loaded_again() {
    let world = World::new(CacheSettings::default());
    assert_eq!(world.get(A, None).await, Ok(1));
    world.clock.turn(minutes(15) - SignedDuration::from_secs(1));
    assert_eq!(world.get(A, None).await, Ok(1));
    assert_eq!(world.get(B, None).await, Ok(2), "each organization has its own");
    world.clock.turn(SignedDuration::from_secs(1));
    assert_eq!(world.get(A, None).await, Ok(3));
}

#[tokio::test]
async fn an_outage_is_bridged_for_an_hour_and_no_longer() {
    for outage in OUTAGES {
        let world = World::new(CacheSettings::default());
        assert_eq!(world.get(A, None).await, Ok(1));
        world.clock.turn(minutes(75) - SignedDuration::from_secs(1));
        assert_eq!(world.get(A, Some(outage.clone())).await, Ok(1));
        world.clock.turn(SignedDuration::from_secs(1));
        assert_eq!(world.get(A, Some(outage.clone())).await, Err(outage));
        world.clock.turn(minutes(-10));
        assert_eq!(world.get(A, None).await, Ok(4), "it was dropped, and stays so");
    }
}

#[tokio::test]
async fn without_a_window_an_outage_is_an_outage() {
    let world = World::new(CacheSettings { outage: SignedDuration::ZERO, ..CacheSettings::default() });
    assert_eq!(world.get(A, None).await, Ok(1));
    world.clock.turn(minutes(15));
    assert_eq!(world.get(A, Some(FaultKind::Transient)).await, Err(FaultKind::Transient));
}

#[tokio::test]
async fn a_vault_that_is_out_is_not_asked_at_every_turn() {
    let world = World::new(CacheSettings::default());
    assert_eq!(world.get(A, None).await, Ok(1));
    world.clock.turn(minutes(20));
    for _ in 0..10 {
        assert_eq!(world.get(A, Some(FaultKind::Transient)).await, Ok(1));
    }
    assert_eq!(world.loads.load(Ordering::SeqCst), 2);
    world.clock.turn(PAUSE);
    assert_eq!(world.get(A, None).await, Ok(3), "it is asked again after a while");
}

#[tokio::test]
async fn only_an_outage_is_bridged() {
    for kind in
        [denied(), FaultKind::Unauthorised { version: 1 }, FaultKind::Invalid { field: Code::new("x") }]
    {
        let world = World::new(CacheSettings::default());
        assert_eq!(world.get(A, None).await, Ok(1));
        world.clock.turn(minutes(15));
        assert_eq!(world.get(A, Some(kind.clone())).await, Err(kind));
    }
}

#[tokio::test]
async fn however_many_ask_one_loads() {
    let world = World::new(CacheSettings::default());
    let (one, two, three) = tokio::join!(slow(&world), world.get(A, None), world.get(A, None));
    assert_eq!((one, two, three), (Ok(7), Ok(7), Ok(7)));
    assert_eq!(world.loads.load(Ordering::SeqCst), 0);
}

/// A load that lets the others run before it ends.
async fn slow(world: &World) -> Result<u32, FaultKind> {
    let load = async {
        tokio::task::yield_now().await;
        Ok(Loaded { value: 7, key_id: "key of 1".to_owned() })
    };
    world.cache.get(id(A), load).await.map(|value| *value).map_err(|fault| fault.kind)
}

#[tokio::test]
async fn who_waited_for_an_outage_shares_it() {
    let world = World::new(CacheSettings::default());
    let failing = async {
        tokio::task::yield_now().await;
        Err(Fault::new(FaultKind::Transient, Peer::Vault, "unwrap", Code::new("test")))
    };
    let (first, second) = tokio::join!(world.cache.get(id(A), failing), world.get(A, None));
    assert!(first.is_err());
    assert_eq!(second, Err(FaultKind::Transient));
    assert_eq!(world.get(A, None).await, Ok(1), "who comes later asks anew");
}

#[tokio::test]
async fn what_is_forgotten_is_loaded_again() {
    let world = World::new(CacheSettings::default());
    assert_eq!((world.get(A, None).await, world.get(B, None).await), (Ok(1), Ok(2)));
    world.cache.forget(id(A));
    assert_eq!((world.get(A, None).await, world.get(B, None).await), (Ok(3), Ok(2)));
    world.cache.purge();
    assert_eq!((world.get(A, None).await, world.get(B, None).await), (Ok(4), Ok(5)));
}

#[tokio::test]
async fn one_key_is_purged_without_the_others() {
    let world = World::new(CacheSettings::default());
    assert_eq!((world.get(A, None).await, world.get(B, None).await), (Ok(1), Ok(2)));
    world.cache.purge_key("key of 2");
    assert_eq!((world.get(A, None).await, world.get(B, None).await), (Ok(1), Ok(3)));
}

#[tokio::test]
async fn a_purge_during_a_load_is_not_undone_by_it() {
    type Purge = fn(&Cache<u32>);
    let purges: [Purge; 3] =
        [|cache| cache.purge(), |cache| cache.forget(id(A)), |cache| cache.purge_key("key of 2")];
    for purge in purges {
        let world = World::new(CacheSettings::default());
        let purging = async {
            purge(&world.cache);
            Ok(Loaded { value: 9, key_id: "key of 1".to_owned() })
        };
        let waiting = world.get(A, None);
        let (first, second) = tokio::join!(world.cache.get(id(A), purging), waiting);
        assert_eq!(first.map(|value| *value), Ok(9), "whoever asked is answered");
        assert_eq!(second, Ok(1), "whoever waited loads anew");
    }
}

#[tokio::test]
async fn what_was_purged_while_it_was_loaded_is_not_kept() {
    let world = World::new(CacheSettings::default());
    let purging = async {
        world.cache.purge_key("key of 1");
        Ok(Loaded { value: 9, key_id: "key of 1".to_owned() })
    };
    assert!(world.cache.get(id(A), purging).await.is_ok());
    assert!(world.cache.slot(id(A)).stock.lock().await.held.is_none());
}

#[tokio::test]
async fn a_purge_that_meets_a_reader_takes_effect_after_it() {
    let world = World::new(CacheSettings::default());
    assert_eq!(world.get(A, None).await, Ok(1));
    let slot = world.cache.slot(id(A));
    let reader = slot.stock.lock().await;
    world.cache.purge_key("key of 1");
    drop(reader);
    assert_eq!(world.get(A, None).await, Ok(2));
}

#[tokio::test]
async fn what_nobody_may_use_any_more_is_dropped() {
    let world = World::new(CacheSettings::default());
    assert_eq!(world.get(A, None).await, Ok(1));
    world.clock.turn(minutes(75));
    assert_eq!(world.get(B, None).await, Ok(2));
    assert_eq!(world.held(), 1, "the other's load swept it away");
}

#[tokio::test]
async fn a_clock_that_goes_back_lengthens_no_life() {
    let world = World::new(CacheSettings::default());
    assert_eq!(world.get(A, None).await, Ok(1));
    world.clock.turn(SignedDuration::from_secs(-2));
    assert_eq!(world.get(A, None).await, Ok(1), "a small step is no matter");
    world.clock.turn(minutes(-120));
    assert_eq!(world.get(A, Some(FaultKind::Transient)).await, Err(FaultKind::Transient));
}
