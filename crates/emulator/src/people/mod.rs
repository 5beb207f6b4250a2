//! People as registration forms know them: names of many scripts, companies with `&` and `'`, and e-mail
//! addresses that differ from each other.

mod names;

use rand::RngExt;
use rand::rngs::StdRng;

use crate::seeded;
use names::{COMPANIES, JOBS, LEGAL_FORMS, Name, PEOPLES};

/// The longest first or last name, in characters.
const NAME_LIMIT: usize = 50;
/// The longest e-mail address, company or job title, in characters.
const FIELD_LIMIT: usize = 100;
/// Of so many people one has a field at its limit.
const ONE_LONG_IN: u32 = 40;

/// A made-up person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// At most 50 characters.
    pub first_name: String,
    /// At most 50 characters.
    pub last_name: String,
    /// At most 100 ASCII characters; different for each index, whatever the seed and the letter case.
    pub email: String,
    /// At most 100 characters.
    pub company: String,
    /// At most 100 characters.
    pub job_title: String,
}

/// The person of that number: the same in every run.
pub fn person(seed: u64, index: u32) -> Person {
    let mut generator = seeded::generator(seed, &format!("people/{index}"));
    let people = pick(&mut generator, PEOPLES);
    let first = pick(&mut generator, people.first);
    let last = pick(&mut generator, people.last);
    let company = pick(&mut generator, COMPANIES);
    let legal_form = pick(&mut generator, LEGAL_FORMS);
    let mut person = Person {
        first_name: first.native.to_owned(),
        last_name: last.native.to_owned(),
        email: address(&mut generator, first, last, company.ascii, index),
        company: format!("{}{legal_form}", company.native),
        job_title: (*pick(&mut generator, JOBS)).to_owned(),
    };
    if index % ONE_LONG_IN == ONE_LONG_IN - 1 {
        stretch(&mut person, index / ONE_LONG_IN);
    }
    person
}

/// One address in eight has a tag behind a plus, one in eight capital letters; the number keeps them apart.
fn address(generator: &mut StdRng, first: &Name, last: &Name, company: &str, index: u32) -> String {
    match generator.random_range(0..8) {
        0 => format!("{}.{}.{index}+webinar@{company}.example", first.ascii, last.ascii),
        1 => format!("{}.{}.{index}@{company}.example", capital(first.ascii), capital(last.ascii)),
        _ => format!("{}.{}.{index}@{company}.example", first.ascii, last.ascii),
    }
}

fn capital(word: &str) -> String {
    let (head, tail) = word.split_at_checked(1).unwrap_or((word, ""));
    format!("{}{tail}", head.to_ascii_uppercase())
}

/// Brings one field to its limit, another one for each `turn`.
fn stretch(person: &mut Person, turn: u32) {
    match turn % 4 {
        0 => fill(&mut person.first_name, "-", NAME_LIMIT),
        1 => fill(&mut person.last_name, "-", NAME_LIMIT),
        2 => fill(&mut person.company, " & ", FIELD_LIMIT),
        _ => lengthen(&mut person.email),
    }
}

/// Repeats the text behind a separator until it has exactly that many characters.
fn fill(text: &mut String, separator: &str, limit: usize) {
    let unit: Vec<char> = separator.chars().chain(text.chars()).collect();
    let missing = limit.saturating_sub(text.chars().count());
    text.extend(unit.into_iter().cycle().take(missing));
}

/// Puts two labels before the domain so that the address has exactly 100 characters.
fn lengthen(email: &mut String) {
    let (Some(at), missing) = (email.find('@'), FIELD_LIMIT.saturating_sub(email.len())) else { return };
    if missing >= 4 {
        let (left, right) = ("w".repeat(missing / 2 - 1), "e".repeat(missing.div_ceil(2) - 1));
        email.insert_str(at + 1, &format!("{left}.{right}."));
    }
}

fn pick<'a, T>(generator: &mut StdRng, from: &'a [T]) -> &'a T {
    &from[generator.random_range(0..from.len())]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::LazyLock;

    use super::*;

    static CROWD: LazyLock<Vec<Person>> =
        LazyLock::new(|| (0..2000).map(|index| person(42, index)).collect());

    #[test]
    fn a_number_is_the_same_person_again() {
        assert_eq!(person(42, 17), person(42, 17));
        assert_ne!(person(42, 17), person(43, 17));
    }

    #[test]
    fn addresses_differ_across_seeds_and_letter_case() {
        let addresses: HashSet<String> = CROWD.iter().map(|person| person.email.to_lowercase()).collect();
        assert_eq!(addresses.len(), 2000);
        let others: HashSet<String> =
            (2000..4000).map(|index| person(7, index).email.to_lowercase()).collect();
        assert!(addresses.is_disjoint(&others));
    }

    #[test]
    fn no_field_exceeds_its_limit_and_some_reach_it() {
        let longest = |field: fn(&Person) -> &str| {
            CROWD.iter().map(|person| field(person).chars().count()).max().unwrap()
        };
        assert_eq!(longest(|person| &person.first_name), NAME_LIMIT);
        assert_eq!(longest(|person| &person.last_name), NAME_LIMIT);
        assert_eq!(longest(|person| &person.company), FIELD_LIMIT);
        assert_eq!(longest(|person| &person.email), FIELD_LIMIT);
        assert!(longest(|person| &person.job_title) <= FIELD_LIMIT);
    }

    #[test]
    fn addresses_are_plain_ascii_with_one_at_sign() {
        for Person { email, .. } in CROWD.iter() {
            assert!(email.is_ascii() && email.matches('@').count() == 1, "{email}");
            assert!(!email.contains("..") && !email.contains(' '), "{email}");
        }
    }

    #[test]
    fn many_scripts_and_awkward_characters_occur() {
        let occurs = |wanted: fn(char) -> bool| {
            CROWD.iter().any(|person| person.last_name.chars().chain(person.first_name.chars()).any(wanted))
        };
        let ranges: [fn(char) -> bool; 11] = [
            |c| c == '\u{301}',
            |c| ('\u{c0}'..='\u{24f}').contains(&c),
            |c| ('\u{370}'..='\u{3ff}').contains(&c),
            |c| ('\u{400}'..='\u{4ff}').contains(&c),
            |c| ('\u{590}'..='\u{5ff}').contains(&c),
            |c| ('\u{600}'..='\u{6ff}').contains(&c),
            |c| ('\u{900}'..='\u{97f}').contains(&c),
            |c| ('\u{e00}'..='\u{e7f}').contains(&c),
            |c| ('\u{3040}'..='\u{30ff}').contains(&c),
            |c| ('\u{4e00}'..='\u{9fff}').contains(&c),
            |c| ('\u{ac00}'..='\u{d7af}').contains(&c),
        ];
        for (position, range) in ranges.into_iter().enumerate() {
            assert!(occurs(range), "script {position}");
        }
        for awkward in ['&', '\'', '"', '+'] {
            assert!(
                CROWD.iter().any(|person| person.company.contains(awkward) || person.email.contains(awkward))
            );
        }
    }
}
