//! ON24's adapter: the exact requests it sends, and what it makes of answers that no sane server gives.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod stage;
