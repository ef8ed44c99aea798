//! SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password, and neither sends it.

mod keys;
mod message;
mod prepare;

use alloc::{format, string::String};
use core::hint::black_box;

use base64ct::{Base64, Encoding};

pub(crate) use self::keys::Hash;
pub use self::message::{MAX_ROUNDS, MIN_ROUNDS};
use self::{message::ServerFirst, prepare::prepared};
use crate::{
    channel_binding::Binding,
    error::{Field, SaslError, SetupError},
    gs2::{escaped, header},
    secret::{Response, Secret},
};

pub(crate) enum Scram {
    AwaitServerFirst(First),
    AwaitServerFinal {
        signature: Secret,
    },
    /// The server has proved that it knows the password.
    Verified,
}

/// What is needed for the answer to `server-first-message`.
pub(crate) struct First {
    hash: Hash,
    password: Secret,
    nonce: String,
    /// `client-first-message-bare`.
    bare: String,
    /// The value of `c=`: GS2 header and channel binding.
    binding: String,
}

impl Scram {
    /// The state after `client-first-message`, and that message. RFC 5802 leaves the length of the nonce open: 18
    /// octets are never drawn twice, and need no padding in base64.
    pub(crate) fn new(
        hash: Hash,
        (user, password): (&str, &Secret),
        authorization: Option<&str>,
        binding: Binding<'_>,
        nonce: &[u8; 18],
    ) -> Result<(Self, Response), SetupError> {
        Self::with_nonce(hash, (user, password), authorization, binding, Base64::encode_string(nonce))
    }

    fn with_nonce(
        hash: Hash,
        (user, password): (&str, &Secret),
        authorization: Option<&str>,
        binding: Binding<'_>,
        nonce: String,
    ) -> Result<(Self, Response), SetupError> {
        let user = prepared(Field::User, user.as_bytes())?;
        let password = prepared(Field::Password, password)?;
        let header = header(binding.flag, authorization);
        let bare = format!("n={},r={nonce}", escaped(&user));
        let message = Response::concat(&[header.as_bytes(), bare.as_bytes()]);
        let binding = Base64::encode_string(&[header.as_bytes(), binding.data].concat());
        let password = Secret::new(password.as_bytes());
        Ok((Self::AwaitServerFirst(First { hash, password, nonce, bare, binding }), message))
    }

    pub(crate) fn respond(self, challenge: &[u8]) -> Result<(Self, Response), SaslError> {
        match self {
            Self::AwaitServerFirst(first) => first.respond(challenge),
            Self::AwaitServerFinal { signature } => {
                let found = message::server_signature(challenge)?;
                if equal(&signature, &found) {
                    Ok((Self::Verified, Response::empty()))
                } else {
                    Err(SaslError::Signature)
                }
            }
            Self::Verified => Err(SaslError::UnexpectedChallenge),
        }
    }
}

impl First {
    /// `client-final-message`.
    fn respond(self, challenge: &[u8]) -> Result<(Scram, Response), SaslError> {
        let ServerFirst { nonce, salt, rounds } = ServerFirst::parse(challenge, &self.nonce)?;
        let without_proof = format!("c={},r={nonce}", self.binding);
        let messages = [self.bare.as_bytes(), challenge, without_proof.as_bytes()];
        let proofs = self.hash.proofs(&self.password, &salt, rounds, messages);
        let response = Response::concat(&[without_proof.as_bytes(), b",p=", &Secret::base64(&proofs.client)]);
        Ok((Scram::AwaitServerFinal { signature: proofs.server }, response))
    }
}

/// In a time that depends on the lengths alone.
fn equal(left: &[u8], right: &[u8]) -> bool {
    let difference = left.iter().zip(right).fold(0, |difference, (left, right)| black_box(difference | (left ^ right)));
    left.len() == right.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNBOUND: Binding<'_> = Binding { flag: "n", data: &[] };

    /// RFC 7677's nonce is shorter than that of a caller.
    fn client(hash: Hash, nonce: &str) -> (Scram, Response) {
        let password = Secret::new(b"pencil");
        Scram::with_nonce(hash, ("user", &password), None, UNBOUND, nonce.into()).unwrap()
    }

    #[test]
    fn the_exchange_of_rfc_5802_section_5() {
        let (client, first) = client(Hash::Sha1, "fyko+d2lbbFgONRv9qkxdawL");
        assert_eq!(first.octets(), b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
        let challenge = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
        let (client, proof) = client.respond(challenge).unwrap();
        let expected = b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
        assert_eq!(proof.octets(), expected);
        let (client, last) = client.respond(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=").unwrap();
        assert!(matches!(client, Scram::Verified));
        assert_eq!(last.octets(), b"");
    }

    #[test]
    fn the_exchange_of_rfc_7677_section_3() {
        let (client, first) = client(Hash::Sha256, "rOprNGfwEbeRWgbNEkqO");
        assert_eq!(first.octets(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let (client, proof) = client.respond(challenge).unwrap();
        let expected = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
            p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(proof.octets(), expected);
        let (client, last) = client.respond(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").unwrap();
        assert!(matches!(client, Scram::Verified));
        assert_eq!(last.octets(), b"");
    }

    /// `c=` repeats the header of the first message, authorization identity included.
    #[test]
    fn an_authorization_identity_is_part_of_what_is_proved() {
        let exporter = Binding { flag: "p=tls-exporter", data: &[1; 32] };
        let password = Secret::new(b"p");
        let (client, first) = Scram::new(Hash::Sha256, ("u=,", &password), Some("a,=b"), exporter, &[42; 18]).unwrap();
        let expected = b"p=tls-exporter,a=a=2C=3Db,n=u=3D=2C,r=KioqKioqKioqKioqKioqKioq";
        assert_eq!(first.octets(), expected);
        let challenge = b"r=KioqKioqKioqKioqKioqKioqKioqKX,s=QSXCR+Q6sek8bf92,i=4096";
        let (_, proof) = client.respond(challenge).unwrap();
        assert!(proof.octets().ends_with(b",p=vpVw7GFsSpA/gcGGltoRaM2z8fT4fISY6x4/X6va4WQ="));
    }

    #[test]
    fn signatures_are_equal_only_in_every_octet() {
        for (left, right, expected) in [
            (&b""[..], &b""[..], true),
            (b"ab", b"ab", true),
            (b"ab", b"ac", false),
            (b"ab", b"bb", false),
            (b"ab", b"a", false),
            (b"ab", b"abc", false),
            (b"", b"a", false),
        ] {
            assert_eq!(equal(left, right), expected);
        }
    }
}
