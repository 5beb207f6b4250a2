//! The house as it is drawn in `docs/architecture.md`: each check must also be able to fail.

use std::collections::BTreeSet;

use webinar_bridge_tests::sources::{Source, below, mentions, root, std_modules};
use webinar_bridge_tests::tree::{Tree, declared, forbidden_arrows, metadata, reached};

/// What the domain must never reach: runtimes, clients, databases, ciphers, clocks and randomness.
const NOT_PURE: [&str; 12] = [
    "tokio",
    "reqwest",
    "hyper",
    "sqlx",
    "rusqlite",
    "axum",
    "ring",
    "rustls",
    "rand",
    "getrandom",
    "chrono",
    "tracing-subscriber",
];

/// The arrows of the house.
const ARROWS: [(&str, &[&str]); 11] = [
    ("domain", &[]),
    ("contract", &["domain"]),
    ("transport", &["domain"]),
    ("on24", &["transport", "domain"]),
    ("dynamics", &["transport", "domain"]),
    ("keyvault", &["transport", "domain"]),
    ("storage", &["domain"]),
    ("admin", &["domain"]),
    ("emulator", &[]),
    ("app", &["admin", "domain", "dynamics", "keyvault", "on24", "storage", "transport"]),
    (
        "tests",
        &["admin", "app", "domain", "dynamics", "emulator", "keyvault", "on24", "storage", "transport"],
    ),
];

fn impure(tree: &Tree, package: &str) -> Vec<String> {
    let reached = reached(tree, package);
    NOT_PURE.iter().filter(|name| reached.contains(**name)).map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_domain_reaches_nothing_that_does() {
    let tree = declared(&metadata());
    assert!(reached(&tree, "webinar-bridge-domain").contains("serde"), "the tree was read");
    assert_eq!(impure(&tree, "webinar-bridge-domain"), Vec::<String>::new());
}

#[test]
fn an_impure_dependency_would_be_seen() {
    let needs = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let tree = Tree::from([("domain".into(), needs(&["a"])), ("a".into(), needs(&["ring"]))]);
    assert_eq!(impure(&tree, "domain"), ["ring"]);
    assert!(impure(&declared(&metadata()), "webinar-bridge-keyvault").contains(&"ring".to_owned()));
}

#[test]
fn arrows_point_inward() {
    assert_eq!(forbidden_arrows(&declared(&metadata()), &ARROWS), Vec::<String>::new());
}

#[test]
fn an_arrow_that_turns_round_would_be_seen() {
    let wrong = Tree::from([
        ("webinar-bridge-domain".into(), BTreeSet::from(["webinar-bridge-storage".to_owned()])),
        ("webinar-bridge-emulator".into(), BTreeSet::from(["webinar-bridge-on24".to_owned()])),
    ]);
    assert_eq!(forbidden_arrows(&wrong, &ARROWS), ["domain -> storage", "emulator -> on24"]);
}

#[test]
fn only_the_emulator_reaches_rsa() {
    let tree = declared(&metadata());
    for package in ["domain", "transport", "on24", "dynamics", "keyvault", "storage", "admin", "app"] {
        let name = format!("webinar-bridge-{package}");
        assert!(!reached(&tree, &name).contains("rsa"), "{package} reaches rsa");
    }
    assert!(reached(&tree, "webinar-bridge-emulator").contains("rsa"), "the tree was read");
}

/// Spelt in two parts, so that this file does not name what it forbids.
fn ambient() -> Vec<String> {
    ["SystemTime", "Instant", "Timestamp", "Utc"].map(|clock| format!("{clock}::{}", "now")).to_vec()
}

const AMBIENT_MODULES: [&str; 5] = ["fs", "net", "env", "process", "thread"];

#[test]
fn the_domain_names_no_clock_and_no_machine() {
    let sources = below("crates/domain/src");
    assert!(sources.len() > 20, "the sources were found");
    let clocks = ambient();
    let clocks: Vec<&str> = clocks.iter().map(String::as_str).collect();
    assert_eq!(mentions(&sources, &clocks), Vec::<String>::new());
    assert_eq!(std_modules(&sources, &AMBIENT_MODULES), Vec::<String>::new());
}

#[test]
fn a_clock_or_a_file_in_the_domain_would_be_seen() {
    let source = |text: &str| Source { path: "x.rs".into(), text: text.to_owned() };
    let clocks = ambient();
    let clocks: Vec<&str> = clocks.iter().map(String::as_str).collect();
    let bad = [source(&format!("// even here: {}()", clocks[0]))];
    assert_eq!(mentions(&bad, &clocks).len(), 1);
    for text in [
        "use std::fs;",
        "use std::{collections::BTreeMap, fs};",
        "use std::{\n    thread,\n    sync::Arc,\n};",
    ] {
        assert!(!std_modules(&[source(text)], &AMBIENT_MODULES).is_empty(), "{text}");
    }
    let fine = source("use std::{collections::BTreeMap, sync::Arc};");
    assert_eq!(std_modules(&[fine], &AMBIENT_MODULES), Vec::<String>::new());
}

/// Where a secret may be seen in clear (rule G1): in adapters, where requests are built, and where the program reads
/// and hands over what it was told.
const MAY_EXPOSE: [&str; 8] = [
    "crates/transport/",
    "crates/on24/",
    "crates/dynamics/",
    "crates/keyvault/",
    "crates/admin/",
    "crates/app/",
    "crates/contract/",
    "tests/",
];

#[test]
fn secrets_are_exposed_by_adapters_alone() {
    let word = format!("expose_{}", "secret");
    let sources = below("crates");
    let found = mentions(&sources, &[&word]);
    assert!(found.len() > 5, "the sources were found");
    // The domain wraps secrets, and copies one for a second reader; its memory doubles protect nothing and say so.
    let wraps = ["crates/domain/src/port/vault.rs", "crates/domain/src/memory/"];
    let elsewhere = found.iter().filter(|at| !MAY_EXPOSE.iter().chain(&wraps).any(|may| at.starts_with(may)));
    let elsewhere: Vec<&String> =
        elsewhere.filter(|at| !at.contains("/tests/") && !at.contains("tests.rs")).collect();
    assert_eq!(elsewhere, Vec::<&String>::new());
}

#[test]
fn the_repository_speaks_of_itself_alone() {
    let words = [format!("shared/{}", "reference"), format!("design{}", ".md"), format!("style{}", ".md")];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut sources = below("crates");
    sources.extend(below("docs"));
    sources.extend(below("tests"));
    for name in ["README.md", "CHANGELOG.md", "Cargo.toml", "clippy.toml", "deny.toml", ".ci/run"] {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        sources.push(Source { path: name.into(), text });
    }
    assert_eq!(mentions(&sources, &words), Vec::<String>::new());
}

#[test]
fn there_is_one_small_script_and_it_is_ours() {
    let mut scripts = below("crates");
    scripts.extend(below("docs"));
    scripts.retain(|source| source.path.extension().is_some_and(|ending| ending == "js" || ending == "mjs"));
    let names: Vec<String> = scripts.iter().map(|script| script.path.display().to_string()).collect();
    assert_eq!(names, ["crates/admin/src/console/console.js"]);
    assert!(scripts[0].text.lines().count() <= 150);
}
