//! XML, as far as queries use it: elements with attributes and text. No document types, no namespaces.

/// How deep elements may be nested, and how many there may be.
const DEPTH: usize = 32;
const ELEMENTS: usize = 10_000;

/// One element.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// Reads a document; `None` when it is not well-formed, or larger than a query can be.
pub(super) fn parse(text: &str) -> Option<Element> {
    let mut reader = Reader { rest: text, elements: 0 };
    reader.skip_prologue()?;
    let root = reader.element(0)?;
    reader.skip_prologue()?;
    reader.rest.is_empty().then_some(root)
}

struct Reader<'a> {
    rest: &'a str,
    elements: usize,
}

impl<'a> Reader<'a> {
    /// White space, comments and declarations.
    fn skip_prologue(&mut self) -> Option<()> {
        loop {
            self.rest = self.rest.trim_start();
            let end = if self.rest.starts_with("<!--") {
                "-->"
            } else if self.rest.starts_with("<?") {
                "?>"
            } else {
                return Some(());
            };
            self.until(end)?;
        }
    }

    /// What stands before a mark, which is passed as well.
    fn until(&mut self, mark: &str) -> Option<&'a str> {
        let (before, after) = self.rest.split_once(mark)?;
        self.rest = after;
        Some(before)
    }

    fn takes(&mut self, mark: &str) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn name(&mut self) -> Option<String> {
        let belongs = |char: char| char.is_alphanumeric() || "_-.:".contains(char);
        let end = self.rest.find(|char| !belongs(char)).unwrap_or(self.rest.len());
        let (name, after) = self.rest.split_at(end);
        self.rest = after;
        (!name.is_empty()).then(|| name.to_owned())
    }

    fn element(&mut self, depth: usize) -> Option<Element> {
        self.elements += 1;
        if depth > DEPTH || self.elements > ELEMENTS || !self.takes("<") {
            return None;
        }
        let mut element = Element { name: self.name()?, ..Element::default() };
        loop {
            self.rest = self.rest.trim_start();
            if self.takes("/>") {
                return Some(element);
            }
            if self.takes(">") {
                break;
            }
            element.attributes.push(self.attribute()?);
        }
        self.content(&mut element, depth)?;
        Some(element)
    }

    fn attribute(&mut self) -> Option<(String, String)> {
        let name = self.name()?;
        self.rest = self.rest.trim_start();
        if !self.takes("=") {
            return None;
        }
        self.rest = self.rest.trim_start();
        let quote = if self.takes("\"") { "\"" } else { self.takes("'").then_some("'")? };
        Some((name, unescaped(self.until(quote)?)?))
    }

    fn content(&mut self, element: &mut Element, depth: usize) -> Option<()> {
        loop {
            let start = self.rest.find('<')?;
            let (text, after) = self.rest.split_at(start);
            element.text.push_str(&unescaped(text)?);
            self.rest = after;
            if self.takes("</") {
                let closed = self.name()? == element.name;
                self.rest = self.rest.trim_start();
                return (closed && self.takes(">")).then_some(());
            }
            if self.rest.starts_with("<!--") {
                self.until("-->")?;
            } else {
                element.children.push(self.element(depth + 1)?);
            }
        }
    }
}

/// A text without references to characters.
fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (name, after) = after.split_once(';')?;
        plain.push_str(before);
        plain.push(character(name)?);
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

fn character(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let code = name.strip_prefix('#')?;
            let number = match code.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => code.parse().ok()?,
            };
            char::from_u32(number)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_attributes_children_and_text() {
        let root =
            parse("<?xml version='1.0'?><!-- x --><a b=\"1 &lt; 2\" c='&#65;'><d/><e>f &amp; g</e></a>\n")
                .unwrap();
        assert_eq!(
            (root.name.as_str(), root.attribute("b"), root.attribute("c")),
            ("a", Some("1 < 2"), Some("A"))
        );
        assert_eq!(root.named("e").next().unwrap().text, "f & g");
        assert_eq!((root.children.len(), root.attribute("x")), (2, None));
    }

    #[test]
    fn what_is_not_well_formed_is_nothing() {
        let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
        for text in [
            "",
            "a",
            "<a>",
            "<a></b>",
            "<a b></a>",
            "<a b=1/>",
            "<a>&x;</a>",
            "<a/><b/>",
            "<a b='1'",
            "<!DOCTYPE a><a/>",
            &deep,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
