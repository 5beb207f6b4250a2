//! The HTTP client of every adapter.
//!
//! A call is sent once and never again (rule R2): trying again is the business of the flows, which know what may be
//! repeated and when. Everything has a limit: connecting, the call, the body. What fails is classified here as far
//! as all peers agree, and a fault never carries a URL, a body or a secret.

#![warn(missing_docs)]

mod answer;
mod bearer;
pub mod classify;
mod client;
mod entra;
mod exchange;

pub use answer::{Answer, JsonFault};
pub use bearer::{Bearer, TokenOrder};
pub use client::{ClientError, ClientSettings, HttpClient};
pub use exchange::{Exchange, ExchangeKind};
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Method, RequestBuilder, StatusCode, Url};
