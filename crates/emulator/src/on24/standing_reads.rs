//! The reads, as handlers.

use super::asked::{Asked, Said};
use super::books::Books;
use super::refusal::Refusal;

pub(super) fn event<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    Ok(asked.event(books)?.settle(asked.now, asked.seed).metadata(asked.account).into())
}

pub(super) fn registrants<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    Ok(asked.event(books)?.settle(asked.now, asked.seed).registrants(&asked.parameters()).into())
}

pub(super) fn attendees<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    Ok(asked.event(books)?.settle(asked.now, asked.seed).attendees(&asked.parameters()).into())
}

pub(super) fn events<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    let books = books.settle(asked.now, asked.seed);
    books.list(&asked.parameters(), asked.now, asked.account).map(Said::Json)
}

pub(super) fn registrant<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    books.registrant(&asked.subject, &asked.parameters(), asked.account).map(Said::Json)
}

pub(super) fn attendee<'a>(books: &mut Books, asked: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    books.settle(asked.now, asked.seed).attendee(&asked.subject, asked.account).map(Said::Json)
}
