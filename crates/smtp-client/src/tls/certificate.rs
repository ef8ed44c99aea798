//! What a certificate says about itself, for reports and error messages. Nothing here decides whether it is trusted.

use std::net::IpAddr;

use super::{
    der::{BIT_STRING, BOOLEAN, Element, Elements, INTEGER, OCTET_STRING, OID, SEQUENCE, context},
    fingerprint::Fingerprint,
    text::{distinguished_name, printable, rfc_3339},
};

/// What a certificate says about itself. All text is safe to print: control characters are escaped.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CertificateFacts {
    /// The SHA-256 of the certificate.
    pub fingerprint: Fingerprint,
    /// The distinguished name of the subject, such as `O=Example, CN=mx.example.net`.
    pub subject: String,
    /// The host names and IP addresses in its subjectAltName extension.
    pub names: Vec<String>,
    /// The distinguished name of the issuer.
    pub issuer: String,
    /// The first second of its validity, such as `2026-01-31T12:00:00Z`.
    pub not_before: String,
    /// The last second of its validity.
    pub not_after: String,
}

/// A certificate. It is read leniently, also if its version or its key cannot be verified.
#[derive(Clone, Copy, Debug)]
pub(super) struct Certificate<'a> {
    whole: &'a [u8],
    version: u8,
    issuer: Element<'a>,
    not_before: Element<'a>,
    not_after: Element<'a>,
    subject: Element<'a>,
    key: Element<'a>,
    extensions: Option<Element<'a>>,
    signature_algorithm: Element<'a>,
}

impl<'a> Certificate<'a> {
    /// RFC 5280 section 4.1.
    pub(super) fn parse(whole: &'a [u8]) -> Option<Self> {
        let mut outer = Elements(whole).expect(SEQUENCE)?.elements();
        let mut inner = outer.expect(SEQUENCE)?.elements();
        let version = match inner.optional(context(0)) {
            Some(version) => version.elements().expect(INTEGER)?.contents.last()?.saturating_add(1),
            None => 1,
        };
        inner.expect(INTEGER)?;
        inner.expect(SEQUENCE)?;
        let issuer = inner.expect(SEQUENCE)?;
        let mut validity = inner.expect(SEQUENCE)?.elements();
        let (not_before, not_after) = (validity.next()?, validity.next()?);
        let (subject, key) = (inner.expect(SEQUENCE)?, inner.expect(SEQUENCE)?);
        let extensions = inner.find(|element| element.tag == context(3));
        let signature_algorithm = outer.expect(SEQUENCE)?;
        Some(Self { whole, version, issuer, not_before, not_after, subject, key, extensions, signature_algorithm })
    }

    pub(super) fn facts(&self) -> CertificateFacts {
        CertificateFacts {
            fingerprint: Fingerprint::of(self.whole),
            subject: distinguished_name(self.subject),
            names: self.names(),
            issuer: self.issuer(),
            not_before: self.not_before(),
            not_after: self.not_after(),
        }
    }

    pub(super) fn issuer(&self) -> String {
        distinguished_name(self.issuer)
    }

    pub(super) fn not_before(&self) -> String {
        rfc_3339(self.not_before)
    }

    pub(super) fn not_after(&self) -> String {
        rfc_3339(self.not_after)
    }

    /// The version, counted from 1.
    pub(super) const fn version(&self) -> u8 {
        self.version
    }

    /// The issuer is the subject. Does not check the signature.
    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// The certificate is marked as that of a CA (RFC 5280 section 4.2.1.9).
    pub(super) fn is_ca(&self) -> bool {
        let constraints = self.extension(&[0x55, 0x1d, 0x13]).and_then(|mut value| value.expect(SEQUENCE));
        let flag = constraints.and_then(|constraints| constraints.elements().optional(BOOLEAN));
        flag.is_some_and(|flag| flag.contents != [0])
    }

    /// The certificate may be used for TLS servers (RFC 5280 section 4.2.1.12).
    pub(super) fn is_for_servers(&self) -> bool {
        let purposes = self.extension(&[0x55, 0x1d, 0x25]).and_then(|mut value| value.expect(SEQUENCE));
        let server_auth = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
        purposes.is_none_or(|purposes| purposes.elements().any(|purpose| purpose.contents == server_auth))
    }

