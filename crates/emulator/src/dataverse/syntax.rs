//! The text of `$filter`, read into a tree of names and literals that knows no table yet.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::error::{Outcome, Refusal};
use super::value::parse_time;

/// How deep parentheses and `not` may be nested.
const DEPTH: usize = 64;
/// How long a filter may be, in tokens.
const TOKENS: usize = 20_000;

/// A comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// A test of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

/// A literal as it was written.
#[derive(Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Flag(bool),
    Whole(i64),
    Decimal(f64),
    Text(String),
    Id(Uuid),
    Time(Timestamp),
}

/// A filter. `Any` and `All` are flat, so that a long chain of `or` is not a deep tree.
pub(super) enum Ast {
    All(Vec<Ast>),
    Any(Vec<Ast>),
    Not(Box<Ast>),
    Compare {
        name: String,
        operator: Operator,
        literal: Literal,
    },
    Text {
        kind: TextTest,
        name: String,
        text: String,
    },
    In {
        name: String,
        values: Vec<String>,
    },
    /// Another function of the platform's own, such as `LastXDays`.
    Special {
        function: String,
        name: String,
        values: Vec<String>,
    },
    /// `collection/any(…)` or `collection/all(…)`.
    Some {
        collection: String,
        all: bool,
        inner: Option<Box<Ast>>,
    },
}

#[derive(Clone, PartialEq)]
enum Token {
    Open,
    Close,
    BracketOpen,
    BracketClose,
    Comma,
    Equals,
    Quoted(String),
    Word(String),
}

/// Reads a filter; `aliases` are the values of its `@name` parameters.
pub(super) fn parse(text: &str, aliases: &HashMap<String, String>) -> Outcome<Ast> {
    let mut tokens = Vec::new();
    lex(text, aliases, &mut tokens, false)?;
    let mut parser = Parser { tokens, next: 0, depth: 0, alias: None };
    let ast = parser.any()?;
    if parser.next < parser.tokens.len() {
        return Err(malformed(parser.next));
    }
    Ok(ast)
}

fn malformed(place: usize) -> Refusal {
    Refusal::query(format!("Syntax error in the $filter expression near token {}.", place + 1))
}

fn lex(text: &str, aliases: &HashMap<String, String>, tokens: &mut Vec<Token>, nested: bool) -> Outcome<()> {
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if tokens.len() >= TOKENS {
            return Err(Refusal::query("The $filter expression is too long."));
        }
        let (token, used) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '[' => (Token::BracketOpen, 1),
            ']' => (Token::BracketClose, 1),
            ',' => (Token::Comma, 1),
            '=' => (Token::Equals, 1),
            '\'' | '"' => quoted(rest, first).ok_or_else(|| malformed(tokens.len()))?,
            _ => word(rest).ok_or_else(|| malformed(tokens.len()))?,
        };
        match token {
            Token::Word(name) if name.starts_with('@') && !nested => {
                let value = aliases.get(&name).ok_or_else(|| malformed(tokens.len()))?;
                lex(value, aliases, tokens, true)?;
            }
            token => tokens.push(token),
        }
        rest = rest[used..].trim_start();
    }
    Ok(())
}

/// A quoted text and its length; a doubled quote stands for one.
fn quoted(text: &str, quote: char) -> Option<(Token, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((place, char)) = chars.next() {
        if char != quote {
            value.push(char);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            value.push(quote);
        } else {
            return Some((Token::Quoted(value), place + 1));
        }
    }
    None
}

fn word(text: &str) -> Option<(Token, usize)> {
    let belongs = |char: char| char.is_alphanumeric() || "_.-:+$/@".contains(char);
    let end = text.find(|char| !belongs(char)).unwrap_or(text.len());
    (end > 0).then(|| (Token::Word(text[..end].to_owned()), end))
}

fn literal(token: &Token) -> Option<Literal> {
    let word = match token {
        Token::Quoted(text) => return Some(Literal::Text(text.clone())),
        Token::Word(word) => word.as_str(),
        _ => return None,
    };
    match word {
        "null" => return Some(Literal::Null),
        "true" => return Some(Literal::Flag(true)),
        "false" => return Some(Literal::Flag(false)),
        _ => {}
    }
    if let Ok(number) = word.parse::<i64>() {
        return Some(Literal::Whole(number));
    }
    if let (36, Ok(id)) = (word.len(), word.parse::<Uuid>()) {
        return Some(Literal::Id(id));
    }
    if !word.starts_with(|char: char| char.is_ascii_digit() || char == '-') {
        return None;
    }
    let decimal = word.parse::<f64>().ok().filter(|number| number.is_finite()).map(Literal::Decimal);
    decimal.or_else(|| parse_time(word).map(Literal::Time))
}

