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
