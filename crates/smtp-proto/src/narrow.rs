//! Numbers in fewer octets: there are many sessions, and none of these numbers is ever near 4 Gi.

/// The number, or the largest `u32`.
#[inline]
pub(crate) fn at_most_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
