/// Chance.
pub trait Entropy: Send + Sync {
    /// Fills `into` with bytes that nobody can foretell.
    fn fill(&self, into: &mut [u8]);
}

#[cfg(any(test, feature = "mocks"))]
mockall::mock! {
    /// A mock of [`Entropy`].
    pub Entropy {}
    impl Entropy for Entropy {
        fn fill(&self, into: &mut [u8]);
    }
}
