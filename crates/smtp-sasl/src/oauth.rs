//! XOAUTH2 and OAUTHBEARER (RFC 7628): one message with the token. A challenge after it says why the token is refused;
//! it has to be answered before the server reports the failure.

use alloc::{boxed::Box, format};

use crate::{error::SaslError, gs2::header, secret::Response};

/// The longest reason that is kept, in octets.
const MAX_REASON: usize = 64;

pub(crate) enum OAuth {
    /// The token is the last message, unless the server refuses it.
    Sent { acknowledgement: &'static [u8] },
    /// The server refused the token.
    Refused { reason: Box<str> },
}

impl OAuth {
    pub(crate) fn xoauth2(user: &str, token: &[u8]) -> (Self, Response) {
        let message = Response::concat(&[b"user=", user.as_bytes(), b"\x01auth=Bearer ", token, b"\x01\x01"]);
        (Self::Sent { acknowledgement: b"" }, message)
    }

    /// `identity`: whom to act as, in the GS2 header.
    pub(crate) fn bearer(identity: &str, token: &[u8], server: Option<(&str, u16)>) -> (Self, Response) {
        let server = server.map(|(host, port)| format!("host={host}\x01port={port}\x01")).unwrap_or_default();
        let header = header("n", Some(identity));
        let message =
            Response::concat(&[header.as_bytes(), b"\x01", server.as_bytes(), b"auth=Bearer ", token, b"\x01\x01"]);
        (Self::Sent { acknowledgement: b"\x01" }, message)
    }

    /// An empty challenge is a refusal, too: the token had been sent.
    pub(crate) fn respond(self, challenge: &[u8]) -> Result<(Self, Response), SaslError> {
        match self {
            Self::Sent { acknowledgement } => {
                let reason = status(challenge).unwrap_or_default().into();
                Ok((Self::Refused { reason }, Response::concat(&[acknowledgement])))
            }
            Self::Refused { .. } => Err(SaslError::UnexpectedChallenge),
        }
    }
}

/// The value of `status` in a challenge of JSON. Nothing else is kept of a challenge: it can repeat the token in any
/// encoding.
///
/// Quotes inside a JSON string are escaped, so a `"status"` that a colon follows is a name.
fn status(challenge: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(challenge).ok()?;
    text.split(r#""status""#).skip(1).find_map(after_colon).and_then(code)
}

/// What follows a colon, with white space (RFC 8259 section 2) before and after it.
fn after_colon(text: &str) -> Option<&str> {
    const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];
    Some(text.trim_start_matches(SPACE).strip_prefix(':')?.trim_start_matches(SPACE))
}

/// The JSON string at the beginning, if it is short and needs no escaping anywhere.
fn code(text: &str) -> Option<&str> {
    let (code, _) = text.strip_prefix('"')?.split_once('"')?;
    let allowed = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'.');
    (code.len() <= MAX_REASON && code.bytes().all(allowed)).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

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
    fn the_reason_is_the_status_of_the_json() {
        let longest = "x".repeat(MAX_REASON);
        let longest_status = format!(r#"{{"status":"{longest}"}}"#);
        for (challenge, expected) in [
            (r#"{"status":"401"}"#, "401"),
            (r#"{"status":"invalid_token","scope":"example_scope"}"#, "invalid_token"),
            ("{ \"schemes\" : \"bearer\",\r\n\t\"status\" \n:\t\"a-B.9_\" }", "a-B.9_"),
            (r#"{"scope":"status","status":"400"}"#, "400"),
            (r#"{"status":"400","status":"500"}"#, "400"),
            (&longest_status, &longest),
        ] {
            assert_eq!(&*refused_with(challenge.as_bytes()), expected, "{challenge}");
        }
    }

    #[test]
    fn a_challenge_without_a_harmless_status_gives_no_reason() {
        let too_long = format!(r#"{{"status":"{}"}}"#, "x".repeat(MAX_REASON + 1));
        for challenge in [
            "",
            "{}",
            "status: 401",
            r#""status""#,
            r#"{"status":401}"#,
            r#"{"status":"401"#,
            r#"{"status":"40 1"}"#,
            r#"{"status":"4\u002e1"}"#,
            r#"{"status":"a\"b"}"#,
            r#"{"status":"Bearer t"}"#,
            r#"{"status":"dDBrZW4="}"#,
            "{\"status\":\"\u{fc}\"}",
            r#"{"Status":"401"}"#,
            r#"{"scope":"\"status\":\"401\""}"#,
            r#"{"status":"a b","status":"401"}"#,
            &too_long,
        ] {
            assert_eq!(&*refused_with(challenge.as_bytes()), "", "{challenge}");
        }
        assert_eq!(&*refused_with(b"{\"status\":\"401\",\"x\":\"\xff\"}"), "");
    }

    #[test]
    fn a_challenge_that_repeats_the_token_gives_no_reason() {
        let (_, message) = OAuth::xoauth2("user@example.com", TOKEN);
        let unpadded = TOKEN.strip_suffix(b"==").unwrap();
        for echo in [TOKEN, unpadded, message.octets(), &TOKEN.to_ascii_uppercase(), &Secret::base64(TOKEN)] {
            for place in ["scope", "status"] {
                let challenge = [b"{\"", place.as_bytes(), b"\":\"Bearer ", echo, b"\"}"].concat();
                assert_eq!(&*refused_with(&challenge), "");
            }
            assert_eq!(&*refused_with(echo), "");
        }
    }
}
