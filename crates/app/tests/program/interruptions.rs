//! A process that is killed in the middle of its work.

use crate::bridge::{Peers, Serve};
use crate::process::{eventually, free_address};

#[test]
fn a_killed_service_goes_on_where_it_was() {
    const PERSONS: u32 = 120;
    let peers = Peers::with(PERSONS);
    let store = peers.folder.path().join("kept").join("store.db");
    let addresses = [free_address(), free_address()];
    peers.on24_weather("register", "delay:100ms");
    for some in [10, 50] {
        let serve = Serve::start(&peers, &store, addresses.clone(), &[]);
        eventually(|| peers.live().len() >= some);
        serve.program.kill();
        assert!(peers.live().len() < PERSONS as usize, "it was killed in the middle");
    }
    let serve = Serve::start(&peers, &store, addresses, &[]);
    serve.settles_at(u64::from(PERSONS));
    assert_eq!(peers.live(), peers.registered(), "nobody is lost, nobody is there twice");
    assert_eq!(serve.balance()["persons"]["held"], 0);
    assert_eq!(serve.program.terminate().code, Some(0));
}

#[test]
fn asked_to_end_it_lets_its_calls_end_first() {
    const PERSONS: u32 = 60;
    let peers = Peers::with(PERSONS);
    peers.on24_weather("register", "delay:700ms");
    let serve = peers.serve();
    eventually(|| peers.live().len() >= 8);
    let ended = serve.program.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let there = peers.live().len();
    assert!(there < PERSONS as usize, "it ended in the middle");

    peers.on24_good_weather();
    let serve = peers.serve();
    serve.settles_at(u64::from(PERSONS));
    assert_eq!(peers.live(), peers.registered());
    assert_eq!(peers.writes(), vec![1; PERSONS as usize], "nothing was in doubt, nothing was sent twice");
}

#[test]
fn calls_that_do_not_end_are_given_up_in_time() {
    let peers = Peers::with(6);
    peers.on24_weather("register", "hang");
    let serve = peers.serve();
    eventually(|| serve.balance()["persons"]["on_their_way"] == 6 && peers.calls()[0]["register"] == 4);
    assert_eq!(serve.program.terminate().code, Some(0), "within 20 seconds");
    peers.on24_good_weather();
    peers.serve().settles_at(6);
    assert_eq!(peers.live(), peers.registered());
}

#[test]
fn the_doors_stay_open_until_load_balancers_have_noticed() {
    let peers = Peers::with(1);
    let store = peers.folder.path().join("bridge.db");
    let drain = [("WEBINAR_BRIDGE__SERVER__DRAIN", "2s")];
    let serve = Serve::start(&peers, &store, [free_address(), free_address()], &drain);
    serve.settles_at(1);
    assert_eq!(serve.readiness().0, 200);
    serve.program.signal("TERM");
    eventually(|| serve.readiness().0 == 503);
    assert_eq!(serve.balance()["persons"]["at_provider"], 1, "requests are still answered");
    assert_eq!(serve.program.end().code, Some(0));
}
