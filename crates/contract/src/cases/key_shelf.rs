//! What a store promises of data keys.

use webinar_bridge_domain::credential::SealedSecret;

use crate::subject::StoreSubject;
use crate::world::StoreWorld;

fn sealed(byte: u8) -> SealedSecret {
    SealedSecret::new(vec![0, 255, byte])
}

/// The first key that is kept stays: who comes second is given the first.
pub async fn the_first_key_wins(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let (keys, mine) = (world.store.keys.clone(), world.organization);
    assert_eq!(keys.load(&mine).await, Ok(None));
    assert_eq!(keys.save(&mine, &sealed(1)).await, Ok(sealed(1)));
    assert_eq!(keys.save(&mine, &sealed(2)).await, Ok(sealed(1)));
    assert_eq!(keys.load(&mine).await, Ok(Some(sealed(1))));
}

/// However many make a key at once, all of them are given the same one.
pub async fn keys_made_at_once_are_one(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let save = |n: u8| {
        let (keys, organization) = (world.store.keys.clone(), world.organization);
        tokio::spawn(async move { keys.save(&organization, &sealed(n)).await.expect("the store works") })
    };
    let mut kept = vec![];
    for saving in (0..8).map(save).collect::<Vec<_>>() {
        kept.push(saving.await.expect("a save"));
    }
    assert!(kept.iter().all(|one| *one == kept[0]), "two keys for one organization");
    assert_eq!(world.store.keys.load(&world.organization).await, Ok(Some(kept.remove(0))));
}

/// Each organization has a key of its own.
pub async fn each_organization_has_its_own_key(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    let keys = world.store.keys.clone();
    keys.save(&world.organization, &sealed(1)).await.expect("the store works");
    assert_eq!(keys.save(&other.organization, &sealed(2)).await, Ok(sealed(2)));
    keys.destroy(&other.organization).await.expect("the store works");
    assert_eq!(keys.load(&world.organization).await, Ok(Some(sealed(1))));
}

/// A destroyed key is gone; destroying it again is fine.
pub async fn a_destroyed_key_is_gone(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let (keys, mine) = (world.store.keys.clone(), world.organization);
    keys.save(&mine, &sealed(1)).await.expect("the store works");
    for _ in 0..2 {
        assert_eq!(keys.destroy(&mine).await, Ok(()));
        assert_eq!(keys.load(&mine).await, Ok(None));
    }
}

/// A key outlives the process.
pub async fn a_key_is_there_after_a_restart(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let mine = world.organization;
    world.store.keys.save(&mine, &sealed(1)).await.expect("the store works");
    drop(world);
    s.reopen().await;
    assert_eq!(s.store().keys.load(&mine).await, Ok(Some(sealed(1))));
}
