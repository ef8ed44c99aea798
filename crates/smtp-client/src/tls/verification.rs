//! The result of verifying a certificate, in words.

use std::fmt;

use rustls::{
    CertificateError, Error, crypto::WebPkiSupportedAlgorithms, pki_types::CertificateDer, server::ParsedCertificate,
};

use super::{
    certificate::Certificate,
    fingerprint::Fingerprint,
    server_name::ServerName,
    text::{printable, rfc_3339_from_unix},
};

/// The shortest RSA key that signatures are verified with, in bits.
const MIN_RSA_BITS: usize = 2048;
const MALFORMED: &str = "it is malformed";
/// Names of a certificate that a sentence lists.
const MAX_NAMES: usize = 8;

/// Whether the certificate of the server must be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a certificate is accepted or not")]
pub enum Verification {
    /// The handshake fails unless it is.
    Required,
    /// Every certificate is accepted. This protects against eavesdropping, but not against an impostor. Whether the
    /// certificate is trusted is in [`TlsFacts::verification`](super::TlsFacts::verification).
    Opportunistic,
}

/// Why a certificate was refused, or would have been if it had to be trusted. [`Display`](fmt::Display) is a sentence
/// that says what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerificationError {
    fault: CertificateFault,
    fingerprint: Fingerprint,
}

/// What is wrong with a certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CertificateFault {
    /// It expired.
    Expired {
        /// When it expired, such as `2026-01-31T12:00:00Z`.
        not_after: String,
        /// This is about the certificate of a CA, and not about that of the server.
        is_ca: bool,
    },
    /// It is not valid yet.
    NotYetValid {
        /// When it becomes valid, such as `2026-01-31T12:00:00Z`.
        not_before: String,
        /// This is about the certificate of a CA, and not about that of the server.
        is_ca: bool,
    },
    /// It is for other names.
    WrongName {
        /// The required name.
        expected: String,
        /// The names that it is for.
        presented: Vec<String>,
    },
    /// It is its own issuer.
    SelfSigned,
    /// It is a CA certificate, which a server must not use. `openssl req -x509` creates such certificates.
    CaCertificate,
    /// Its CA is not one of those that are trusted.
    UnknownCa {
        /// The name of the CA.
        issuer: String,
    },
    /// Its CA has revoked it.
    Revoked,
    /// Its signature or that of the handshake is wrong.
    BadSignature,
    /// It is signed with an algorithm that is not supported, such as SHA-1.
    UnsupportedSignature,
    /// Its key is of a kind that is not supported, such as P-521 and DSA.
    UnsupportedKey,
    /// It is not for servers.
    WrongPurpose,
    /// Its RSA key is too short.
    WeakKey {
        /// The length of the key.
        bits: usize,
    },
    /// It is of X.509 version 1 or 2.
    OldVersion(u8),
    /// It is not one of the pinned certificates.
    NotPinned,
    /// The system has no CA certificates to verify it with.
    NoCaCertificates(String),
    /// Anything else.
    Other(String),
}

impl VerificationError {
    pub(super) fn new(fault: CertificateFault, certificate: &CertificateDer<'_>) -> Self {
        Self { fault, fingerprint: Fingerprint::of(certificate) }
    }

    /// What is wrong.
    pub const fn fault(&self) -> &CertificateFault {
        &self.fault
    }

    /// The fingerprint of the certificate, to pin it.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Explains an error that the verification of a server certificate returned.
    pub(super) fn explain(error: &Error, certificate: &CertificateDer<'_>, name: Option<&ServerName>) -> Self {
        let fault = match (error, Certificate::parse(certificate)) {
            (Error::InvalidCertificate(error), Some(parsed)) => fault(error, &parsed, name),
            (_, Some(_)) => CertificateFault::Other(printable(&error.to_string())),
            (_, None) => CertificateFault::Other(MALFORMED.into()),
        };
        Self::new(fault, certificate)
    }

    /// Why a signature by the key of this certificate could not be verified.
    pub(super) fn explain_signature(
        error: &Error,
        certificate: &CertificateDer<'_>,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Self {
        match unverifiable(certificate, algorithms) {
            Some(fault) => Self::new(fault, certificate),
            None => Self::explain(error, certificate, None),
        }
    }
}

/// Why signatures by the key of this certificate cannot be verified. `None` if they can.
pub(super) fn unverifiable(
    certificate: &CertificateDer<'_>,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Option<CertificateFault> {
    let Some(parsed) = Certificate::parse(certificate) else {
        return Some(CertificateFault::Other(MALFORMED.into()));
    };
    if let Some(fault) = weak_key(&parsed) {
        return Some(fault);
    }
    if parsed.version() < 3 {
        return Some(CertificateFault::OldVersion(parsed.version()));
    }
    if !algorithms.all.iter().any(|algorithm| Some(algorithm.public_key_alg_id().as_ref()) == parsed.key_algorithm()) {
        return Some(CertificateFault::UnsupportedKey);
    }
    let error = ParsedCertificate::try_from(certificate).err()?;
    Some(CertificateFault::Other(printable(&error.to_string())))
}

fn weak_key(certificate: &Certificate<'_>) -> Option<CertificateFault> {
    let bits = certificate.rsa_bits().filter(|bits| *bits < MIN_RSA_BITS)?;
    Some(CertificateFault::WeakKey { bits })
}

