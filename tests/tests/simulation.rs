//! A few runs of the simulation; the program `sim` has many more.

use webinar_bridge_tests::sim::run;

#[test]
fn whatever_goes_wrong_everybody_arrives_and_every_minute_comes_home() {
    let mut kills = 0;
    for seed in 1..=4 {
        let run = run(seed, 40);
        if let Some((what, last)) = &run.violation {
            panic!("{}\nseed {seed}: {what}", last.join("\n"));
        }
        kills += run.figures.0.get("kills").unwrap();
        assert!(run.simulated.as_secs() > 10 * 3_600, "it was a long day");
    }
    assert!(kills > 4, "processes were killed");
}

#[test]
fn a_seed_is_a_run() {
    let [once, again, other] = [9, 9, 10].map(|seed| run(seed, 0));
    assert_eq!((once.trace, &once.figures), (again.trace, &again.figures));
    assert_ne!(once.trace, other.trace);
}
