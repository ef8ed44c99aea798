//! The messages of SCRAM (RFC 5802 section 7).

use alloc::vec::Vec;

use base64ct::{Base64, Encoding};

use crate::error::SaslError;

/// The fewest rounds to accept (RFC 7677 section 4).
pub const MIN_ROUNDS: u32 = 4096;
/// The most rounds to accept: they cost this side time, before the server has proved anything.
pub const MAX_ROUNDS: u32 = 1_000_000;

/// The longest nonce to accept, in octets: ours and the server's. It is repeated in the answer.
const MAX_NONCE: usize = 1024;

/// `server-first-message`.
#[derive(Debug)]
pub(super) struct ServerFirst<'a> {
    /// Ours and the server's.
    pub(super) nonce: &'a str,
    pub(super) salt: Vec<u8>,
    pub(super) rounds: u32,
}

impl<'a> ServerFirst<'a> {
    /// The answer to a client that sent this nonce.
    pub(super) fn parse(message: &'a [u8], client_nonce: &str) -> Result<Self, SaslError> {
        let mut attributes = attributes(message)?;
        let nonce = nonce(first(&mut attributes, 'r')?, client_nonce)?;
        let salt = salt(next(&mut attributes, 's')?)?;
        let rounds = rounds(next(&mut attributes, 'i')?)?;
        check_extensions(attributes)?;
        Ok(Self { nonce, salt, rounds })
    }
}

/// The signature in a `server-final-message`.
pub(super) fn server_signature(message: &[u8]) -> Result<Vec<u8>, SaslError> {
    let mut attributes = attributes(message)?;
    let signature = first(&mut attributes, 'v')?;
    check_extensions(attributes)?;
    Base64::decode_vec(signature).map_err(|_| SaslError::Malformed)
}

type Attribute<'a> = Result<(char, &'a str), SaslError>;

fn attributes(message: &[u8]) -> Result<impl Iterator<Item = Attribute<'_>>, SaslError> {
    let text = core::str::from_utf8(message).map_err(|_| SaslError::Malformed)?;
    Ok(text.split(',').map(attribute))
}

/// `attr-val`: a letter, `=`, and a value without NUL.
fn attribute(text: &str) -> Attribute<'_> {
    match text.split_once('=') {
        Some((name, value)) if !value.contains('\0') => match *name.as_bytes() {
            [letter] if letter.is_ascii_alphabetic() => Ok((letter.into(), value)),
            _ => Err(SaslError::Malformed),
        },
        _ => Err(SaslError::Malformed),
    }
}

/// The value of the first attribute, which must have this name. The server may report an error in place of any
/// message.
fn first<'a>(attributes: &mut impl Iterator<Item = Attribute<'a>>, name: char) -> Result<&'a str, SaslError> {
    match attributes.next() {
        Some(Ok(('e', reason))) => Err(refusal(reason)),
        attribute => value(attribute, name),
    }
}

/// The value of the next attribute, which must have this name.
fn next<'a>(attributes: &mut impl Iterator<Item = Attribute<'a>>, name: char) -> Result<&'a str, SaslError> {
    value(attributes.next(), name)
}

fn value(attribute: Option<Attribute<'_>>, name: char) -> Result<&str, SaslError> {
    match attribute {
        Some(Ok((found, value))) if found == name => Ok(value),
        Some(Ok(('m', _))) => Err(SaslError::MandatoryExtension),
        Some(Err(error)) => Err(error),
        Some(Ok(_)) | None => Err(SaslError::Malformed),
    }
}

/// Extensions are ignored, unless they must be understood. The attributes of RFC 5802 section 5.1 are not extensions.
fn check_extensions<'a>(mut attributes: impl Iterator<Item = Attribute<'a>>) -> Result<(), SaslError> {
    attributes.try_for_each(|attribute| match attribute? {
        ('m', _) => Err(SaslError::MandatoryExtension),
        ('a' | 'c' | 'e' | 'i' | 'n' | 'p' | 'r' | 's' | 'v', _) => Err(SaslError::Malformed),
        _ => Ok(()),
    })
}

/// `nonce`: printable, begins with ours, adds to it, and is not too long.
fn nonce<'a>(nonce: &'a str, client_nonce: &str) -> Result<&'a str, SaslError> {
    match (nonce.len(), nonce.strip_prefix(client_nonce)) {
        (..=MAX_NONCE, Some(added)) if !added.is_empty() && added.bytes().all(|octet| octet.is_ascii_graphic()) => {
            Ok(nonce)
        }
        _ => Err(SaslError::Nonce),
    }
}

