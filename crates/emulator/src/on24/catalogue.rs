//! Operations without data of their own.

use super::asked::{Asked, Said};
use super::books::Books;
use super::refusal::Refusal;

/// An operation that ON24 has and this server has not yet.
pub(super) fn unserved<'a>(_: &mut Books, _: &Asked<'a>) -> Result<Said<'a>, Refusal> {
    Err(Refusal::NoSuchPath)
}
