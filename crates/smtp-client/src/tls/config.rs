//! The policy for TLS connections: which certificates to trust, and which one to present.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use rustls::{
    ClientConfig, ClientConnection, Error, InconsistentKeys, RootCertStore,
    client::{Resumption, danger::ServerCertVerifier},
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::{CertifiedKey, SingleCertAndKey},
};

use super::{
    channel::TlsChannel,
    config_error::TlsConfigError,
    fingerprint::Fingerprint,
    provider,
    server_name::ServerName,
    sessions::Sessions,
    verification::Verification,
    verifier::{Lenient, Strict, Trust},
};

/// The policy for TLS connections. Versions 1.2 and 1.3 are supported.
///
/// Cloning is cheap, and clones share everything. Use one for all connections with the same policy: a TLS session can
/// only be resumed under the policy that it started with.
#[derive(Clone)]
pub struct TlsConfig(Arc<Shared>);

/// Builds a [`TlsConfig`]. By default, it trusts the CA certificates of the system.
#[derive(Clone, Default)]
#[must_use]
pub struct TlsConfigBuilder {
    authorities: Option<RootCertStore>,
    pins: Vec<Fingerprint>,
    client: Option<Arc<CertifiedKey>>,
    name: Option<ServerName>,
}

impl TlsConfig {
    /// The same for clones, and for nothing else while one of them exists.
    #[cfg(feature = "tokio")]
    pub(crate) fn identity(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

struct Shared {
    source: Source,
    client: Option<Arc<CertifiedKey>>,
    name: Option<ServerName>,
    /// Created on first use: the system may have no CA certificates, and pins and opportunistic TLS need none.
    trust: OnceLock<Trust>,
    /// rustls resumes sessions only under the same verifier, so each way to verify has one configuration.
    strict: OnceLock<Arc<ClientConfig>>,
    lenient: OnceLock<Arc<ClientConfig>>,
}

/// What to trust.
enum Source {
    Platform,
    Given(Trust),
}

impl TlsConfigBuilder {
    /// Trusts the CA certificates in this PEM file instead of those of the system. Repeated calls add up.
    ///
    /// A self-signed server certificate can be given as well, unless it is marked as a CA certificate.
    pub fn with_ca_pem(mut self, pem: &[u8]) -> Result<Self, TlsConfigError> {
        let authorities = self.authorities.get_or_insert_with(RootCertStore::empty);
        for certificate in certificates(pem)? {
            authorities.add(certificate).map_err(|error| TlsConfigError::malformed_certificate(&error))?;
        }
        Ok(self)
    }

    /// Trusts the server certificate with this fingerprint, and no others. Its CA, names and dates are not verified.
    /// All CA certificates are ignored. Repeated calls add up, for example to pin the next certificate of the server,
    /// too.
    pub fn with_pin(mut self, fingerprint: Fingerprint) -> Self {
        self.pins.push(fingerprint);
        self
    }

    /// Presents this certificate to servers that request one. `chain` is a PEM file with the certificate first,
    /// followed by those of intermediate CAs. `key` is a PEM file with an unencrypted private key. Both can be the
    /// same file.
    pub fn with_client_certificate_pem(mut self, chain: &[u8], key: &[u8]) -> Result<Self, TlsConfigError> {
        let chain = certificates(chain)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            pem::Error::NoItemsFound if is_encrypted(key) => TlsConfigError::EncryptedKey,
            pem::Error::NoItemsFound => TlsConfigError::NoKey,
            error => TlsConfigError::pem(&error),
        })?;
        let certified = CertifiedKey::from_der(chain, key, &provider::provider()).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsConfigError::KeyMismatch,
            Error::InvalidCertificate(_) => TlsConfigError::malformed_certificate(&error),
            error => TlsConfigError::UnusableKey(error.to_string()),
        })?;
        self.client = Some(Arc::new(certified));
        Ok(self)
    }

    /// Requires this name in server certificates, instead of the host that is connected to. It is also sent to the
    /// server.
    pub fn with_server_name(mut self, name: ServerName) -> Self {
        self.name = Some(name);
        self
    }

    /// Builds the policy.
    pub fn build(self) -> Result<TlsConfig, TlsConfigError> {
        let source = match self.authorities {
            _ if !self.pins.is_empty() => Source::Given(Trust::Pins(self.pins.into())),
            Some(authorities) => {
                let verifier = provider::verifier(authorities).map_err(|error| TlsConfigError::other(&error))?;
                Source::Given(Trust::Authorities(verifier))
            }
            None => Source::Platform,
        };
        Ok(TlsConfig(Arc::new(Shared::new(source, self.client, self.name))))
    }
}