fn salt(text: &str) -> Result<Vec<u8>, SaslError> {
    match Base64::decode_vec(text) {
        Ok(salt) if !salt.is_empty() => Ok(salt),
        _ => Err(SaslError::Salt),
    }
}

/// `posit-number`: digits alone, the first of them not zero.
fn rounds(text: &str) -> Result<u32, SaslError> {
    match text.as_bytes() {
        [b'0'] => Err(SaslError::TooFewRounds),
        [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => match text.parse() {
            Ok(rounds @ MIN_ROUNDS..=MAX_ROUNDS) => Ok(rounds),
            Ok(..MIN_ROUNDS) => Err(SaslError::TooFewRounds),
            Ok(_) | Err(_) => Err(SaslError::TooManyRounds),
        },
        _ => Err(SaslError::Malformed),
    }
}

/// `server-error`: a reason that is not known is treated as `other-error`, and never repeated.
fn refusal(reason: &str) -> SaslError {
    const BINDING: [&str; 4] = [
        "channel-bindings-dont-match",
        "server-does-support-channel-binding",
        "channel-binding-not-supported",
        "unsupported-channel-binding-type",
    ];
    const OTHERS: [&str; 6] = [
        "invalid-encoding",
        "extensions-not-supported",
        "invalid-proof",
        "unknown-user",
        "invalid-username-encoding",
        "no-resources",
    ];
    let find = |reasons: &[&'static str]| reasons.iter().copied().find(|known| *known == reason);
    match (find(&BINDING), find(&OTHERS)) {
        (Some(reason), _) => SaslError::BindingRefused(reason),
        (None, Some(reason)) => SaslError::Refused(reason),
        (None, None) => SaslError::Refused("other-error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_first_message_is_taken_with_extensions_that_need_not_be_understood() {
        for message in ["r=oursX,s=QSXC,i=4096", "r=oursX,s=QSXC,i=4096,x=,Z=a=b", "r=oursX,s=QSXC,i=4096,t=\u{fc}"] {
            let first = ServerFirst::parse(message.as_bytes(), "ours").unwrap();
            assert_eq!((first.nonce, first.salt.as_slice(), first.rounds), ("oursX", &b"A%\xc2"[..], 4096));
        }
        assert_eq!(ServerFirst::parse(b"r=oX,s=QSXC,i=1000000", "o").unwrap().rounds, MAX_ROUNDS);
    }

    #[test]
    fn a_nonce_has_at_most_1024_octets() {
        for (added, expected) in [(MAX_NONCE - 4, None), (MAX_NONCE - 3, Some(SaslError::Nonce))] {
            let message = format!("r=ours{},s=QSXC,i=4096", "X".repeat(added));
            assert_eq!(ServerFirst::parse(message.as_bytes(), "ours").err(), expected, "{added}");
        }
    }

    #[test]
    fn every_other_first_message_is_refused() {
        use SaslError::{Malformed, MandatoryExtension, Nonce, Salt, TooFewRounds, TooManyRounds};
        for (message, expected) in [
            (&b""[..], Malformed),
            (b",", Malformed),
            (b"\xff", Malformed),
            (b"r", Malformed),
            (b"r=", Nonce),
            (b"r=ours", Nonce),
            (b"r=oursX", Malformed),
            (b"r=ours,s=QSXC,i=4096", Nonce),
            (b"r=our,s=QSXC,i=4096", Nonce),
            (b"r=theirs,s=QSXC,i=4096", Nonce),
            (b"r=OURSX,s=QSXC,i=4096", Nonce),
            (b"r=ours X,s=QSXC,i=4096", Nonce),
            (b"r=ours\xc3\xbc,s=QSXC,i=4096", Nonce),
            (b"r=ours\x7f,s=QSXC,i=4096", Nonce),
            (b"r=oursX\0,s=QSXC,i=4096", Malformed),
            (b" r=oursX,s=QSXC,i=4096", Malformed),
            (b"R=oursX,s=QSXC,i=4096", Malformed),
            (b"s=QSXC,r=oursX,i=4096", Malformed),
            (b"r=oursX,i=4096,s=QSXC", Malformed),
            (b"r=oursX,s=QSXC", Malformed),
            (b"r=oursX,s=QSXC,", Malformed),
            (b"r=oursX,s=,i=4096", Salt),
            (b"r=oursX,s=Q,i=4096", Salt),
            (b"r=oursX,s=QSX,i=4096", Salt),
            (b"r=oursX,s=QSX!,i=4096", Salt),
            (b"r=oursX,s=QSXC=,i=4096", Salt),
            (b"r=oursX,s=QSXC ,i=4096", Salt),
            (b"r=oursX,s=QSXC,i=", Malformed),
            (b"r=oursX,s=QSXC,i=+4096", Malformed),
            (b"r=oursX,s=QSXC,i=-4096", Malformed),
            (b"r=oursX,s=QSXC,i=04096", Malformed),
            (b"r=oursX,s=QSXC,i=4096 ", Malformed),
            (b"r=oursX,s=QSXC,i=0x1000", Malformed),
            (b"r=oursX,s=QSXC,i=0", TooFewRounds),
            (b"r=oursX,s=QSXC,i=1", TooFewRounds),
            (b"r=oursX,s=QSXC,i=4095", TooFewRounds),
            (b"r=oursX,s=QSXC,i=1000001", TooManyRounds),
            (b"r=oursX,s=QSXC,i=4294967296", TooManyRounds),
            (b"r=oursX,s=QSXC,i=99999999999999999999999999999", TooManyRounds),
            (b"m=x,r=oursX,s=QSXC,i=4096", MandatoryExtension),
            (b"r=oursX,s=QSXC,i=4096,m=x", MandatoryExtension),
            (b"r=oursX,s=QSXC,i=4096,x=y,m=", MandatoryExtension),
            (b"r=oursX,s=QSXC,i=4096,i=8192", Malformed),
            (b"r=oursX,s=QSXC,i=4096,s=QSXC", Malformed),
            (b"r=oursX,s=QSXC,i=4096,r=oursX", Malformed),
            (b"r=oursX,s=QSXC,i=4096,v=QSXC", Malformed),
            (b"r=oursX,s=QSXC,i=4096,p=QSXC", Malformed),
            (b"r=oursX,s=QSXC,i=4096,c=biws", Malformed),
            (b"r=oursX,s=QSXC,i=4096,n=user", Malformed),
            (b"r=oursX,s=QSXC,i=4096,a=user", Malformed),
            (b"r=oursX,s=QSXC,i=4096,x=y,e=other-error", Malformed),
            (b"r=oursX,e=no-resources", Malformed),
            (b"r=oursX,s=QSXC,e=no-resources", Malformed),
            (b"r=oursX,s=QSXC,i=4096,", Malformed),
            (b"r=oursX,s=QSXC,i=4096,xy", Malformed),
            (b"r=oursX,s=QSXC,i=4096,xy=z", Malformed),
            (b"r=oursX,s=QSXC,i=4096,1=z", Malformed),
            (b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", Malformed),
            (b"e=no-resources", SaslError::Refused("no-resources")),
        ] {
            let found = ServerFirst::parse(message, "ours");
            assert_eq!(found.err(), Some(expected), "{}", message.escape_ascii());
        }
    }

    #[test]
    fn a_final_message_has_a_signature_or_an_error() {
        for (message, expected) in [
            (&b"v=QSXC"[..], Ok(b"A%\xc2".to_vec())),
            (b"v=QSXC,x=y", Ok(b"A%\xc2".to_vec())),
            (b"v=", Ok(Vec::new())),
            (b"", Err(SaslError::Malformed)),
            (b"v", Err(SaslError::Malformed)),
            (b"v=Q", Err(SaslError::Malformed)),
            (b"V=QSXC", Err(SaslError::Malformed)),
            (b"x=y,v=QSXC", Err(SaslError::Malformed)),
            (b"x=y,e=invalid-proof", Err(SaslError::Malformed)),
            (b"v=QSXC,p=QSXC", Err(SaslError::Malformed)),
            (b"v=QSXC,e=invalid-proof", Err(SaslError::Malformed)),
            (b"v=QSXC,m=x", Err(SaslError::MandatoryExtension)),
            (b"e=invalid-proof", Err(SaslError::Refused("invalid-proof"))),
            (b"e=invalid-proof,x=y", Err(SaslError::Refused("invalid-proof"))),
            (b"e=unknown-user", Err(SaslError::Refused("unknown-user"))),
            (b"e=", Err(SaslError::Refused("other-error"))),
            (b"e=the password was pencil", Err(SaslError::Refused("other-error"))),
            (b"e=channel-bindings-dont-match", Err(SaslError::BindingRefused("channel-bindings-dont-match"))),
        ] {
            assert_eq!(server_signature(message), expected, "{}", message.escape_ascii());
        }
    }
}
