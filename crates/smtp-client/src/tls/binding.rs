//! What binds a SASL exchange to a TLS connection.

use std::fmt;

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use smtp_sasl::ChannelBinding;

use super::{
    certificate::Certificate,
    der::{Element, OID, SEQUENCE, context},
};

/// What binds a SCRAM exchange to a TLS connection. [`ChannelBinding`] borrows it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsBinding {
    /// `tls-exporter` (RFC 9266).
    Exporter([u8; 32]),
    /// `tls-server-end-point` (RFC 5929 section 4).
    ServerEndPoint(Vec<u8>),
}

impl<'a> From<&'a TlsBinding> for ChannelBinding<'a> {
    fn from(binding: &'a TlsBinding) -> Self {
        match binding {
            TlsBinding::Exporter(data) => Self::TlsExporter(data),
            TlsBinding::ServerEndPoint(hash) => Self::TlsServerEndPoint(hash),
        }
    }
}

/// Shows which one, not its data.
impl fmt::Debug for TlsBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exporter(_) => "Exporter(***)",
            Self::ServerEndPoint(_) => "ServerEndPoint(***)",
        })
    }
}

impl TlsBinding {
    /// The hash of a certificate, by the hash function of its own signature. `None` if that does not have exactly
    /// one, such as Ed25519.
    pub(super) fn server_end_point(certificate: &[u8]) -> Option<Self> {
        let (algorithm, parameters) = Certificate::parse(certificate)?.signature_algorithm()?;
        Some(Self::ServerEndPoint(match hash_of(algorithm, parameters)? {
            Hash::Sha224 => Sha224::digest(certificate).to_vec(),
            Hash::Sha256 => Sha256::digest(certificate).to_vec(),
            Hash::Sha384 => Sha384::digest(certificate).to_vec(),
            Hash::Sha512 => Sha512::digest(certificate).to_vec(),
        }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hash {
    Sha224,
    /// Also in place of MD5 and SHA-1.
    Sha256,
    Sha384,
    Sha512,
}

/// The hash function of a signature algorithm (RFC 8017 appendix A.2, RFC 5758 sections 3.1 and 3.2).
fn hash_of(algorithm: &[u8], parameters: Option<Element<'_>>) -> Option<Hash> {
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
    const DSA: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03];
    const DSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03];
    if algorithm == DSA_WITH_SHA1 {
        return Some(Hash::Sha256);
    }
    if let Some(rest) = algorithm.strip_prefix(RSA) {
        return match rest {
            // MD5 and SHA-1.
            [4 | 5 | 11] => Some(Hash::Sha256),
            [10] => pss_hash(parameters),
            [12] => Some(Hash::Sha384),
            [13] => Some(Hash::Sha512),
            [14] => Some(Hash::Sha224),
            _ => None,
        };
    }
    match algorithm.strip_prefix(ECDSA) {
        // SHA-1.
        Some([1]) => return Some(Hash::Sha256),
        Some([3, number]) => return sha2_by_number(*number),
        _ => (),
    }
    match algorithm.strip_prefix(DSA)? {
        [number] => sha2_by_number(*number),
        _ => None,
    }
}

/// The last arc of the signature algorithms with one of these hashes.
const fn sha2_by_number(number: u8) -> Option<Hash> {
    match number {
        1 => Some(Hash::Sha224),
        2 => Some(Hash::Sha256),
        3 => Some(Hash::Sha384),
        4 => Some(Hash::Sha512),
        _ => None,
    }
}

/// The hash function of RSASSA-PSS is in its parameters. SHA-1 is the default (RFC 4055 section 3.1).
fn pss_hash(parameters: Option<Element<'_>>) -> Option<Hash> {
    const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
    const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
    let parameters = parameters.filter(|parameters| parameters.tag == SEQUENCE)?;
    let Some(hash) = parameters.elements().optional(context(0)) else { return Some(Hash::Sha256) };
    let oid = hash.elements().expect(SEQUENCE)?.elements().expect(OID)?.contents;
    if oid == SHA1 {
        return Some(Hash::Sha256);
    }
    match oid.strip_prefix(SHA2)? {
        [1] => Some(Hash::Sha256),
        [2] => Some(Hash::Sha384),
        [3] => Some(Hash::Sha512),
        [4] => Some(Hash::Sha224),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_signature() {
        use Hash::{Sha224, Sha256, Sha384, Sha512};
        const RSA: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
        const ECDSA: [u8; 6] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
        const DSA: [u8; 8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03];
        for (algorithm, hash) in [
            ([&RSA[..], &[4]].concat(), Some(Sha256)),
            ([&RSA[..], &[5]].concat(), Some(Sha256)),
            ([&RSA[..], &[11]].concat(), Some(Sha256)),
            ([&RSA[..], &[12]].concat(), Some(Sha384)),
            ([&RSA[..], &[13]].concat(), Some(Sha512)),
            ([&RSA[..], &[14]].concat(), Some(Sha224)),
            ([&RSA[..], &[10]].concat(), None),
            ([&RSA[..], &[15]].concat(), None),
            ([&ECDSA[..], &[1]].concat(), Some(Sha256)),
            ([&ECDSA[..], &[3, 1]].concat(), Some(Sha224)),
            ([&ECDSA[..], &[3, 2]].concat(), Some(Sha256)),
            ([&ECDSA[..], &[3, 3]].concat(), Some(Sha384)),
            ([&ECDSA[..], &[3, 4]].concat(), Some(Sha512)),
            ([&ECDSA[..], &[3, 5]].concat(), None),
            ([&DSA[..], &[1]].concat(), Some(Sha224)),
            ([&DSA[..], &[2]].concat(), Some(Sha256)),
            (vec![0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03], Some(Sha256)),
            // Ed25519
            (vec![0x2b, 0x65, 0x70], None),
            (vec![], None),
        ] {
            assert_eq!(hash_of(&algorithm, None), hash, "{algorithm:02x?}");
        }
    }

    #[test]
    fn the_hash_of_pss_is_in_its_parameters() {
        const SHA512: [u8; 19] = [
            0xa0, 0x11, 0x30, 0x0f, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0xa1,
            0x00,
        ];
        const SHA1: [u8; 11] = [0xa0, 0x09, 0x30, 0x07, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a];
        const MD5: [u8; 14] = [0xa0, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05];
        for (contents, hash) in [
            (&SHA512[..], Some(Hash::Sha512)),
            (&SHA1[..], Some(Hash::Sha256)),
            (&MD5[..], None),
            (&[][..], Some(Hash::Sha256)),
            (&[0xa0, 0x00][..], None),
        ] {
            assert_eq!(pss_hash(Some(Element { tag: SEQUENCE, contents })), hash, "{contents:02x?}");
        }
        assert_eq!(pss_hash(None), None);
    }
}
