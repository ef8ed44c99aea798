//! What SCRAM computes from the password (RFC 5802 section 3). All of it is wiped.

use hmac::{EagerHash, Hmac, digest::Output};
use sha1::Sha1;
use sha2::Sha256;

use crate::{
    keyed::{keyed, mac},
    secret::{Secret, Wiped},
};

/// The hash of a mechanism.
#[derive(Clone, Copy)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
}

/// What both sides show each other.
pub(super) struct Proofs {
    /// `ClientProof`.
    pub(super) client: Secret,
    /// `ServerSignature`.
    pub(super) server: Secret,
}

impl Hash {
    /// For a prepared password, and for messages that are separated by commas in `AuthMessage`.
    pub(super) fn proofs(self, password: &[u8], salt: &[u8], rounds: u32, messages: [&[u8]; 3]) -> Proofs {
        match self {
            Self::Sha1 => proofs::<Sha1>(password, salt, rounds, messages),
            Self::Sha256 => proofs::<Sha256>(password, salt, rounds, messages),
        }
    }
}

fn proofs<D: EagerHash>(password: &[u8], salt: &[u8], rounds: u32, messages: [&[u8]; 3]) -> Proofs {
    let [client_first, server_first, client_final] = messages;
    let message: [&[u8]; 5] = [client_first, b",", server_first, b",", client_final];
    let salted = keyed::<D>(&salted::<D>(password, salt, rounds));
    let mut client = mac(&salted, &[b"Client Key"]);
    let stored = Wiped(D::digest(client.as_slice()));
    let signature = mac(&keyed::<D>(&stored), &message);
    xor(&mut client, &signature);
    let server = mac(&keyed::<D>(&mac(&salted, &[b"Server Key"])), &message);
    Proofs { client: Secret::new(&client), server: Secret::new(&server) }
}

/// `Hi`: PBKDF2 (RFC 8018) with one block of output.
fn salted<D: EagerHash>(password: &[u8], salt: &[u8], rounds: u32) -> Wiped<Output<Hmac<D>>> {
    let password = keyed::<D>(password);
    let mut last = mac(&password, &[salt, &1_u32.to_be_bytes()]);
    let mut sum = Wiped(last.clone());
    for _ in 1..rounds {
        last = mac(&password, &[&last]);
        xor(&mut sum, &last);
    }
    sum
}

fn xor(sum: &mut [u8], other: &[u8]) {
    sum.iter_mut().zip(other).for_each(|(sum, other)| *sum ^= other);
}
