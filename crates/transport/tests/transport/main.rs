//! The client and its tokens, against peers that misbehave.

#[cfg(test)]
mod bearer;
#[cfg(test)]
mod client;
#[cfg(test)]
mod peer;
