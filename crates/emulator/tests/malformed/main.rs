//! Ten thousand malformed requests over real sockets, by a seeded generator: each is answered with a status that says
//! whose fault it was, and nothing panics.

#![expect(clippy::unwrap_used, reason = "what fails in a step of a test fails the test")]

mod azure;
mod dataverse;
mod dice;
#[path = "../grant/mod.rs"]
mod grant;
mod on24;
mod raw;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dice::Dice;
use webinar_bridge_emulator::{Clock, Emulators, Options};
use wire::{Wire, World};

const REQUESTS: usize = 10_000;

/// A way to be malformed, and how it may be answered.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) answers: &'static [u16],
    pub(crate) make: fn(&mut Dice, &World) -> Wire,
}

fn kinds() -> Vec<&'static Kind> {
    [on24::KINDS, dataverse::KINDS, azure::KINDS, raw::KINDS].concat().into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_malformed_requests_are_refused_and_nothing_panics() {
    let panics = count_panics();
    let emulators =
        Emulators::start(Options { registrations: 5, contacts: 5, ..Options::default() }, Clock::new())
            .await
            .unwrap();
    let world = World::of(emulators.ready()).await;
    let (kinds, mut dice) = (kinds(), Dice::new(42));
    let (mut wrong, mut seen) = (Vec::new(), BTreeMap::<&str, usize>::new());
    for number in 0..REQUESTS {
        let kind = kinds[number % kinds.len()];
        let request = (kind.make)(&mut dice, &world);
        let status = wire::status(&request).await;
        *seen.entry(kind.name).or_default() += 1;
        if !status.is_some_and(|status| kind.answers.contains(&status)) {
            wrong.push(format!("{} ({number}): {status:?} for {}", kind.name, request.shown()));
        }
    }
    let few = wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {REQUESTS} were answered otherwise:\n{few}", wrong.len());
    assert!(seen.values().all(|times| *times >= 100), "every kind was tried often: {seen:?}");
    assert_eq!(panics.load(Ordering::SeqCst), 0);
    world.still_works().await;
    emulators.stop().await;
}

/// How many panics there have been in this process since now.
fn count_panics() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let (counter, usual) = (Arc::clone(&count), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        counter.fetch_add(1, Ordering::SeqCst);
        usual(panic);
    }));
    count
}