fn operator(token: &Token) -> Option<Operator> {
    let Token::Word(word) = token else { return None };
    Some(match word.as_str() {
        "eq" => Operator::Eq,
        "ne" => Operator::Ne,
        "gt" => Operator::Gt,
        "ge" => Operator::Ge,
        "lt" => Operator::Lt,
        "le" => Operator::Le,
        _ => return None,
    })
}

impl Operator {
    /// The same comparison read from the other side.
    fn mirrored(self) -> Self {
        match self {
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            same => same,
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    /// By what the rows of a collection are called inside of `any` and `all`.
    alias: Option<String>,
}

impl Parser {
    fn any(&mut self) -> Outcome<Ast> {
        let mut parts = vec![self.all()?];
        while self.takes_word("or") {
            parts.push(self.all()?);
        }
        Ok(flat(parts, Ast::Any))
    }

    fn all(&mut self) -> Outcome<Ast> {
        let mut parts = vec![self.one()?];
        while self.takes_word("and") {
            parts.push(self.one()?);
        }
        Ok(flat(parts, Ast::All))
    }

    fn one(&mut self) -> Outcome<Ast> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Refusal::query("The $filter expression is nested too deeply."));
        }
        let ast = if self.takes_word("not") {
            Ast::Not(Box::new(self.one()?))
        } else if self.takes(&Token::Open) {
            let inner = self.any()?;
            self.expect(&Token::Close)?;
            inner
        } else {
            self.leaf()?
        };
        self.depth -= 1;
        Ok(ast)
    }

    fn leaf(&mut self) -> Outcome<Ast> {
        let first = self.take()?;
        if let Some(literal) = literal(&first) {
            let operator = self.operator()?.mirrored();
            let name = self.name()?;
            return Ok(Ast::Compare { name, operator, literal });
        }
        let Token::Word(name) = first else { return Err(malformed(self.next)) };
        if self.takes(&Token::Open) {
            return self.function(&name);
        }
        let name = self.bare(name)?;
        let operator = self.operator()?;
        let place = self.next;
        let literal = literal(&self.take()?).ok_or_else(|| malformed(place))?;
        Ok(Ast::Compare { name, operator, literal })
    }

    fn function(&mut self, function: &str) -> Outcome<Ast> {
        let kind = match function {
            "contains" => TextTest::Contains,
            "startswith" => TextTest::StartsWith,
            "endswith" => TextTest::EndsWith,
            _ => return self.other(function),
        };
        let name = self.name()?;
        self.expect(&Token::Comma)?;
        let text = self.quoted()?;
        self.expect(&Token::Close)?;
        Ok(Ast::Text { kind, name, text })
    }

    fn other(&mut self, function: &str) -> Outcome<Ast> {
        if let Some(collection) = function.strip_suffix("/any") {
            return self.lambda(collection, false);
        }
        if let Some(collection) = function.strip_suffix("/all") {
            return self.lambda(collection, true);
        }
        let Some(special) = function.strip_prefix("Microsoft.Dynamics.CRM.") else {
            let message = format!("An unknown function with name '{function}' was found.");
            return Err(Refusal::query(message));
        };
        let (name, values) = self.parameters()?;
        Ok(match special {
            "In" => Ast::In { name, values },
            _ => Ast::Special { function: special.to_owned(), name, values },
        })
    }

    /// `any()`, or `any(x:condition)` where names begin with `x/`.
    fn lambda(&mut self, collection: &str, all: bool) -> Outcome<Ast> {
        let collection = self.bare(collection.to_owned())?;
        if self.takes(&Token::Close) {
            return Ok(Ast::Some { collection, all, inner: None });
        }
        let place = self.next;
        let Some(Token::Word(word)) = self.tokens.get_mut(place) else { return Err(malformed(place)) };
        let (alias, rest) = word.split_once(':').ok_or_else(|| malformed(place))?;
        let (alias, rest) = (alias.to_owned(), rest.to_owned());
        if rest.is_empty() {
            self.next += 1;
        } else {
            *word = rest;
        }
        let outer = self.alias.replace(alias);
        let inner = self.any()?;
        self.alias = outer;
        self.expect(&Token::Close)?;
        Ok(Ast::Some { collection, all, inner: Some(Box::new(inner)) })
    }

    /// A name without the alias of the rows that it is about.
    fn bare(&self, name: String) -> Outcome<String> {
        let Some(alias) = &self.alias else { return Ok(name) };
        let bare = name.strip_prefix(alias.as_str()).and_then(|rest| rest.strip_prefix('/'));
        bare.map(str::to_owned).ok_or_else(|| malformed(self.next))
    }

    /// `PropertyName='x',PropertyValues=['a','b'])` or `PropertyName='x',PropertyValue=7)`, in either order.
    fn parameters(&mut self) -> Outcome<(String, Vec<String>)> {
        let (mut name, mut values) = (None, Vec::new());
        loop {
            let place = self.next;
            let Token::Word(parameter) = self.take()? else { return Err(malformed(place)) };
            self.expect(&Token::Equals)?;
            match parameter.as_str() {
                "PropertyName" => name = Some(self.quoted()?),
                "PropertyValues" => values = self.list()?,
                "PropertyValue" => values = vec![self.plain()?],
                _ => return Err(malformed(place)),
            }
            if !self.takes(&Token::Comma) {
                break;
            }
        }
        self.expect(&Token::Close)?;
        name.map(|name| (name, values)).ok_or_else(|| malformed(self.next))
    }

    /// A text, quoted or not.
    fn plain(&mut self) -> Outcome<String> {
        match self.take()? {
            Token::Quoted(text) | Token::Word(text) => Ok(text),
            _ => Err(malformed(self.next)),
        }
    }

    fn list(&mut self) -> Outcome<Vec<String>> {
        self.expect(&Token::BracketOpen)?;
        let mut values = Vec::new();
        while !self.takes(&Token::BracketClose) {
            if !values.is_empty() {
                self.expect(&Token::Comma)?;
            }
            values.push(self.plain()?);
        }
        Ok(values)
    }

    fn take(&mut self) -> Outcome<Token> {
        let token = self.tokens.get(self.next).cloned().ok_or_else(|| malformed(self.next))?;
        self.next += 1;
        Ok(token)
    }

    fn takes(&mut self, token: &Token) -> bool {
        let found = self.tokens.get(self.next) == Some(token);
        self.next += usize::from(found);
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.next), Some(Token::Word(found)) if found == word);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token) -> Outcome<()> {
        if self.takes(token) { Ok(()) } else { Err(malformed(self.next)) }
    }

    fn name(&mut self) -> Outcome<String> {
        match self.take()? {
            Token::Word(word) => self.bare(word),
            _ => Err(malformed(self.next)),
        }
    }

    fn quoted(&mut self) -> Outcome<String> {
        match self.take()? {
            Token::Quoted(text) => Ok(text),
            _ => Err(malformed(self.next)),
        }
    }

    fn operator(&mut self) -> Outcome<Operator> {
        let place = self.next;
        operator(&self.take()?).ok_or_else(|| malformed(place))
    }
}

