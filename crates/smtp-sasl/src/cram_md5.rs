//! CRAM-MD5 (RFC 2195): the answer to the challenge is a keyed hash of it.

use alloc::{boxed::Box, string::String};

use md5::Md5;

use crate::{
    error::SaslError,
    keyed::{keyed, mac},
    secret::{Response, Secret},
};

pub(crate) enum CramMd5 {
    AwaitChallenge { user: Box<str>, password: Secret },
    Complete,
}

impl CramMd5 {
    pub(crate) fn new(user: &str, password: &Secret) -> Self {
        Self::AwaitChallenge { user: user.into(), password: password.clone() }
    }

    pub(crate) fn respond(self, challenge: &[u8]) -> Result<(Self, Response), SaslError> {
        match (self, challenge) {
            // Its answer would be the same each time, and as good as the password.
            (Self::AwaitChallenge { .. }, []) => Err(SaslError::Malformed),
            (Self::AwaitChallenge { user, password }, _) => {
                let hash = mac(&keyed::<Md5>(&password), &[challenge]);
                Ok((Self::Complete, Response::concat(&[user.as_bytes(), b" ", &hexadecimal(&hash)])))
            }
            (Self::Complete, _) => Err(SaslError::UnexpectedChallenge),
        }
    }
}

/// In lower case, as RFC 2195 section 2 asks.
fn hexadecimal(octets: &[u8]) -> Secret {
    let mut digits = String::with_capacity(octets.len().saturating_mul(2));
    digits.extend(
        octets.iter().flat_map(|octet| [octet >> 4, octet & 15]).filter_map(|value| char::from_digit(value.into(), 16)),
    );
    Secret::from(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_2195_section_2() {
        let client = CramMd5::new("tim", &Secret::new(b"tanstaaftanstaaf"));
        let (client, response) = client.respond(b"<1896.697170952@postoffice.reston.mci.net>").unwrap();
        assert_eq!(response.octets(), b"tim b913a602c7eda7a495b4e6e7334d3890");
        assert_eq!(client.respond(b"<1896@another.example>").err(), Some(SaslError::UnexpectedChallenge));
    }

    #[test]
    fn an_empty_challenge_is_not_answered() {
        let client = CramMd5::new("tim", &Secret::new(b"tanstaaftanstaaf"));
        assert_eq!(client.respond(b"").err(), Some(SaslError::Malformed));
    }
}
