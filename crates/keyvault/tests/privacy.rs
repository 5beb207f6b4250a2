//! The privacy: what it promises of people.
#![expect(clippy::unwrap_used, reason = "a test that cannot arrange its world has failed")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use support::{Hands, Shelf, Turned, ada, code, installations, organization, seeded};
use uuid::Uuid;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Peer};
use webinar_bridge_domain::person::{Address, Details, Digest, SealedDetails, SealedPerson};
use webinar_bridge_domain::port::{
    ConcealOrder, KeyShelf, KeyWrap, KeysOrder, Privacy, RevealOrder, StoreError, Vault,
};
use webinar_bridge_domain::time::SignedDuration;
use webinar_bridge_keyvault::{CacheSettings, EnvelopeVault, SealingPrivacy, sealed_under};

const ROW: Uuid = Uuid::from_u128(77);

/// A privacy with everything it stands on.
struct World {
    house: Arc<Turned>,
    shelf: Arc<Shelf>,
    clock: Arc<Hands>,
    privacy: SealingPrivacy,
}

impl World {
    fn new() -> Self {
        Self::over(Arc::new(Shelf::default()), 1)
    }

    /// A replica: the same shelf, other chances.
    fn over(shelf: Arc<Shelf>, seed: u64) -> Self {
        let (house, clock) = (Arc::new(Turned::default()), Arc::new(Hands::default()));
        let wrap = Arc::clone(&house) as Arc<dyn KeyWrap>;
        let vault: Arc<dyn Vault> = Arc::new(EnvelopeVault::new(wrap, installations(), seeded(seed)));
        let privacy = SealingPrivacy::new(
            vault,
            Arc::clone(&shelf) as Arc<dyn KeyShelf>,
            Arc::<Hands>::clone(&clock),
            seeded(seed + 100),
            CacheSettings::default(),
        );
        Self { house, shelf, clock, privacy }
    }

    async fn conceal(&self, of: u128, row: Uuid, details: Details) -> Result<SealedPerson, Fault> {
        let order = ConcealOrder { organization: organization(of), people: vec![(row, details)] };
        self.privacy.conceal(&order).await.map(|mut people| people.remove(0))
    }

    async fn reveal(&self, of: u128, row: Uuid, details: &SealedDetails) -> Result<Details, Fault> {
        let order = RevealOrder { organization: organization(of), sealed: vec![(row, details.clone())] };
        self.privacy.reveal(&order).await.map(|mut people| people.remove(0))
    }

    async fn sealed_ada(&self) -> SealedPerson {
        self.conceal(1, ROW, ada()).await.unwrap()
    }

    fn calls(&self) -> u32 {
        self.house.calls.load(Ordering::SeqCst)
    }
}

fn invalid(answer: Result<Details, Fault>) {
    let fault = answer.unwrap_err();
    assert_eq!(code(&fault), "privacy.invalid");
    assert_eq!(fault.kind, FaultKind::Invalid { field: Code::new("privacy.invalid") });
}

#[tokio::test]
async fn who_is_concealed_is_revealed_as_typed() {
    let world = World::new();
    let plain = Details {
        address: Address::new("  Zoë@Example.COM "),
        first_name: String::new(),
        last_name: "\u{0}\"\\\n\u{1f600}".to_owned(),
        company: "x".repeat(5_000),
        job_title: String::new(),
        more: BTreeMap::from([(String::new(), String::new()), ("a".to_owned(), "b".to_owned())]),
    };
    for details in [ada(), plain] {
        let sealed = world.conceal(1, ROW, details.clone()).await.unwrap();
        assert!(world.reveal(1, ROW, &sealed.details).await.unwrap() == details);
    }
}

#[tokio::test]
async fn nothing_sealed_shows_a_name() {
    let sealed = World::new().sealed_ada().await;
    let bytes = String::from_utf8_lossy(sealed.details.as_bytes()).to_lowercase();
    for word in ["ada", "lovelace", "engines", "countess", "poetical", "example"] {
        assert!(!bytes.contains(word), "{word}");
    }
}

#[tokio::test]
async fn the_same_details_seal_differently_and_digest_alike() {
    let world = World::new();
    let (one, two) = (world.sealed_ada().await, world.sealed_ada().await);
    assert_ne!(one.details, two.details);
    assert_eq!((one.digest, one.key), (two.digest, two.key));
    let elsewhere = world.conceal(1, Uuid::from_u128(78), ada()).await.unwrap();
    assert_eq!(elsewhere.digest, one.digest, "a digest is of the details, not of the row");
}

