/// Tells whoever runs the flows that there may be something to do now, whatever rest they asked for.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait Bell: Send + Sync {
    /// Rings; never waits.
    fn ring(&self);
}

/// A bell that nobody hears, for whoever calls the flows by hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silence;

impl Bell for Silence {
    fn ring(&self) {}
}
