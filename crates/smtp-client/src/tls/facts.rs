//! What is known about a TLS connection after its handshake.

use rustls::{ClientConnection, HandshakeKind, ProtocolVersion, pki_types::UnixTime};

use smtp_proto::TlsVersion;

use super::{
    certificate::{Certificate, CertificateFacts},
    config_error::TlsConfigError,
    fingerprint::Fingerprint,
    provider,
    server_name::ServerName,
    verification::{CertificateFault, Verification, VerificationError, unverifiable},
    verifier::Trust,
};

/// What is known about a TLS connection after its handshake, for reports.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TlsFacts {
    /// The version.
    pub version: TlsVersion,
    /// The cipher suite, by its name at IANA, such as `TLS_AES_256_GCM_SHA384`.
    pub cipher_suite: String,
    /// An earlier session was resumed. The certificate is that of the earlier handshake.
    pub resumed: bool,
    /// Whether the certificate is trusted. Always `Ok` with [`Verification::Required`].
    pub verification: Result<(), VerificationError>,
    /// The name that the certificate is verified for.
    pub server_name: ServerName,
    /// The SHA-256 of the certificate.
    pub fingerprint: Fingerprint,
    /// What the certificate says, unless it is malformed.
    pub certificate: Option<CertificateFacts>,
}

impl TlsFacts {
    /// `None` before the end of the handshake.
    ///
    /// rustls does not call the verifier for a resumed session, but keeps its certificates. So they are verified
    /// here, for full handshakes, too. The result depends only on them, the name, the time and the policy: both
    /// handshakes get the same one.
    pub(super) fn collect(
        tls: &ClientConnection,
        server_name: &ServerName,
        required: Verification,
        trust: &Result<Trust, TlsConfigError>,
    ) -> Option<Self> {
        let (certificate, intermediates) = tls.peer_certificates()?.split_first()?;
        let verification = match (required, trust) {
            (Verification::Required, _) => Ok(()),
            (Verification::Opportunistic, Err(error)) => {
                let fault = CertificateFault::NoCaCertificates(error.to_string());
                Err(VerificationError::new(fault, certificate))
            }
            (Verification::Opportunistic, Ok(trust)) => {
                trust.verify(certificate, intermediates, server_name, &[], UnixTime::now()).and_then(|()| {
                    // The signature of the handshake was not verified, so the server may not have the key.
                    let fault = unverifiable(certificate, &provider::algorithms());
                    fault.map_or(Ok(()), |fault| Err(VerificationError::new(fault, certificate)))
                })
            }
        };
        let suite = tls.negotiated_cipher_suite()?.suite();
        Some(Self {
            version: match tls.protocol_version()? {
                ProtocolVersion::TLSv1_2 => TlsVersion::Tls12,
                _ => TlsVersion::Tls13,
            },
            // rustls has TLS13 in the names of those of TLS 1.3.
            cipher_suite: format!("{suite:?}").replace("TLS13_", "TLS_"),
            resumed: tls.handshake_kind() == Some(HandshakeKind::Resumed),
            verification,
            server_name: server_name.clone(),
            fingerprint: Fingerprint::of(certificate),
            certificate: Certificate::parse(certificate).map(|certificate| certificate.facts()),
        })
    }
}