#[tokio::test]
async fn every_detail_counts_in_the_digest() {
    let world = World::new();
    let changes: [fn(&mut Details); 10] = [
        |details| details.address = Address::new("ada@Example.com"),
        |details| details.first_name.push(' '),
        |details| details.last_name = "LOVELACE".to_owned(),
        |details| details.company.clear(),
        |details| details.job_title = "countess".to_owned(),
        |details| details.more.clear(),
        |details| drop(details.more.insert("std2".to_owned(), String::new())),
        |details| drop(details.more.insert("std1".to_owned(), "prosaic".to_owned())),
        |details| core::mem::swap(&mut details.first_name, &mut details.last_name),
        |details| {
            details.first_name = "AdaL".to_owned();
            details.last_name = "ovelace".to_owned();
        },
    ];
    let mut digests: Vec<Digest> = vec![world.sealed_ada().await.digest];
    for change in changes {
        let mut details = ada();
        change(&mut details);
        digests.push(world.conceal(1, ROW, details).await.unwrap().digest);
    }
    let count = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), count);
}

#[tokio::test]
async fn an_organization_shares_nothing_with_another() {
    let world = World::new();
    let (here, there) = (world.sealed_ada().await, world.conceal(2, ROW, ada()).await.unwrap());
    assert_ne!(here.key, there.key);
    assert_ne!(here.digest, there.digest);
    invalid(world.reveal(2, ROW, &here.details).await);
}

#[tokio::test]
async fn details_of_another_row_do_not_open() {
    let world = World::new();
    let sealed = world.sealed_ada().await;
    invalid(world.reveal(1, Uuid::from_u128(78), &sealed.details).await);
}

#[tokio::test]
async fn no_flipped_bit_and_no_piece_of_details_opens() {
    let world = World::new();
    let whole = world.sealed_ada().await.details.as_bytes().to_vec();
    let mut forged: Vec<Vec<u8>> = (0..whole.len()).map(|at| whole[..at].to_vec()).collect();
    forged.push([&whole[..], &[0]].concat());
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        forged.push(flipped);
    }
    for bytes in forged {
        invalid(world.reveal(1, ROW, &SealedDetails::new(bytes)).await);
    }
}

#[tokio::test]
async fn one_bad_item_refuses_a_batch() {
    let world = World::new();
    let sealed = world.sealed_ada().await.details;
    let sealed = vec![(ROW, sealed.clone()), (Uuid::from_u128(78), sealed)];
    let order = RevealOrder { organization: organization(1), sealed };
    assert_eq!(code(&world.privacy.reveal(&order).await.unwrap_err()), "privacy.invalid");
}

#[tokio::test]
async fn a_key_finds_a_person_however_the_address_is_spelt() {
    let world = World::new();
    let typed = ["Ada@Example.com", " ada@example.COM ", "ada+1@example.com", "nobody", ""];
    let addresses = typed.map(Address::new).to_vec();
    let order = KeysOrder { organization: organization(1), addresses };
    let keys = world.privacy.keys(&order).await.unwrap();
    assert_eq!(keys.len(), typed.len());
    assert_eq!(keys[0], Some(world.sealed_ada().await.key));
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[0], keys[2]);
    assert_eq!(keys[3..], [None, None]);
}

#[tokio::test]
async fn who_has_no_address_is_refused() {
    let world = World::new();
    let details = Details { address: Address::new("nobody"), ..ada() };
    assert_eq!(code(&world.conceal(1, ROW, details).await.unwrap_err()), "privacy.no_address");
}

#[tokio::test]
async fn hundreds_cost_one_unwrapping_and_keep_their_order() {
    let world = World::new();
    let people: Vec<_> = (0..500_u128)
        .map(|n| (Uuid::from_u128(n), Details { first_name: format!("Ada {n}"), ..ada() }))
        .collect();
    let order = ConcealOrder { organization: organization(1), people: people.clone() };
    let sealed = world.privacy.conceal(&order).await.unwrap();
    let rows = people.iter().zip(&sealed).map(|((row, _), sealed)| (*row, sealed.details.clone())).collect();
    let order = RevealOrder { organization: organization(1), sealed: rows };
    let revealed = world.privacy.reveal(&order).await.unwrap();
    assert!(revealed.iter().eq(people.iter().map(|(_, details)| details)));
    assert_eq!(world.calls(), 2, "one to wrap the new data key, one to unwrap it");
}

