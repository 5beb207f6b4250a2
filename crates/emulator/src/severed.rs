//! A body that breaks off in its middle.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame};

use crate::site::{Dropped, half};

/// The first half of a body, and then the end of the connection.
pub(crate) struct Severed {
    half: Full<Bytes>,
    flushed: bool,
}

impl Severed {
    pub(crate) fn of(body: &Bytes) -> Self {
        Self { half: Full::new(half(body)), flushed: false }
    }
}

impl Body for Severed {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut self.half).poll_frame(context) {
            return Poll::Ready(Some(Ok(frame)));
        }
        // What is on its way is written out while this body says that it has nothing yet.
        if !self.flushed {
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Dropped::Closed)))
    }
}
