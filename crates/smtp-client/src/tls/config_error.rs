//! Errors in the policy for TLS connections.

use std::fmt;

use rustls::{Error, pki_types::pem};

use super::{server_name::ServerNameError, text::printable, verification::NO_CA_CERTIFICATES};

/// Why a [`TlsConfig`](super::TlsConfig) cannot be built, or cannot start a connection. Never caused by what a server
/// sent.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TlsConfigError {
    /// There is no certificate in the PEM file.
    NoCertificate,
    /// A certificate is malformed.
    MalformedCertificate(String),
    /// There is no private key in the PEM file.
    NoKey,
    /// The private key is encrypted.
    EncryptedKey,
    /// The private key is malformed, or of a kind that is not supported.
    UnusableKey(String),
    /// The private key does not match the certificate.
    KeyMismatch,
    /// The file is not valid PEM.
    Pem(String),
    /// The system has no CA certificates.
    NoCaCertificates(String),
    /// The host is not a valid name for a certificate.
    ServerName(ServerNameError),
    /// Anything else.
    Other(String),
}

impl TlsConfigError {
    pub(super) fn other(error: &Error) -> Self {
        Self::Other(printable(&error.to_string()))
    }

    /// The messages of the parser show octets as numbers.
    pub(super) fn pem(error: &pem::Error) -> Self {
        Self::Pem(match error {
            pem::Error::MissingSectionEnd { .. } => "an END line is missing".into(),
            pem::Error::IllegalSectionStart { .. } => "a BEGIN line is malformed".into(),
            error => error.to_string(),
        })
    }

    /// rustls reports every certificate as that of a peer.
    pub(super) fn malformed_certificate(error: &Error) -> Self {
        Self::MalformedCertificate(match error {
            Error::InvalidCertificate(error) => error.to_string(),
            error => error.to_string(),
        })
    }
}

impl fmt::Display for TlsConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("there is no certificate in the file: it must be in PEM"),
            Self::MalformedCertificate(why) => write!(f, "a certificate in the file is malformed: {why}"),
            Self::NoKey => f.write_str("there is no private key in the file: it must be in PEM"),
            Self::EncryptedKey => f.write_str("the private key is encrypted: store it without a password"),
            Self::UnusableKey(why) => write!(f, "the private key cannot be used: {why}"),
            Self::KeyMismatch => f.write_str(
                "the private key does not match the certificate: the certificate of the client must be the first one \
                 in its file",
            ),
            Self::Pem(why) => write!(f, "the file is not valid PEM: {why}"),
            Self::NoCaCertificates(_) => {
                write!(f, "{NO_CA_CERTIFICATES}, or pin the fingerprint of the server's certificate")
            }
            Self::ServerName(error) => error.fmt(f),
            Self::Other(why) => write!(f, "TLS cannot be set up: {why}"),
        }
    }
}

impl std::error::Error for TlsConfigError {}
