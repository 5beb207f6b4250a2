//! SQL: `SELECT` of columns of one table, with conditions and an order.

use super::cookie::Cookie;
use super::error::{Outcome, Refusal};
use super::filter::Filter;
use super::listing;
use super::query::{Order, Query, Shape};
use super::scene::Scene;
use super::schema::{Table, TableId};
use super::store::Store;
use super::syntax::Ast;
use crate::wire::Answer;

/// How deep conditions may be nested, and how long a query may be, in tokens.
const DEPTH: usize = 64;
const TOKENS: usize = 20_000;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A word or number.
    Word(String),
    Text(String),
    Mark(&'static str),
}

const MARKS: [&str; 12] = ["<=", ">=", "<>", "!=", "=", "<", ">", "(", ")", ",", "*", ";"];

/// Answers `set?sql=…`.
pub(super) fn answer(scene: &Scene<'_>, table: TableId, text: &str, skip: Option<&str>) -> Outcome<Answer> {
    let tokens = tokens(text).ok_or_else(unreadable)?;
    let mut parser = Parser { store: scene.store, table, alias: None, tokens, next: 0, depth: 0 };
    let query = parser.query()?;
    let cookie = skip.map(Cookie::decode).transpose()?;
    Ok(listing::answer(scene, &query, cookie.as_ref()))
}

fn unreadable() -> Refusal {
    Refusal::sql("The SQL query cannot be read, or is not one that this server knows.")
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if tokens.len() >= TOKENS {
            return None;
        }
        let (token, used) = match MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            Some(mark) => (Token::Mark(mark), mark.len()),
            None if first == '\'' => quoted(rest)?,
            None => word(rest)?,
        };
        tokens.push(token);
        rest = rest[used..].trim_start();
    }
    Some(tokens)
}

/// A quoted text and its length; a doubled quote stands for one.
fn quoted(text: &str) -> Option<(Token, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((place, char)) = chars.next() {
        if char != '\'' {
            value.push(char);
        } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
            value.push('\'');
        } else {
            return Some((Token::Text(value), place + 1));
        }
    }
    None
}

fn word(text: &str) -> Option<(Token, usize)> {
    let belongs = |char: char| char.is_alphanumeric() || "_.-+[]".contains(char);
    let end = text.find(|char| !belongs(char)).unwrap_or(text.len());
    (end > 0).then(|| (Token::Word(text[..end].replace(['[', ']'], "")), end))
}

