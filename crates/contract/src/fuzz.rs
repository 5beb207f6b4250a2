//! Fuzz loops: inputs of a saved corpus, changed at random from a seed, for whatever reads bytes that others send.
//!
//! `FUZZ_CASES` in the environment says how many (2 000), `FUZZ_SEED` which (42); with `FUZZ_KEEP` set, an input with an outcome
//! that no input of the corpus has is added to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A reader that is fuzzed.
pub struct Target<'a> {
    /// The folder with the corpus: a few inputs, one a file.
    pub corpus: &'a Path,
    /// Words that mean something to the reader.
    pub words: &'a [&'a str],
}

/// The largest input, in bytes.
const LARGEST: usize = 64 << 10;

impl Target<'_> {
    /// Has `look` read every input of the corpus and many changed ones. It panics if something is read that must not be, and
    /// says in a word what became of an input; a run in which only one thing ever happens is refused.
    pub fn hammer(&self, mut look: impl FnMut(&[u8]) -> &'static str) {
        let corpus = self.inputs();
        assert!(!corpus.is_empty(), "{} has no inputs", self.corpus.display());
        let mut known: BTreeMap<&str, u64> = BTreeMap::new();
        for input in &corpus {
            *known.entry(look(input)).or_default() += 1;
        }
        let mut seen = known.clone();
        let mut chance = fastrand::Rng::with_seed(number("FUZZ_SEED", 42));
        let cases = number("FUZZ_CASES", 2_000);
        for _ in 0..cases {
            let input = self.changed(&corpus, &mut chance);
            let outcome = look(&input);
            *seen.entry(outcome).or_default() += 1;
            if !known.contains_key(outcome) {
                known.insert(outcome, 1);
                self.keep(outcome, &input);
            }
        }
        for (outcome, n) in &seen {
            println!("{n:>10} {outcome}");
        }
        println!("{cases} changed inputs, nothing read that must not be, no panic");
        assert!(seen.len() > 1, "only one thing ever happens: {seen:?}");
    }

    fn inputs(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = std::fs::read_dir(self.corpus) else { return vec![] };
        let mut files: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        files.sort();
        files.iter().filter_map(|file| std::fs::read(file).ok()).collect()
    }

    fn keep(&self, outcome: &str, input: &[u8]) {
        if std::env::var_os("FUZZ_KEEP").is_some() {
            let name = format!("found-{}", outcome.replace([' ', ','], "-"));
            drop(std::fs::write(self.corpus.join(name), input));
        }
    }

    /// An input of the corpus, changed a few times.
    fn changed(&self, corpus: &[Vec<u8>], chance: &mut fastrand::Rng) -> Vec<u8> {
        let mut input = corpus[chance.usize(..corpus.len())].clone();
        for _ in 0..chance.usize(1..=6) {
            self.change(&mut input, corpus, chance);
        }
        input.truncate(LARGEST);
        input
    }

    fn change(&self, input: &mut Vec<u8>, corpus: &[Vec<u8>], chance: &mut fastrand::Rng) {
        let at = chance.usize(..=input.len());
        let end = (at + chance.usize(..=16)).min(input.len());
        match chance.u8(..10) {
            0 | 1 if at < input.len() => input[at] ^= 1 << chance.u8(..8),
            2 => drop(input.drain(at..end)),
            3 => {
                let some = input[at..end].to_vec();
                input.splice(at..at, some);
            }
            4 => input.truncate(at),
            5 => {
                let other = &corpus[chance.usize(..corpus.len())];
                let from = chance.usize(..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            6 | 7 if !self.words.is_empty() => {
                let word = self.words[chance.usize(..self.words.len())];
                input.splice(at..end, word.bytes());
            }
            8 => {
                let numbers = ["0", "-1", "18446744073709551616", "1e999", "0.1", "null"];
                input.splice(at..at, numbers[chance.usize(..numbers.len())].bytes());
            }
            _ => {
                // Deep nesting is the oldest trick.
                let bracket = [b'{', b'[', b'"', b'}', b']'][chance.usize(..5)];
                let many = if chance.u8(..20) == 0 { 4_000 } else { 3 };
                input.splice(at..at, std::iter::repeat_n(bracket, many));
            }
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