fn flat(mut parts: Vec<Ast>, join: impl FnOnce(Vec<Ast>) -> Ast) -> Ast {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            join(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> bool {
        parse(text, &HashMap::new()).is_ok()
    }

    #[test]
    fn what_is_well_formed_is_read() {
        for text in [
            "statecode eq 0",
            "0 eq statecode",
            "a eq 'O''Brien' and (b ne null or not c lt 5)",
            "a ge 2026-11-20T09:00:00Z",
            "_x_value eq 0f8fad5b-d9cb-469f-a165-70867728950e",
            "contains(a,'x') or startswith(a,'y')",
            "Microsoft.Dynamics.CRM.In(PropertyName='a',PropertyValues=['1','2'])",
            "Microsoft.Dynamics.CRM.In(PropertyName='a',PropertyValues=[\"1\"])",
            "a gt -1.5",
            "Microsoft.Dynamics.CRM.LastXDays(PropertyName='a',PropertyValue=7)",
            "Microsoft.Dynamics.CRM.Today(PropertyName='a')",
            "x/any()",
            "x/any(o:o/a eq 1 and contains(o/b,'x'))",
            "x/all(o: (o/a eq 1)) or y/any(o:o/z/any(p:p/a eq 2))",
        ] {
            assert!(reads(text), "{text}");
        }
    }

    #[test]
    fn what_is_mangled_is_refused() {
        let deep = format!("{}a eq 1{}", "(".repeat(5000), ")".repeat(5000));
        for text in [
            "",
            "a",
            "a eq",
            "a eq 'x",
            "(a eq 1",
            "a eq 1)",
            "a like 'x'",
            "f(a)",
            "a eq é☃",
            &deep,
            "x/any(a eq 1)",
            "x/any(o:a eq 1)",
            "x/any(o:)",
            "x/any(",
            "x/all(o:o/a eq 1",
        ] {
            assert!(!reads(text), "{text}");
        }
    }

    #[test]
    fn aliases_stand_for_their_values() {
        let aliases = HashMap::from([("@p".to_owned(), "'x'".to_owned())]);
        let Ok(Ast::Compare { literal, .. }) = parse("a eq @p", &aliases) else { panic!("not a comparison") };
        assert!(literal == Literal::Text("x".to_owned()));
        assert!(parse("a eq @q", &aliases).is_err());
    }
}
