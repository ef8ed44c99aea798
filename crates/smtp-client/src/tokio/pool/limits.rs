//! How many connections a pool may have, and how long it uses one.

use crate::Bounds;

/// How many connections a pool may have, and how long it uses one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolLimits {
    per_host: usize,
    overall: usize,
    messages: Option<u32>,
    bounds: Bounds,
}

impl PoolLimits {
    /// The most connections to one host, at least one. Many servers refuse more than ten or twenty from one client.
    #[must_use]
    pub const fn with_per_host(mut self, most: usize) -> Self {
        self.per_host = at_least_one(most);
        self
    }

    /// The most connections in all, at least one.
    #[must_use]
    pub const fn with_overall(mut self, most: usize) -> Self {
        self.overall = at_least_one(most);
        self
    }

    /// The most messages over one connection; `None` for no limit.
    #[must_use]
    pub const fn with_messages(mut self, most: Option<u32>) -> Self {
        self.messages = most;
        self
    }

    /// How long a delivery may take, and how long a connection may be used and may be idle.
    #[must_use]
    pub const fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    pub(super) const fn per_host(&self) -> usize {
        self.per_host
    }

    pub(super) const fn overall(&self) -> usize {
        self.overall
    }

    pub(super) const fn messages(&self) -> Option<u32> {
        self.messages
    }

    pub(super) const fn bounds(&self) -> Bounds {
        self.bounds
    }
}

impl Default for PoolLimits {
    /// 10 connections to one host, 1,000 in all, and 100 messages over each, with the default [`Bounds`].
    fn default() -> Self {
        Self { per_host: 10, overall: 1_000, messages: Some(100), bounds: Bounds::default() }
    }
}

const fn at_least_one(most: usize) -> usize {
    let most = if most > tokio::sync::Semaphore::MAX_PERMITS { tokio::sync::Semaphore::MAX_PERMITS } else { most };
    if most == 0 { 1 } else { most }
}