fn fault(error: &CertificateError, certificate: &Certificate<'_>, name: Option<&ServerName>) -> CertificateFault {
    use CertificateError as E;
    // No other remedy would help.
    if let Some(fault) = weak_key(certificate) {
        return fault;
    }
    match error {
        E::Expired => CertificateFault::Expired { not_after: certificate.not_after(), is_ca: false },
        E::ExpiredContext { not_after, .. } => {
            let not_after = rfc_3339_from_unix(not_after.as_secs());
            let is_ca = not_after != certificate.not_after();
            CertificateFault::Expired { not_after, is_ca }
        }
        E::NotValidYet => CertificateFault::NotYetValid { not_before: certificate.not_before(), is_ca: false },
        E::NotValidYetContext { not_before, .. } => {
            let not_before = rfc_3339_from_unix(not_before.as_secs());
            let is_ca = not_before != certificate.not_before();
            CertificateFault::NotYetValid { not_before, is_ca }
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => CertificateFault::WrongName {
            expected: name.map(ToString::to_string).unwrap_or_default(),
            presented: certificate.names(),
        },
        E::Other(_) | E::UnknownIssuer if certificate.is_ca() => CertificateFault::CaCertificate,
        E::UnknownIssuer if certificate.is_self_issued() => CertificateFault::SelfSigned,
        E::UnknownIssuer => CertificateFault::UnknownCa { issuer: certificate.issuer() },
        E::Revoked => CertificateFault::Revoked,
        E::BadSignature => CertificateFault::BadSignature,
        E::UnsupportedSignatureAlgorithmContext { .. } | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            CertificateFault::UnsupportedSignature
        }
        // The platform's verifier hides this behind an error of its own.
        E::Other(_) if !certificate.is_for_servers() => CertificateFault::WrongPurpose,
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => CertificateFault::WrongPurpose,
        _ if certificate.version() < 3 => CertificateFault::OldVersion(certificate.version()),
        _ => CertificateFault::Other(printable(&error.to_string())),
    }
}

impl fmt::Display for VerificationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use CertificateFault as F;
        let which = |is_ca: bool| if is_ca { "a CA certificate of the server" } else { "the certificate" };
        match &self.fault {
            F::Expired { not_after, is_ca } => {
                write!(f, "{} expired at {not_after}: the server needs a new one", which(*is_ca))?;
            }
            F::NotYetValid { not_before, is_ca } => {
                write!(f, "{} is not valid before {not_before}: check the clock of this machine", which(*is_ca))?;
            }
            F::WrongName { expected, presented } => {
                write!(f, "the certificate is not for {expected}, but for {}: ", Names(presented))?;
                f.write_str("connect to one of these names, give the name to verify")?;
            }
            F::SelfSigned => f.write_str("the certificate is self-signed: give it as a CA file")?,
            F::CaCertificate => f.write_str(
                "the certificate is a CA certificate, which a server must not use: issue one with CA:FALSE for the \
                 server",
            )?,
            F::UnknownCa { issuer } => {
                write!(f, "the certificate is issued by a CA that is not trusted ({issuer}): ")?;
                f.write_str("give its CA with a CA file, make the server send its intermediate certificates")?;
            }
            F::Revoked => return f.write_str("the certificate was revoked by its CA: the server needs a new one"),
            F::BadSignature => {
                return f.write_str(
                    "the signature of the certificate or of the handshake is wrong: the server is misconfigured, or \
                     the connection is intercepted",
                );
            }
            F::UnsupportedSignature => {
                f.write_str("the certificate is signed with an unsupported algorithm: the server needs a new one")?;
            }
            F::UnsupportedKey => {
                return f.write_str(
                    "the key of the certificate is of a kind that is not supported: the server needs a key for RSA, \
                     P-256, P-384 or Ed25519",
                );
            }
            F::WrongPurpose => {
                f.write_str("the certificate is not for TLS servers: the server needs one for serverAuth")?;
            }
            F::WeakKey { bits } => {
                return write!(
                    f,
                    "the certificate has an RSA key of {bits} bits, which is too short: the server needs a key of at \
                     least {MIN_RSA_BITS} bits"
                );
            }
            F::OldVersion(version) => {
                return write!(
                    f,
                    "the certificate is of X.509 version {version}, which cannot be verified: the server needs one of \
                     version 3"
                );
            }
            F::NotPinned => {
                return write!(
                    f,
                    "the certificate is not pinned: if it is the new certificate of the server, pin its fingerprint \
                     sha256 {}",
                    self.fingerprint
                );
            }
            F::NoCaCertificates(_) => f.write_str(NO_CA_CERTIFICATES)?,
            F::Other(why) => write!(f, "the certificate cannot be verified ({why}): the server needs another one")?,
        }
        write!(f, ", or pin its fingerprint sha256 {}", self.fingerprint)
    }
}

impl std::error::Error for VerificationError {}

/// What to do without CA certificates, as an enumeration to be continued.
pub(super) const NO_CA_CERTIFICATES: &str = "there are no CA certificates on this machine: install them (most systems \
                                             call the package ca-certificates), give a CA file";

/// The names of a certificate, as a list.
struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no host name (it has no subjectAltName)");
        }
        let shown = self.0.iter().take(MAX_NAMES).map(String::as_str).collect::<Vec<_>>();
        f.write_str(&shown.join(", "))?;
        match self.0.len().saturating_sub(MAX_NAMES) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
