use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Peer};

/// One request and its answer: with whom, under our name for it, and what it means when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Who is asked.
    pub peer: Peer,
    /// Our name of the operation.
    pub operation: &'static str,
    /// What it means when it fails, and how long it may take.
    pub kind: ExchangeKind,
}

/// What an exchange does at the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeKind {
    /// Changes nothing: whatever fails, nothing happened.
    Read,
    /// Changes nothing, and may take longer: a page of a long list.
    PageRead,
    /// May change something: what fails once it was sent is ambiguous.
    Write,
}

impl Exchange {
    /// A read.
    pub const fn read(peer: Peer, operation: &'static str) -> Self {
        Self { peer, operation, kind: ExchangeKind::Read }
    }

    /// A read of a page of a long list.
    pub const fn page(peer: Peer, operation: &'static str) -> Self {
        Self { peer, operation, kind: ExchangeKind::PageRead }
    }

    /// A write.
    pub const fn write(peer: Peer, operation: &'static str) -> Self {
        Self { peer, operation, kind: ExchangeKind::Write }
    }

    /// A fault of this exchange.
    pub const fn fault(&self, kind: FaultKind, code: &'static str) -> Fault {
        Fault::new(kind, self.peer, self.operation, Code::new(code))
    }

    /// It failed after the first byte was sent: a write is ambiguous, a read is transient.
    pub const fn unclear(&self, code: &'static str) -> Fault {
        match self.kind {
            ExchangeKind::Write => self.fault(FaultKind::Ambiguous, code),
            ExchangeKind::Read | ExchangeKind::PageRead => self.fault(FaultKind::Transient, code),
        }
    }
}
