//! A look at a file through dark glass: what is known to be no secret can be seen, everything else is blotted out.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::SECRETS;
use super::mistake::Mistake;
use super::shape::{Shape, advice};

/// What a look at a file found.
#[derive(Default)]
struct Look {
    /// Names and values that may be seen.
    seen: Vec<Range<usize>>,
    /// Values that may not.
    hidden: Vec<Range<usize>>,
    /// Names that nobody knows.
    unknown: Vec<Mistake>,
}

/// The text with everything blotted out that is, or could be, a secret, byte for byte, so that spans stay where they
/// are. Only values under names that are known and no secret's are left, and no comment.
pub(crate) fn without_secrets(text: &str) -> String {
    match DeTable::parse(text) {
        Ok(table) => Look::at(table.get_ref()).blotted(text),
        // What cannot be parsed is judged line by line.
        Err(_) => by_line(text),
    }
}

/// Names in the file that nobody knows, all of them.
pub(crate) fn unknown_names(table: &DeTable<'_>) -> Vec<Mistake> {
    Look::at(table).unknown
}

impl Look {
    fn at(table: &DeTable<'_>) -> Self {
        let mut look = Self::default();
        look.table(table, Shape::of_file());
        look
    }

    fn table(&mut self, table: &DeTable<'_>, shape: &Shape) {
        for (key, value) in table {
            self.seen.push(key.span());
            let name: &str = key.get_ref();
            let Shape::Section(names) = shape else { return self.hide(value) };
            match names.get(name) {
                _ if SECRETS.contains(&name) && names.contains_key(name) => self.hide(value),
                Some(shape) => self.value(value, shape),
                None => {
                    let help = Some(advice(name, names.keys().map(String::as_str)));
                    let what = format!("unknown key `{name}`");
                    self.unknown.push(Mistake { what, span: Some(key.span()), help });
                    self.hide(value);
                }
            }
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, shape: &Shape) {
        match (value.get_ref(), shape) {
            (DeValue::Table(table), Shape::Section(_)) => self.table(table, shape),
            (DeValue::Array(items), Shape::List(of)) => {
                for item in items {
                    self.value(item, of);
                }
            }
            (_, Shape::Leaf) => self.leaf(value),
            _ => self.hide(value),
        }
    }

    fn leaf(&mut self, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => {
                for (key, value) in table {
                    self.seen.push(key.span());
                    if SECRETS.contains(&key.get_ref().as_ref()) {
                        self.hide(value);
                    } else {
                        self.leaf(value);
                    }
                }
            }
            DeValue::Array(items) => items.iter().for_each(|item| self.leaf(item)),
            DeValue::String(text) if has_password(text) => self.hide(value),
            _ => self.seen.push(value.span()),
        }
    }

    fn hide(&mut self, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => {
                for (key, value) in table {
                    self.seen.push(key.span());
                    self.hide(value);
                }
            }
            DeValue::Array(items) => items.iter().for_each(|item| self.hide(item)),
            _ => self.hidden.push(value.span()),
        }
    }

    fn blotted(mut self, text: &str) -> String {
        let hidden = self.hidden.iter().cloned().map(|span| (span, true));
        let mut spans: Vec<_> = hidden.chain(self.seen.drain(..).map(|span| (span, false))).collect();
        spans.sort_by_key(|(span, _)| span.start);
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        for (span, hide) in spans {
            out.push_str(&without_comments(text.get(at..span.start).unwrap_or("")));
            let shown = text.get(span.start.max(at)..span.end).unwrap_or("");
            out.push_str(&if hide { blot(shown, '*') } else { shown.to_owned() });
            at = at.max(span.end);
        }
        out.push_str(&without_comments(text.get(at..).unwrap_or("")));
        out
    }
}

/// Whether an address has a password in it.
fn has_password(text: &str) -> bool {
    text.contains("://") && text.contains('@')
}

/// As many bytes of `with`, with the line breaks where they were.
fn blot(text: &str, with: char) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { with }).collect()
}

/// What stands between names and values, without what people noted there.
fn without_comments(text: &str) -> String {
    let line = |line: &str| match line.split_once('#') {
        Some((before, note)) => format!("{before} {}", blot(note, ' ')),
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

/// Shows headers of tables and lines that set what is known and no secret; nothing else of a file that cannot be parsed.
fn by_line(text: &str) -> String {
    let shape = Shape::of_file();
    let mut open: Option<&str> = None;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let shown = if open.is_some() { 0 } else { shown_of(line, shape) };
        let quotes = |quote: &&str| line.matches(*quote).count() % 2 == 1;
        open = match open {
            Some(quote) => Some(quote).filter(|quote| !line.contains(*quote)),
            None => ["\"\"\"", "'''"].into_iter().find(quotes),
        };
        let (shown, hidden) = line.split_at(shown);
        out.push_str(shown);
        out.push_str(&blot(hidden, '*'));
    }
    out
}

/// How much of a line may be seen.
fn shown_of(line: &str, shape: &Shape) -> usize {
    let end = line.find('#').unwrap_or(line.len());
    let (line, secret) = (&line[..end], SECRETS.iter().any(|name| line.contains(name)));
    let inner = line.trim().trim_matches(['[', ']']);
    if line.trim_start().starts_with('[')
        && inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.- ".contains(&byte))
    {
        return line.len();
    }
    let (key, value) =
        line.split_once('=').unwrap_or_else(|| line.trim_end().split_once(' ').unwrap_or((line, "")));
    let name = key.rsplit('.').next().unwrap_or(key).trim().trim_matches(['"', '\'']);
    if SECRETS.contains(&name) {
        key.len()
    } else if shape.has_leaf(name) && !secret && !has_password(value) {
        line.len()
    } else {
        0
    }
}
