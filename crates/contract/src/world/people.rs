use std::collections::BTreeMap;

use webinar_bridge_domain::person::{Address, Details};

/// Somebody of these names, with an address.
pub fn named(first: &str, last: &str, address: &str, company: &str) -> Details {
    Details {
        address: Address::new(address),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        company: company.to_owned(),
        job_title: String::new(),
        more: BTreeMap::new(),
    }
}

/// Somebody.
pub fn ada() -> Details {
    named("Ada", "Lovelace", "ada.lovelace@example.com", "Analytical Engines")
}

/// Somebody else.
pub fn grace() -> Details {
    named("Grace", "Hopper", "grace.hopper@example.com", "Compilers & Co.")
}

/// That many different people.
pub fn people(count: usize) -> Vec<Details> {
    let one =
        |n| named(&format!("First{n}"), &format!("Last{n}"), &format!("person{n}@example.com"), "Example");
    (0..count).map(one).collect()
}

/// People whose names are not plain ASCII, and who make wire formats stumble.
pub fn scripts() -> Vec<Details> {
    [
        ("Zoë", "Ångström", "zoe+webinar@example.com", "Müller & Söhne GmbH"),
        ("Юлия", "Ковалёва", "yulia@example.com", "ООО «Ромашка»"),
        ("明子", "田中", "akiko@example.com", "株式会社サンプル"),
        ("نور", "الهاشمي", "nour@example.com", "شركة المثال"),
        ("Siobhán", "O'Brien-\"Ó\"", "siobhan%tag@example.com", "A=B&C;D?E#F+G"),
        ("กมล", "ใจดี", "kamon@example.com", "100% <b>bold</b> / back\\slash"),
    ]
    .map(|(first, last, address, company)| named(first, last, address, company))
    .into()
}

/// Somebody whose every field is as long as providers take it: names of 50 characters, the rest of 100.
pub fn with_longest_fields() -> Details {
    let long = |c: char, n: usize| c.to_string().repeat(n);
    let address = format!("{}@{}.example.com", long('a', 60), long('b', 27));
    Details {
        job_title: long('j', 100), ..named(&long('f', 50), &long('é', 50), &address, &long('ç', 100))
    }
}
