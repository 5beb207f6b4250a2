//! People who vanish, and people who say that they do not come.

use super::world::{World, done, minutes};
use crate::flow::Policies;
use crate::registration::{Brake, BrakePolicy, Cause, Phase};

fn address(n: u8) -> String {
    format!("p{n}@x.io")
}

/// Ten people at the provider; more than two, and more than a fifth of them, are too many to vanish.
fn world() -> World {
    let world = World::over(|_, policies: &mut Policies| {
        policies.brake = BrakePolicy { few: 2, percent: 20, ..BrakePolicy::default() };
    })
    .activated();
    world.crm.webinar(1);
    for n in 1..=10 {
        world.crm.register(n, 1, &address(n));
    }
    world.work();
    assert_eq!(world.provider.live().len(), 10);
    world
}

fn held(world: &World) -> usize {
    let braked =
        |n: &u8| matches!(world.registration(&address(*n)).phase, Phase::Held { cause: Cause::Brake, .. });
    (1..=10).filter(braked).count()
}

#[test]
fn too_many_who_vanish_at_once_stay_at_the_provider_until_somebody_says_so() {
    let world = world();
    (1..=3).for_each(|n| assert!(world.crm.delete(n)));
    world.look();
    world.work();
    assert_eq!((held(&world), world.provider.live().len()), (3, 10));
    assert!(world.brake(1).tripped.is_some());
    assert_eq!(world.count("BrakeTripped"), 1);
    assert_eq!(done(world.bridge.desk.approve_brake(world.org, super::world::event(1))).unwrap(), 3);
    world.tasks();
    world.work();
    assert_eq!((held(&world), world.provider.live().len()), (0, 7));
    assert_eq!(world.count("BrakeApproved"), 1);
}

#[test]
fn a_few_who_vanish_are_taken_off() {
    let world = world();
    (1..=2).for_each(|n| assert!(world.crm.delete(n)));
    world.look();
    world.work();
    assert_eq!((held(&world), world.provider.live().len()), (0, 8));
}

#[test]
fn one_after_the_other_is_one_accident_all_the_same() {
    let world = world();
    for n in 1..=6 {
        assert!(world.crm.delete(n));
        world.look();
        world.work();
        world.pass(minutes(10));
    }
    assert_eq!((held(&world), world.provider.live().len()), (4, 8), "two are few, the others are held");
}

#[test]
fn who_says_so_is_never_held() {
    let world = world();
    (1..=9).for_each(|n| world.crm.cancel(n));
    world.look();
    world.work();
    assert_eq!((held(&world), world.provider.live().len()), (0, 1));
}

#[test]
fn who_says_so_is_not_held_while_the_brake_is_on_for_others() {
    let world = world();
    (1..=3).for_each(|n| assert!(world.crm.delete(n)));
    world.look();
    world.work();
    (8..=10).for_each(|n| world.crm.cancel(n));
    world.look();
    world.work();
    assert_eq!((held(&world), world.provider.live().len()), (3, 7));
}

#[test]
fn who_comes_back_by_another_row_is_released_by_it() {
    let world = world();
    (1..=3).for_each(|n| assert!(world.crm.delete(n)));
    world.look();
    world.work();
    world.crm.register(11, 1, &address(2));
    world.look();
    world.work();
    assert_eq!((held(&world), world.provider.live().len()), (2, 10));
    assert_eq!(world.registration(&address(2)).phase, Phase::Settled);
}

#[test]
fn what_vanished_from_a_whole_table_is_braked_too() {
    let world = world();
    (1..=5).for_each(|n| world.crm.delete_unseen(n));
    world.crm.lose_places(0);
    world.look();
    world.work();
    assert_eq!((held(&world), world.provider.live().len()), (5, 10));
}

#[test]
fn after_an_approval_counting_begins_anew() {
    let world = world();
    (1..=3).for_each(|n| assert!(world.crm.delete(n)));
    world.look();
    world.work();
    done(world.bridge.desk.approve_brake(world.org, super::world::event(1))).unwrap();
    world.tasks();
    world.work();
    assert_eq!(world.brake(1), Brake::new(world.now()));
    (4..=6).for_each(|n| assert!(world.crm.delete(n)));
    world.look();
    world.work();
    assert_eq!(held(&world), 3, "three more are too many again");
}
