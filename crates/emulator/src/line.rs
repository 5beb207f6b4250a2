//! A connection that can be torn: the peer sees a reset, and no orderly end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The stream of one connection.
pub(crate) struct Line {
    stream: TcpStream,
    torn: Tear,
}

/// What tears a line, for whoever has handed the line itself away. Clones tear the same line.
#[derive(Clone, Default)]
pub(crate) struct Tear(Arc<AtomicBool>);

impl Tear {
    /// The line ends with a reset once it is dropped.
    pub(crate) fn tear(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Line {
    pub(crate) fn new(stream: TcpStream) -> (Self, Tear) {
        let torn = Tear::default();
        (Self { stream, torn: torn.clone() }, torn)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.torn.0.load(Ordering::SeqCst) {
            // A connection that is gone already cannot be reset, and need not be.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