impl TlsConfig {
    /// A builder that trusts the CA certificates of the system and has no client certificate.
    pub fn builder() -> TlsConfigBuilder {
        TlsConfigBuilder::default()
    }

    /// Creates a connection to `host`, a name or an IP address. Continue with [`handshake`](TlsChannel::handshake):
    /// this does no network I/O.
    ///
    /// If the CA certificates of the system are used, the first call reads their files, which takes milliseconds.
    pub fn channel(&self, host: &str, verification: Verification) -> Result<TlsChannel, TlsConfigError> {
        let name = match &self.0.name {
            Some(name) => name.clone(),
            None => host.parse().map_err(TlsConfigError::ServerName)?,
        };
        let config = match verification {
            Verification::Required => self.0.strict()?,
            Verification::Opportunistic => self.0.lenient()?,
        };
        let tls =
            ClientConnection::new(config, name.as_rustls().clone()).map_err(|error| TlsConfigError::other(&error))?;
        // Opportunistic TLS works without CA certificates. The facts then say that there are none.
        let trust = self.0.trust();
        Ok(TlsChannel::new(tls, name, verification, trust))
    }
}

/// Trusts the CA certificates of the system, and has no client certificate.
impl Default for TlsConfig {
    fn default() -> Self {
        Self(Arc::new(Shared::new(Source::Platform, None, None)))
    }
}

impl Shared {
    fn new(source: Source, client: Option<Arc<CertifiedKey>>, name: Option<ServerName>) -> Self {
        let (trust, strict, lenient) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { source, client, name, trust, strict, lenient }
    }

    fn trust(&self) -> Result<Trust, TlsConfigError> {
        match (&self.source, self.trust.get()) {
            (Source::Given(trust), _) | (Source::Platform, Some(trust)) => Ok(trust.clone()),
            (Source::Platform, None) => {
                let verifier = provider::platform_verifier();
                let verifier = verifier.map_err(|error| TlsConfigError::NoCaCertificates(error.to_string()))?;
                Ok(self.trust.get_or_init(|| Trust::Authorities(verifier)).clone())
            }
        }
    }

    fn strict(&self) -> Result<Arc<ClientConfig>, TlsConfigError> {
        if let Some(config) = self.strict.get() {
            return Ok(Arc::clone(config));
        }
        let verifier = Strict { trust: self.trust()?, algorithms: provider::algorithms() };
        let config = self.configure(Arc::new(verifier))?;
        Ok(Arc::clone(self.strict.get_or_init(|| config)))
    }

    fn lenient(&self) -> Result<Arc<ClientConfig>, TlsConfigError> {
        if let Some(config) = self.lenient.get() {
            return Ok(Arc::clone(config));
        }
        let config = self.configure(Arc::new(Lenient { algorithms: provider::algorithms() }))?;
        Ok(Arc::clone(self.lenient.get_or_init(|| config)))
    }

    fn configure(&self, verifier: Arc<dyn ServerCertVerifier>) -> Result<Arc<ClientConfig>, TlsConfigError> {
        let builder = provider::configure().map_err(|error| TlsConfigError::other(&error))?;
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match &self.client {
            Some(client) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(client)))),
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::store(Arc::<Sessions>::default());
        Ok(Arc::new(config))
    }
}

/// The certificates in a PEM file. Skips other sections.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsConfigError> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| TlsConfigError::pem(&error))?;
    if certificates.is_empty() { Err(TlsConfigError::NoCertificate) } else { Ok(certificates) }
}

fn is_encrypted(key: &[u8]) -> bool {
    String::from_utf8_lossy(key).contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { source, client, name, .. } = &*self.0;
        let trust = match source {
            Source::Platform => "the CA certificates of the system".to_owned(),
            Source::Given(Trust::Authorities(_)) => "the given CA certificates".to_owned(),
            Source::Given(Trust::Pins(pins)) => format!("{pins:?}"),
        };
        f.debug_struct("TlsConfig")
            .field("trust", &format_args!("{trust}"))
            .field("has_client_certificate", &client.is_some())
            .field("server_name", name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TlsConfigBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfigBuilder").finish_non_exhaustive()
    }
}
