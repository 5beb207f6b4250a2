//! `config check`.

use tempfile::TempDir;

use crate::process::{Ended, Program};

fn check(text: &str, variables: &[(&str, &str)]) -> Ended {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bridge.toml");
    std::fs::write(&path, text).unwrap();
    Program::run(&["config", "check", "--config", path.to_str().unwrap()], variables)
}

#[test]
fn a_good_file_is_said_to_be_good() {
    let ended = check("storage.url = \"sqlite:///nowhere/bridge.db\"\n[[organization]]\nname = \"A\"\n", &[]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert!(
        ended.out.contains("is good: 1 organization(s)") && ended.out.contains("Nothing was started."),
        "{}",
        ended.out
    );
    assert!(!std::path::Path::new("/nowhere").exists(), "nothing is made");
}

#[test]
fn a_mistake_is_shown_at_its_line() {
    let ended = check("[storage]\nulr = \"sqlite:///x\"\n[api]\nbootstrap_token = \"canary\"\n", &[]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(78), ""));
    assert!(
        ended.err.contains("bridge.toml:2:1]") && ended.err.contains("did you mean `url`?"),
        "{}",
        ended.err
    );
    assert!(!ended.err.contains("canary") && !ended.err.contains('\u{1b}'), "{}", ended.err);
}

#[test]
fn a_file_that_is_not_there_is_a_mistake_of_configuration() {
    let ended = Program::run(&["config", "check", "--config", "/nowhere/bridge.toml"], &[]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(78), ""));
    assert!(ended.err.contains("/nowhere/bridge.toml cannot be read"), "{}", ended.err);
    let ended = Program::run(&["serve", "--config", "/nowhere/bridge.toml"], &[]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(78), ""));
}

#[test]
fn the_environment_is_looked_at_as_serve_would() {
    let good = "storage.url = \"sqlite:///nowhere/bridge.db\"\n";
    let ended = check(good, &[("WEBINAR_BRIDGE__SERVER__PUBLIC", "nowhere")]);
    assert_eq!(ended.code, Some(78));
    assert!(ended.err.contains("`WEBINAR_BRIDGE__SERVER__PUBLIC`"), "{}", ended.err);
    let ended = Program::run(
        &["config", "check"],
        &[("WEBINAR_BRIDGE__STORAGE__URL", "sqlite:///nowhere/bridge.db")],
    );
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
}