struct Parser<'a> {
    store: &'a Store,
    table: TableId,
    alias: Option<String>,
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn shape(&self) -> &'a Table {
        self.store.table(self.table)
    }

    fn query(&mut self) -> Outcome<Query> {
        self.expect("select")?;
        if self.takes("distinct") {
            return Err(Refusal::sql("DISTINCT is not supported by this server."));
        }
        let mut top = if self.takes("top") { Some(self.number()?) } else { None };
        let mut names = vec![self.word()?];
        while self.takes_mark(",") {
            names.push(self.word()?);
        }
        self.expect("from")?;
        if !self.word()?.eq_ignore_ascii_case(self.shape().logical) {
            return Err(unreadable());
        }
        self.read_alias()?;
        let columns = names.iter().map(|name| self.column(name)).collect::<Outcome<Vec<_>>>()?;
        let condition = if self.takes("where") { Some(self.any(false)?) } else { None };
        let order = self.order()?;
        if self.takes("offset") {
            let none = self.number()? == 0;
            self.expect("rows")?;
            self.expect("fetch")?;
            self.expect("next")?;
            top = Some(self.number()?).filter(|_| none);
            self.expect("rows")?;
            self.expect("only")?;
            top.ok_or_else(unreadable)?;
        }
        if self.next < self.tokens.len() {
            return Err(unreadable());
        }
        let filter = condition.map(|ast| Filter::bind(self.store, self.table, ast)).transpose()?;
        let shape =
            Shape { table: self.table, columns: Some(columns), expansions: Vec::new(), linked: Vec::new() };
        Ok(Query { shape, filter, order, top, count: false, skip_token: None, delta_token: None })
    }

    fn read_alias(&mut self) -> Outcome<()> {
        if self.takes("as") {
            self.alias = Some(self.word()?);
        } else if let Some(Token::Word(word)) = self.tokens.get(self.next)
            && !["where", "order", "offset", "group", "join", "inner", "left"]
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known))
        {
            self.alias = Some(word.clone());
            self.next += 1;
        }
        Ok(())
    }

    fn order(&mut self) -> Outcome<Vec<Order>> {
        let mut order = Vec::new();
        if !self.takes("order") {
            return Ok(order);
        }
        self.expect("by")?;
        loop {
            let name = self.word()?;
            let column = self.shape().comparable(self.column(&name)?)?;
            let descending = self.takes("desc");
            if !descending {
                self.takes("asc");
            }
            order.push(Order { column, descending });
            if !self.takes_mark(",") {
                return Ok(order);
            }
        }
    }

    /// A column by its logical name, with the table's name or alias before it or without.
    fn column(&self, name: &str) -> Outcome<usize> {
        let bare = match name.split_once('.') {
            Some((table, bare)) => {
                let known = self.alias.as_deref().unwrap_or(self.shape().logical);
                Some(bare).filter(|_| table.eq_ignore_ascii_case(known)).ok_or_else(unreadable)?
            }
            None => name,
        };
        let found = self.shape().column(&bare.to_lowercase());
        found.ok_or_else(|| Refusal::sql(format!("Invalid column name '{bare}'.")))
    }

    /// Conditions joined by `or`; `negated` turns them round down to the last. An empty cell passes neither way.
    fn any(&mut self, negated: bool) -> Outcome<Ast> {
        let mut parts = vec![self.all(negated)?];
        while self.takes("or") {
            parts.push(self.all(negated)?);
        }
        Ok(if negated { Ast::All(parts) } else { Ast::Any(parts) })
    }

    fn all(&mut self, negated: bool) -> Outcome<Ast> {
        let mut parts = vec![self.one(negated)?];
        while self.takes("and") {
            parts.push(self.one(negated)?);
        }
        Ok(if negated { Ast::Any(parts) } else { Ast::All(parts) })
    }

    fn one(&mut self, negated: bool) -> Outcome<Ast> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(unreadable());
        }
        let ast = if self.takes("not") {
            self.one(!negated)?
        } else if self.takes_mark("(") {
            let inner = self.any(negated)?;
            self.expect_mark(")")?;
            inner
        } else {
            self.condition(negated)?
        };
        self.depth -= 1;
        Ok(ast)
    }

    fn condition(&mut self, negated: bool) -> Outcome<Ast> {
        let name = self.word()?;
        let name = self.shape().columns[self.column(&name)?].property.clone();
        let plain = |function: &str, values| Ast::Special {
            function: function.to_owned(),
            name: name.clone(),
            values,
        };
        let filled = || Ast::Not(Box::new(plain("=null", Vec::new())));
        if self.takes("is") {
            let filled_wanted = self.takes("not") != negated;
            self.expect("null")?;
            return Ok(if filled_wanted { filled() } else { plain("=null", Vec::new()) });
        }
        let negated = self.takes("not") != negated;
        let ast = if self.takes("like") {
            plain("=like", vec![self.value()?])
        } else if self.takes("in") {
            plain("=in", self.list()?)
        } else if self.takes("between") {
            let low = self.value()?;
            self.expect("and")?;
            plain("Between", vec![low, self.value()?])
        } else {
            let operator = self.operator()?;
            plain(operator, vec![self.value()?])
        };
        let ast = if negated { Ast::Not(Box::new(ast)) } else { ast };
        Ok(Ast::All(vec![filled(), ast]))
    }

    fn operator(&mut self) -> Outcome<&'static str> {
        let Some(Token::Mark(mark)) = self.tokens.get(self.next) else { return Err(unreadable()) };
        self.next += 1;
        Ok(match *mark {
            "=" => "=eq",
            "<>" | "!=" => "=ne",
            "<" => "=lt",
            "<=" => "=le",
            ">" => "=gt",
            ">=" => "=ge",
            _ => return Err(unreadable()),
        })
    }

    fn list(&mut self) -> Outcome<Vec<String>> {
        self.expect_mark("(")?;
        let mut values = vec![self.value()?];
        while self.takes_mark(",") {
            values.push(self.value()?);
        }
        self.expect_mark(")")?;
        Ok(values)
    }

    /// A text or a number.
    fn value(&mut self) -> Outcome<String> {
        let value = match self.tokens.get(self.next) {
            Some(Token::Text(text)) => text.clone(),
            // Other words are names, which nothing is compared with here.
            Some(Token::Word(word)) if word.parse::<f64>().is_ok_and(f64::is_finite) => word.clone(),
            _ => return Err(unreadable()),
        };
        self.next += 1;
        Ok(value)
    }

    fn number(&mut self) -> Outcome<usize> {
        self.word()?.parse().map_err(|_| unreadable())
    }

    fn word(&mut self) -> Outcome<String> {
        let Some(Token::Word(word)) = self.tokens.get(self.next) else { return Err(unreadable()) };
        self.next += 1;
        Ok(word.clone())
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.next), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.next += usize::from(found);
        found
    }

    fn takes_mark(&mut self, mark: &str) -> bool {
        let found = matches!(self.tokens.get(self.next), Some(Token::Mark(found)) if *found == mark);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Outcome<()> {
        if self.takes(word) { Ok(()) } else { Err(unreadable()) }
    }

    fn expect_mark(&mut self, mark: &str) -> Outcome<()> {
        if self.takes_mark(mark) { Ok(()) } else { Err(unreadable()) }
    }
}