    /// The host names and IP addresses of the subjectAltName extension (RFC 5280 section 4.2.1.6).
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.extension(&[0x55, 0x1d, 0x11]).and_then(|mut value| value.expect(SEQUENCE));
        let names = names.into_iter().flat_map(Element::elements);
        names.filter_map(general_name).collect()
    }

    /// The algorithm of the key, with its parameters.
    pub(super) fn key_algorithm(&self) -> Option<&'a [u8]> {
        Some(self.key.elements().expect(SEQUENCE)?.contents)
    }

    /// The length of the key in bits, if it is an RSA key.
    pub(super) fn rsa_bits(&self) -> Option<usize> {
        let mut parts = self.key.elements();
        let algorithm = parts.expect(SEQUENCE)?.elements().expect(OID)?;
        if algorithm.contents != [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01] {
            return None;
        }
        let (_, key) = parts.expect(BIT_STRING)?.contents.split_first()?;
        let modulus = Elements(key).expect(SEQUENCE)?.elements().expect(INTEGER)?.contents;
        let start = modulus.iter().position(|octet| *octet != 0)?;
        let (first, rest) = modulus.split_at_checked(start)?.1.split_first()?;
        Some(rest.len().saturating_mul(8) + first.checked_ilog2()? as usize + 1)
    }

    /// The algorithm that the certificate is signed with: its identifier and its parameters.
    pub(super) fn signature_algorithm(&self) -> Option<(&'a [u8], Option<Element<'a>>)> {
        let mut parts = self.signature_algorithm.elements();
        Some((parts.expect(OID)?.contents, parts.next()))
    }

    /// The value of an extension.
    fn extension(&self, oid: &[u8]) -> Option<Elements<'a>> {
        let extensions = self.extensions?.elements().expect(SEQUENCE)?.elements();
        extensions.into_iter().find_map(|extension| {
            let mut parts = extension.elements();
            if parts.expect(OID)?.contents != oid {
                return None;
            }
            parts.optional(BOOLEAN);
            parts.expect(OCTET_STRING).map(Element::elements)
        })
    }
}

/// A `dNSName` or an `iPAddress`. Other kinds do not name a server.
fn general_name(name: Element<'_>) -> Option<String> {
    match name.tag {
        0x82 => Some(printable(&String::from_utf8_lossy(name.contents))),
        0x87 => {
            let v4 = || <[u8; 4]>::try_from(name.contents).map(IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(name.contents).map(IpAddr::from);
            v4().or_else(|_| v6()).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::{CertificateDer, pem::PemObject};

    use super::*;

    const VERSION_1: &str = include_str!("../../tests/tls/version1.pem");
    const RSA_1024: &str = include_str!("../../tests/tls/rsa1024.pem");

    fn der(pem: &str) -> Vec<u8> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
    }

    #[test]
    fn old_certificates_are_read() {
        let der = der(VERSION_1);
        let certificate = Certificate::parse(&der).unwrap();
        assert_eq!((certificate.version(), certificate.rsa_bits(), certificate.is_ca()), (1, None, false));
        assert!(certificate.is_self_issued() && certificate.is_for_servers());
        let facts = certificate.facts();
        assert_eq!(facts.subject, "C=DE, O=Old Appliance, CN=mx.test");
        assert_eq!(facts.names, [""; 0]);
        assert_eq!((&facts.not_before[..10], &facts.not_after[..10]), ("2026-11-26", "2126-11-02"));
    }

    #[test]
    fn the_length_of_a_key_is_read() {
        let der = der(RSA_1024);
        let certificate = Certificate::parse(&der).unwrap();
        assert_eq!((certificate.version(), certificate.rsa_bits()), (3, Some(1024)));
        assert_eq!(certificate.names(), ["mx.test"]);
    }

    #[test]
    fn damaged_certificates_are_read_without_panic() {
        let read = |der: &[u8]| {
            if let Some(certificate) = Certificate::parse(der) {
                let _ =
                    (certificate.facts(), certificate.rsa_bits(), certificate.is_ca(), certificate.is_for_servers());
            }
        };
        for pem in [VERSION_1, RSA_1024] {
            let whole = der(pem);
            for position in 0..whole.len() {
                assert!(Certificate::parse(&whole[..position]).is_none());
                for octet in [0x00, 0x01, 0x30, 0x7f, 0x80, 0x81, 0x83, 0xff] {
                    let mut damaged = whole.clone();
                    damaged[position] = octet;
                    read(&damaged);
                }
            }
        }
    }
}
