//! How a connection is secured.

/// How a connection is secured so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Channel {
    #[default]
    Clear,
    Unverified,
    Verified,
}
