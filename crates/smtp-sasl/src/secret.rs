//! Buffers that are wiped when they are dropped, and that Debug output does not show.

use alloc::{string::String, vec::Vec};
use core::{
    fmt,
    ops::{Deref, DerefMut},
};

use base64ct::{Base64, Encoding};
use zeroize::{Zeroize, Zeroizing};

/// Octets on the heap. They are written once: a buffer that grows leaves copies behind.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The parts, one after the other.
    pub(crate) fn concat(parts: &[&[u8]]) -> Self {
        let len = parts.iter().fold(0, |len: usize, part| len.saturating_add(part.len()));
        let mut octets = Zeroizing::new(Vec::with_capacity(len));
        for part in parts {
            octets.extend_from_slice(part);
        }
        Self(octets)
    }

    pub(crate) fn new(octets: &[u8]) -> Self {
        Self::concat(&[octets])
    }

    /// These octets in base64.
    pub(crate) fn base64(octets: &[u8]) -> Self {
        Self::from(Base64::encode_string(octets))
    }
}

/// Takes the buffer over; nothing is copied.
impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text.into_bytes()))
    }
}

impl Deref for Secret {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// An array on the stack, such as a hash.
pub(crate) struct Wiped<A: AsMut<[u8]>>(pub(crate) A);

impl<A: AsMut<[u8]>> Drop for Wiped<A> {
    fn drop(&mut self) {
        self.0.as_mut().zeroize();
    }
}

impl<A: AsMut<[u8]>> Deref for Wiped<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}

impl<A: AsMut<[u8]>> DerefMut for Wiped<A> {
    fn deref_mut(&mut self) -> &mut A {
        &mut self.0
    }
}

/// A message for the server, not in base64 yet. It is wiped when it is dropped; Debug prints `***`.
///
/// Where you copy it, such as into an output buffer, wipe the copy yourself.
pub struct Response(Secret);

impl Response {
    /// An empty message.
    pub(crate) fn empty() -> Self {
        Self::concat(&[])
    }

    /// A message of these parts, one after the other.
    pub(crate) fn concat(parts: &[&[u8]]) -> Self {
        Self(Secret::concat(parts))
    }

    /// What to send. It can be empty, which SMTP shows as `=` in an initial response and as an empty line
    /// after a challenge.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Response {
    fn as_ref(&self) -> &[u8] {
        self.octets()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Response(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_secret_is_written_into_a_buffer_of_its_size() {
        let secret = Secret::concat(&[b"one", b"", b"two"]);
        assert_eq!(&*secret, b"onetwo");
        assert_eq!(secret.0.capacity(), 6);
        assert_eq!(secret.clone().0.capacity(), 6);
        assert_eq!(&*Secret::base64(b"\0\x01"), b"AAE=");
    }

    #[test]
    fn nothing_is_shown() {
        assert_eq!(format!("{:?}", Secret::new(b"pencil")), "***");
        assert_eq!(format!("{:?}", Response::concat(&[b"pencil"])), "Response(***)");
    }
}
