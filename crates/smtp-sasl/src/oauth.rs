//! XOAUTH2 and OAUTHBEARER (RFC 7628): one message with the token. A challenge after it says why the token is refused;
//! it has to be answered before the server reports the failure.

use alloc::{boxed::Box, format, string::String};

use crate::{
    error::SaslError,
    gs2::header,
    secret::{Response, Secret},
};

/// The longest reason that is kept, in characters.
const MAX_REASON: usize = 1024;
/// In place of a reason that repeats the token.
const HIDDEN: &str = "(not shown: it repeats the token)";

pub(crate) enum OAuth {
    /// The token is the last message, unless the server refuses it.
    Sent { acknowledgement: &'static [u8], secrets: [Secret; 3] },
    /// The server refused the token.
    Refused { reason: Box<str> },
}

impl OAuth {
    pub(crate) fn xoauth2(user: &str, token: &[u8]) -> (Self, Response) {
        let message = Response::concat(&[b"user=", user.as_bytes(), b"\x01auth=Bearer ", token, b"\x01\x01"]);
        (Self::sent(b"", token, &message), message)
    }

    /// `identity`: whom to act as, in the GS2 header.
    pub(crate) fn bearer(identity: &str, token: &[u8], server: Option<(&str, u16)>) -> (Self, Response) {
        let server = server.map(|(host, port)| format!("host={host}\x01port={port}\x01")).unwrap_or_default();
        let header = header("n", Some(identity));
        let message =
            Response::concat(&[header.as_bytes(), b"\x01", server.as_bytes(), b"auth=Bearer ", token, b"\x01\x01"]);
        (Self::sent(b"\x01", token, &message), message)
    }

    fn sent(acknowledgement: &'static [u8], token: &[u8], message: &Response) -> Self {
        let secrets = [Secret::new(token), Secret::base64(token), Secret::base64(message.octets())];
        Self::Sent { acknowledgement, secrets }
    }

    /// An empty challenge is a refusal, too: the token had been sent.
    pub(crate) fn respond(self, challenge: &[u8]) -> Result<(Self, Response), SaslError> {
        match self {
            Self::Sent { acknowledgement, secrets } => {
                Ok((Self::Refused { reason: reason(challenge, &secrets) }, Response::concat(&[acknowledgement])))
            }
            Self::Refused { .. } => Err(SaslError::UnexpectedChallenge),
        }
    }
}

/// The server's words on one line, or `HIDDEN` if they contain one of the secrets.
fn reason(challenge: &[u8], secrets: &[Secret]) -> Box<str> {
    let contains = |secret: &Secret| challenge.windows(secret.len().max(1)).any(|window| *window == **secret);
    if secrets.iter().any(contains) {
        return HIDDEN.into();
    }
    let text = String::from_utf8_lossy(challenge);
    let line = text.chars().take(MAX_REASON).map(|character| if character.is_control() { ' ' } else { character });
    line.collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &[u8] = b"vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

    fn refused_with(challenge: &[u8]) -> Box<str> {
        let (client, _) = OAuth::xoauth2("user@example.com", TOKEN);
        match client.respond(challenge).unwrap() {
            (OAuth::Refused { reason }, _) => reason,
            (OAuth::Sent { .. }, _) => unreachable!("a challenge is a refusal"),
        }
    }

    #[test]
    fn the_example_of_rfc_7628_section_4_1() {
        let (client, message) = OAuth::bearer("user@example.com", TOKEN, Some(("server.example.com", 143)));
        let expected = b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01\
            auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
        assert_eq!(message.octets(), expected);
        let error = br#"{"status":"invalid_token","scope":"example_scope"}"#;
        let (client, answer) = client.respond(error).unwrap();
        assert_eq!(answer.octets(), b"\x01");
        assert_eq!(client.respond(error).err(), Some(SaslError::UnexpectedChallenge));
    }

    #[test]
    fn the_message_of_xoauth2_and_its_empty_answer() {
        let (client, message) =
            OAuth::xoauth2("someuser@example.com", b"ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
        let expected =
            b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01";
        assert_eq!(message.octets(), expected);
        assert_eq!(client.respond(b"{}").unwrap().1.octets(), b"");
    }

    #[test]
    fn an_identity_cannot_end_the_header() {
        let (_, message) = OAuth::bearer("a=b,c", b"t", None);
        assert_eq!(message.octets(), b"n,a=a=3Db=2Cc,\x01auth=Bearer t\x01\x01");
    }

    #[test]
    fn the_reason_is_one_line_of_bounded_length() {
        assert_eq!(&*refused_with(b"{\"status\":\r\n\"401\"}\0\xff"), "{\"status\":  \"401\"} \u{fffd}");
        assert_eq!(refused_with(&[b'x'; 5000]).len(), MAX_REASON);
        assert_eq!(&*refused_with(b""), "");
    }

    #[test]
    fn a_reason_that_repeats_the_token_is_not_kept() {
        let (_, message) = OAuth::xoauth2("user@example.com", TOKEN);
        for echo in [TOKEN, message.octets(), &Secret::base64(TOKEN), &Secret::base64(message.octets())] {
            let long = [b"x".repeat(2 * MAX_REASON).as_slice(), echo].concat();
            assert_eq!([&*refused_with(echo), &*refused_with(&long)], [HIDDEN, HIDDEN]);
        }
    }
}
