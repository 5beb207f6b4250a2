//! Queries in SQL.

use serde_json::{Value as Json, json};

use super::bench::{A, B, Bench, C, encoded, refused, values};

fn three() -> Bench {
    let bench = Bench::new();
    for (id, first, last) in [(A, "Ann", "O'Brien"), (B, "Bob", "Leigh")] {
        bench.make(
            "contacts",
            "contactid",
            id,
            json!({"firstname": first, "lastname": last, "donotemail": true}),
        );
    }
    bench.make("contacts", "contactid", C, json!({"lastname": "Ray"}));
    bench
}

fn url(sql: &str) -> String {
    format!("contacts?sql={}", encoded(sql))
}

#[test]
fn conditions_and_orders_are_read() {
    let bench = three();
    for (rest, expected) in [
        ("", vec![json!(A), json!(B), json!(C)]),
        ("WHERE lastname = 'o''brien'", vec![json!(A)]),
        ("where lastname LIKE '%ei%' or lastname like 'R__'", vec![json!(B), json!(C)]),
        ("WHERE firstname IS NULL", vec![json!(C)]),
        ("WHERE firstname IS NOT NULL AND NOT (lastname = 'Leigh')", vec![json!(A)]),
        // An empty cell is unlike nothing.
        ("WHERE firstname <> 'Ann'", vec![json!(B)]),
        ("WHERE firstname NOT IN ('Ann', 'x')", vec![json!(B)]),
        ("WHERE statecode IN (0, 1) AND createdon > '2020-01-01'", vec![json!(A), json!(B), json!(C)]),
        ("WHERE firstname BETWEEN 'Ann' AND 'B'", vec![json!(A)]),
        ("WHERE donotemail = 1", vec![json!(A), json!(B)]),
        ("ORDER BY lastname DESC, firstname ASC", vec![json!(C), json!(A), json!(B)]),
        ("ORDER BY lastname OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY", vec![json!(B)]),
    ] {
        let sql = format!("SELECT contactid FROM contact {rest}");
        assert_eq!(bench.column(&url(&sql), "contactid"), expected, "{rest}");
    }
    let list = bench.get(&url(
        "SELECT TOP 1 c.firstname, c.lastname FROM contact AS c WHERE c.statecode = 0 ORDER BY c.lastname",
    ));
    assert_eq!((values(&list, "lastname"), list.get("@odata.nextLink")), (vec![json!("Leigh")], None));
    assert!(list["value"][0].get("jobtitle").is_none());
}

#[test]
fn a_long_list_has_a_link_to_its_next_page() {
    let bench = three();
    let sql = url("SELECT lastname FROM contact c ORDER BY lastname");
    let (mut url, mut names) = (sql, Vec::new());
    loop {
        let page = bench.get_with(&url, &[("Prefer", "odata.maxpagesize=2")]);
        names.extend(values(&page, "lastname"));
        match page.get("@odata.nextLink").and_then(Json::as_str) {
            Some(next) => next.clone_into(&mut url),
            None => break,
        }
    }
    assert_eq!(names, ["Leigh", "O'Brien", "Ray"]);
}

#[test]
fn what_is_no_known_query_is_refused() {
    let bench = three();
    for sql in [
        "",
        "SELECT",
        "SELECT * FROM contact",
        "SELECT lastname FROM account",
        "SELECT nickname FROM contact",
        "SELECT lastname FROM contact WHERE",
        "SELECT lastname FROM contact WHERE lastname ~ 'x'",
        "SELECT lastname FROM contact WHERE lastname = 'x",
        "SELECT lastname FROM contact GROUP BY lastname",
        "SELECT x.lastname FROM contact c",
        "SELECT c.lastname FROM contact c JOIN account a ON a.accountid = c.parentcustomerid",
        "SELECT DISTINCT lastname FROM contact",
        "SELECT lastname FROM contact WHERE lastname = firstname",
        "SELECT lastname FROM contact WHERE firstname = NULL",
        "SELECT lastname FROM contact ORDER BY lastname DESC ASC",
        "DELETE FROM contact",
        "SELECT lastname FROM contact; SELECT lastname FROM contact",
    ] {
        refused(&bench.call("GET", &url(sql), &[], ""), 400, "0x80040203");
    }
    refused(
        &bench.call("GET", &url("SELECT lastname FROM contact WHERE statecode LIKE 'x'"), &[], ""),
        400,
        "0x80060888",
    );
}

#[test]
fn what_is_turned_round_leaves_empty_cells_out() {
    let bench = three();
    for (rest, expected) in [
        ("WHERE NOT (firstname = 'Ann')", vec![json!(B)]),
        ("WHERE NOT (firstname = 'Ann' OR lastname = 'Ray')", vec![json!(B)]),
        ("WHERE NOT (firstname = 'Ann' AND lastname = 'x')", vec![json!(A), json!(B), json!(C)]),
        ("WHERE NOT NOT firstname = 'Ann'", vec![json!(A)]),
        ("WHERE NOT (firstname NOT LIKE 'A%')", vec![json!(A)]),
        ("WHERE NOT (firstname IS NULL)", vec![json!(A), json!(B)]),
    ] {
        let sql = format!("SELECT contactid FROM contact {rest}");
        assert_eq!(bench.column(&url(&sql), "contactid"), expected, "{rest}");
    }
}
