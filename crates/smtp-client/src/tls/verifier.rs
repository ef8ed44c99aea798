//! The two ways in which rustls verifies the certificates of servers: strictly, and not.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{self, CertificateDer, UnixTime},
};

use super::{
    fingerprint::Fingerprint,
    server_name::ServerName,
    verification::{CertificateFault, VerificationError, unverifiable},
};

/// What makes a certificate trusted.
#[derive(Clone, Debug)]
pub(super) enum Trust {
    /// A valid chain of certificates to one of the CAs, and the right name.
    Authorities(Arc<dyn ServerCertVerifier>),
    /// One of these fingerprints. The CA, the names and the dates do not matter, as with a TLSA record of usage
    /// DANE-EE (RFC 7671 section 5.1).
    Pins(Arc<[Fingerprint]>),
}

impl Trust {
    pub(super) fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<(), VerificationError> {
        let verified = match self {
            Self::Authorities(verifier) => {
                verifier.verify_server_cert(certificate, intermediates, name.as_rustls(), ocsp_response, now)
            }
            Self::Pins(pins) if pins.contains(&Fingerprint::of(certificate)) => return Ok(()),
            Self::Pins(_) => return Err(VerificationError::new(CertificateFault::NotPinned, certificate)),
        };
        verified.map(|_| ()).map_err(|error| VerificationError::explain(&error, certificate, Some(name)))
    }
}

/// Refuses certificates that are not trusted.
#[derive(Debug)]
pub(super) struct Strict {
    pub(super) trust: Trust,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

/// Accepts every certificate. `TlsFacts` says after the handshake whether it is trusted.
#[derive(Debug)]
pub(super) struct Lenient {
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

/// Wraps the error, so that rustls returns it from the handshake. The cost is that the alert to the server is always
/// `certificate_unknown`.
fn refusal(error: VerificationError) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
}

/// The error that [`refusal`] wrapped.
pub(super) fn refusal_in(error: &Error) -> Option<&VerificationError> {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(error))) => error.downcast_ref(),
        _ => None,
    }
}

impl ServerCertVerifier for Strict {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &pki_types::ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let name = ServerName::from_rustls(server_name.to_owned());
        let verified = self.trust.verify(end_entity, intermediates, &name, ocsp_response, now);
        verified.map(|()| ServerCertVerified::assertion()).map_err(refusal)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let valid = verify_tls12_signature(message, cert, dss, &self.algorithms);
        valid.map_err(|error| explain_signature(error, cert, &self.algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let valid = verify_tls13_signature(message, cert, dss, &self.algorithms);
        valid.map_err(|error| explain_signature(error, cert, &self.algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &pki_types::ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.take_as_given(verify_tls12_signature(message, cert, dss, &self.algorithms), cert)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.take_as_given(verify_tls13_signature(message, cert, dss, &self.algorithms), cert)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Explains errors that the certificate causes. Keeps those that the protocol causes.
fn explain_signature(error: Error, certificate: &CertificateDer<'_>, algorithms: &WebPkiSupportedAlgorithms) -> Error {
    match error {
        Error::InvalidCertificate(_) => refusal(VerificationError::explain_signature(&error, certificate, algorithms)),
        error => error,
    }
}

impl Lenient {
    /// Accepts a signature that cannot be verified, because of the version or the key of the certificate. One that is
    /// verified and wrong is an error: the server does not have the key.
    fn take_as_given(
        &self,
        valid: Result<HandshakeSignatureValid, Error>,
        certificate: &CertificateDer<'_>,
    ) -> Result<HandshakeSignatureValid, Error> {
        valid.or_else(|error| match error {
            Error::InvalidCertificate(_) if unverifiable(certificate, &self.algorithms).is_some() => {
                Ok(HandshakeSignatureValid::assertion())
            }
            error => Err(explain_signature(error, certificate, &self.algorithms)),
        })
    }
}
