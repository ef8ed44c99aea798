//! The cryptography provider of TLS. Only this file names it.

use std::sync::Arc;

use rustls::{
    ClientConfig, ConfigBuilder, Error, RootCertStore, WantsVerifier,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring},
};
use rustls_platform_verifier::Verifier;

/// Never left to rustls to choose: that panics if another crate of the program enables a second provider.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The algorithms that signatures are verified with.
pub(super) fn algorithms() -> WebPkiSupportedAlgorithms {
    ring::default_provider().signature_verification_algorithms
}

/// A configuration for TLS 1.2 and 1.3.
pub(super) fn configure() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Error> {
    ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()
}

/// Verifies with the CA certificates of the system. Fails if there are none.
pub(super) fn platform_verifier() -> Result<Arc<dyn ServerCertVerifier>, Error> {
    Ok(Arc::new(Verifier::new(provider())?))
}

/// Verifies with these CA certificates. Fails if there are none.
pub(super) fn verifier(roots: RootCertStore) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    verifier
        .build()
        .map(|verifier| verifier as Arc<dyn ServerCertVerifier>)
        .map_err(|error| Error::General(error.to_string()))
}

/// Octets for a nonce. Fails if the system has no random numbers.
pub(crate) fn nonce() -> Result<[u8; 18], ()> {
    let mut nonce = [0; 18];
    provider().secure_random.fill(&mut nonce).map_err(drop)?;
    Ok(nonce)
}
