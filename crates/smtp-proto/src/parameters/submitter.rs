//! Who submitted the message (RFC 4954 section 5).

use alloc::vec::Vec;

use super::{error::ParameterError, xtext};
use crate::address::Mailbox;

/// Who submitted the message: the AUTH parameter of MAIL (RFC 4954 section 5).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Submitter(Option<Mailbox>);

impl Submitter {
    /// It is not known, or not known for certain: `AUTH=<>`.
    pub const UNKNOWN: Self = Self(None);

    /// RFC 4954 section 3 allows 500 octets more for MAIL, with the keyword.
    const MAX: usize = 494;

    /// The mailbox of whoever submitted the message. It may have at most 494 octets once it is encoded as xtext.
    pub fn new(mailbox: Mailbox) -> Result<Self, ParameterError> {
        if xtext::encoded_len(mailbox.as_str().as_bytes()) > Self::MAX {
            return Err(ParameterError::TooLong(Self::MAX));
        }
        Ok(Self(Some(mailbox)))
    }

    /// The mailbox; `None` if it is not known.
    pub const fn mailbox(&self) -> Option<&Mailbox> {
        self.0.as_ref()
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Some(mailbox) => xtext::encode(mailbox.as_str().as_bytes(), out),
            None => out.extend_from_slice(b"<>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_encoded_as_xtext() {
        let encoded = |submitter: &Submitter| {
            let mut out = Vec::new();
            submitter.encode(&mut out);
            out
        };
        // The example of RFC 4954 section 5.
        let submitter = Submitter::new(Mailbox::new("e=mc2@example.com").unwrap()).unwrap();
        assert_eq!(encoded(&submitter), b"e+3Dmc2@example.com");
        assert_eq!(encoded(&Submitter::UNKNOWN), b"<>");
        let long = Mailbox::new(&alloc::format!("{}@x", "+".repeat(252))).unwrap();
        assert_eq!(Submitter::new(long), Err(ParameterError::TooLong(494)));
    }
}
