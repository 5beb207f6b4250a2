//! Command lines.

use crate::process::Program;

#[test]
fn every_help_tells_the_exit_codes() {
    for command in [
        &[][..],
        &["sandbox"],
        &["emulate"],
        &["serve"],
        &["config"],
        &["config", "check"],
        &["reconcile"],
        &["held"],
        &["held", "list"],
        &["held", "release"],
    ] {
        let ended = Program::run(&[command, &["--help"]].concat(), &[]);
        assert_eq!(ended.code, Some(0), "{command:?}");
        assert!(
            ended.out.contains("Exit codes:") && ended.out.contains("78  configuration"),
            "{command:?}: {}",
            ended.out
        );
        assert!(ended.err.is_empty(), "{command:?}: {}", ended.err);
    }
    let ended = Program::run(&["--version"], &[]);
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (Some(0), concat!("webinar-bridge ", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn nothing_said_is_answered_with_the_usage() {
    for command in [&[][..], &["config"]] {
        let ended = Program::run(command, &[]);
        assert_eq!(ended.code, Some(2), "{command:?}");
        assert!(ended.err.contains("Usage: webinar-bridge"), "{command:?}: {}", ended.err);
        assert!(ended.out.is_empty(), "{command:?}: {}", ended.out);
    }
}

#[test]
fn what_nobody_knows_is_a_mistake_of_usage() {
    for command in [
        &["--nope"][..],
        &["nope"],
        &["serve", "--nope"],
        &["sandbox", "--story", "nope"],
        &["sandbox", "--registrations", "0"],
        &["sandbox", "--listen", "nowhere"],
        &["emulate", "--seed", "x"],
        &["config", "check", "--nope"],
    ] {
        let ended = Program::run(command, &[]);
        assert_eq!(ended.code, Some(2), "{command:?}");
        assert!(
            ended.err.starts_with("error: ") && ended.out.is_empty(),
            "{command:?}: {}{}",
            ended.out,
            ended.err
        );
    }
}

#[test]
fn what_is_not_built_yet_says_so() {
    for (command, name) in [
        (&["sandbox", "--database-url", "postgres://u:canary@db.example/b"][..], "--database-url"),
        (&["sandbox", "--story", "vault-locked"], "vault-locked"),
    ] {
        let ended = Program::run(command, &[]);
        assert_eq!(ended.code, Some(2), "{command:?}: {}", ended.err);
        assert!(
            ended.err.contains(name) && ended.err.contains("is not built yet"),
            "{command:?}: {}",
            ended.err
        );
        assert_eq!(ended.err.lines().count(), 1, "one sentence: {}", ended.err);
        assert!(ended.out.is_empty() && !ended.err.contains("canary"), "{command:?}");
    }
}
