//! What both sides of SCRAM compute (RFC 5802 section 3), with another implementation of the hash functions than that of
//! the client.

use std::num::NonZeroU32;

use ring::{digest, hmac, pbkdf2};

/// What both sides show each other.
pub(crate) struct Proofs {
    /// `ClientProof`.
    pub(crate) client: Vec<u8>,
    /// `ServerSignature`.
    pub(crate) server: Vec<u8>,
}

impl Proofs {
    /// `message` is `AuthMessage`.
    pub(crate) fn new(mechanism: &str, password: &str, salt: &[u8], rounds: NonZeroU32, message: &[u8]) -> Self {
        let (mac, hash, derive) = if mechanism.contains("256") {
            (hmac::HMAC_SHA256, &digest::SHA256, pbkdf2::PBKDF2_HMAC_SHA256)
        } else {
            (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &digest::SHA1_FOR_LEGACY_USE_ONLY, pbkdf2::PBKDF2_HMAC_SHA1)
        };
        let mut salted = vec![0; hash.output_len()];
        pbkdf2::derive(derive, rounds, salt, password.as_bytes(), &mut salted);
        let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(mac, key), text).as_ref().to_vec();
        let client = sign(&salted, b"Client Key");
        let stored = digest::digest(hash, &client);
        let signed = sign(stored.as_ref(), message);
        let proof = client.iter().zip(signed).map(|(client, signed)| client ^ signed).collect();
        Self { client: proof, server: sign(&sign(&salted, b"Server Key"), message) }
    }
}
