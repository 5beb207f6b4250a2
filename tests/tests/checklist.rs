//! `docs/emulators/checklist.md` tells the truth: every number is there, every test that it names exists, and every
//! numbered test is named.

use std::collections::{BTreeMap, BTreeSet};

use webinar_bridge_tests::sources::{Source, below, root};

/// The sections, the beginning of their tests' names, and how many numbers they have.
const SECTIONS: [(&str, &str, u32); 3] =
    [("ON24", "on24", 40), ("Dataverse", "dynamics", 42), ("Entra ID and Key Vault", "azure", 34)];

/// What a client must do, so that no test of a server shows it.
const DUTIES_OF_CLIENTS: [(&str, u32); 3] = [("Dataverse", 8), ("Dataverse", 26), ("Dataverse", 42)];

/// A row: its number, if it has one, and the tests that it names.
type Row = (Option<u32>, Vec<String>);

/// The rows of each section.
fn checklist(text: &str) -> BTreeMap<String, Vec<Row>> {
    let mut sections = BTreeMap::<String, Vec<Row>>::new();
    let mut section = String::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut section);
        } else if let Some(row) = row(line) {
            sections.entry(section.clone()).or_default().push(row);
        }
    }
    sections
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.split(" | ").collect();
    let [number, _, tests, _] = cells.as_slice() else { return None };
    let number = number.trim_start_matches("| ");
    let named = tests.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    (number == "·" || number.parse::<u32>().is_ok()).then(|| (number.parse().ok(), named))
}

/// The names of all tests of these sources.
fn tests(sources: &[Source]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in sources {
        let mut is_test = false;
        for line in source.text.lines().map(str::trim) {
            if line.starts_with("#[") {
                is_test |= line.contains("test");
            } else if let Some(name) = line.split("fn ").nth(1).filter(|_| is_test) {
                names.extend(name.split('(').next().map(str::to_owned));
                is_test = false;
            } else {
                is_test = false;
            }
        }
    }
    names
}

fn page() -> BTreeMap<String, Vec<Row>> {
    let path = root().join("docs/emulators/checklist.md");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    checklist(&text)
}

fn stands_for(named: &str, test: &str) -> bool {
    named.strip_suffix('*').map_or(named == test, |beginning| test.starts_with(beginning))
}

#[test]
fn every_number_has_a_test_unless_it_is_a_client_s_duty() {
    let page = page();
    for (section, _, last) in SECTIONS {
        let rows = &page[section];
        for number in 1..=last {
            let tests: usize = rows.iter().filter(|row| row.0 == Some(number)).map(|row| row.1.len()).sum();
            let duty = DUTIES_OF_CLIENTS.contains(&(section, number));
            assert_eq!(tests == 0, duty, "{section} {number} names {tests} tests");
        }
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let (tests, page) = (tests(&below("crates/emulator")), page());
    assert!(tests.len() > 300, "{} tests were found", tests.len());
    for (section, rows) in &page {
        for named in rows.iter().flat_map(|row| &row.1) {
            assert!(tests.iter().any(|test| stands_for(named, test)), "{section}: there is no test {named}");
        }
    }
}

#[test]
fn every_numbered_test_is_named_at_its_number() {
    let (tests, page) = (tests(&below("crates/emulator")), page());
    let mut seen = 0;
    for (section, beginning, last) in SECTIONS {
        for number in 1..=last {
            let marks = [format!("{beginning}_{number}_"), format!("{beginning}_{number:02}_")];
            for test in tests.iter().filter(|test| marks.iter().any(|mark| test.starts_with(mark.as_str()))) {
                seen += 1;
                let named = page[section].iter().flat_map(|row| &row.1).any(|named| stands_for(named, test));
                assert!(named, "{section} {number} does not name {test}");
            }
        }
    }
    assert!(seen > 200, "{seen} numbered tests were found");
}

#[test]
fn a_test_that_is_not_there_would_be_seen() {
    let text =
        "#[test]\nfn one() {}\n\nfn helper() {}\n\n#[tokio::test(flavor = \"x\")]\nasync fn two() {}\n";
    let found = tests(&[Source { path: "x.rs".into(), text: text.to_owned() }]);
    assert_eq!(found, BTreeSet::from(["one".to_owned(), "two".to_owned()]));
    let page =
        checklist("## A\n\n| # | b | c | d |\n|---|---|---|---|\n| 3 | what | `one`<br>`t*` | whose |\n");
    assert_eq!(page["A"], [(Some(3), vec!["one".to_owned(), "t*".to_owned()])]);
    assert!(stands_for("t*", "two") && !stands_for("t*", "one") && !stands_for("on", "one"));
}