#[tokio::test]
async fn nobody_costs_nothing() {
    let world = World::new();
    let organization = organization(1);
    assert!(world.privacy.conceal(&ConcealOrder { organization, people: vec![] }).await.unwrap().is_empty());
    assert!(world.privacy.reveal(&RevealOrder { organization, sealed: vec![] }).await.unwrap().is_empty());
    assert!(world.privacy.keys(&KeysOrder { organization, addresses: vec![] }).await.unwrap().is_empty());
    assert_eq!(world.calls(), 0);
    assert!(world.shelf.kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_data_key_stands_on_the_shelf_as_an_envelope() {
    let world = World::new();
    world.sealed_ada().await;
    let kept = world.shelf.kept.lock().unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(sealed_under(&kept[&organization(1)]), Some("turned/1"));
}

#[tokio::test]
async fn replicas_agree_on_the_first_data_key() {
    let shelf = Arc::new(Shelf::default());
    let (one, two) = (World::over(Arc::clone(&shelf), 1), World::over(shelf, 2));
    let (here, there) = tokio::join!(one.sealed_ada(), two.sealed_ada());
    assert_eq!((here.key, here.digest), (there.key, there.digest));
    assert!(two.reveal(1, ROW, &here.details).await.unwrap() == ada());
}

#[tokio::test]
async fn a_data_key_of_another_organization_is_of_no_use() {
    let world = World::new();
    world.sealed_ada().await;
    let moved = world.shelf.kept.lock().unwrap()[&organization(1)].clone();
    world.shelf.kept.lock().unwrap().insert(organization(2), moved);
    assert_eq!(code(&world.conceal(2, ROW, ada()).await.unwrap_err()), "envelope.invalid");
}

#[tokio::test]
async fn without_a_data_key_nothing_opens_and_none_is_made() {
    let world = World::new();
    let sealed = world.sealed_ada().await;
    world.shelf.destroy(&organization(1)).await.unwrap();
    world.privacy.forget(organization(1));
    invalid(world.reveal(1, ROW, &sealed.details).await);
    assert!(world.shelf.kept.lock().unwrap().is_empty());
    assert_ne!(world.sealed_ada().await.key, sealed.key, "a new data key knows nobody of old");
    invalid(world.reveal(1, ROW, &sealed.details).await);
}

#[tokio::test]
async fn a_data_key_is_fetched_again_after_its_time() {
    let world = World::new();
    world.sealed_ada().await;
    let before = world.calls();
    world.clock.turn(SignedDuration::from_mins(14));
    world.sealed_ada().await;
    assert_eq!(world.calls(), before);
    world.clock.turn(SignedDuration::from_mins(1));
    world.sealed_ada().await;
    assert_eq!(world.calls(), before + 1);
    world.privacy.forget(organization(1));
    world.sealed_ada().await;
    assert_eq!(world.calls(), before + 2);
}

#[tokio::test]
async fn a_vault_that_is_out_stops_newcomers_only() {
    let world = World::new();
    let sealed = world.sealed_ada().await;
    world.clock.turn(SignedDuration::from_mins(60));
    let fault = Fault::new(FaultKind::Transient, Peer::Vault, "unwrap", Code::new("transport.timeout"));
    *world.house.fault.lock().unwrap() = Some(fault.clone());
    assert!(world.reveal(1, ROW, &sealed.details).await.unwrap() == ada());
    assert_eq!(world.conceal(2, ROW, ada()).await.unwrap_err(), fault);
}

#[tokio::test]
async fn a_shelf_that_fails_is_a_fault() {
    let errors = [
        (StoreError::Unavailable("busy".to_owned()), FaultKind::Transient),
        (StoreError::Full("disk".to_owned()), FaultKind::Transient),
        (
            StoreError::Corrupt { table: "t", column: "c", key: "k".to_owned() },
            FaultKind::Invalid { field: Code::new("privacy.shelf") },
        ),
    ];
    for (error, kind) in errors {
        let world = World::new();
        *world.shelf.error.lock().unwrap() = Some(error);
        let fault = world.conceal(1, ROW, ada()).await.unwrap_err();
        assert_eq!((code(&fault), &fault.kind), ("privacy.shelf", &kind));
    }
}

#[tokio::test]
async fn nothing_prints_a_person() {
    let world = World::new();
    let sealed = world.sealed_ada().await;
    let printed = format!("{:?} {sealed:?}", world.privacy);
    assert!(!printed.contains("Ada") && !printed.contains("example"), "{printed}");
}
