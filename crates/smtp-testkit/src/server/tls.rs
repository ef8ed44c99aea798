//! Certificates for servers on loopback.

use std::sync::{Arc, OnceLock};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};

/// The names in the server's certificate.
const NAMES: [&str; 3] = ["localhost", "mx.test", "127.0.0.1"];

/// A certification authority that nobody else knows, and a server's certificate that it has issued.
#[derive(Debug)]
pub struct Certificates {
    authority: String,
    server: Arc<ServerConfig>,
}

impl Certificates {
    /// Those of this process. The server's certificate is for `localhost`, `mx.test` and `127.0.0.1`.
    ///
    /// # Panics
    ///
    /// If the system has no random numbers.
    pub fn of_this_process() -> &'static Self {
        static CERTIFICATES: OnceLock<Certificates> = OnceLock::new();
        CERTIFICATES.get_or_init(|| Self::generate().expect("keys can be generated"))
    }

    /// The same, from an authority that no client trusts.
    ///
    /// # Panics
    ///
    /// If the system has no random numbers.
    pub fn untrusted() -> &'static Self {
        static CERTIFICATES: OnceLock<Certificates> = OnceLock::new();
        CERTIFICATES.get_or_init(|| Self::generate().expect("keys can be generated"))
    }

    /// The certificate of the authority, in PEM.
    pub fn authority_pem(&self) -> &str {
        &self.authority
    }

    /// The server's configuration: its certificate, with TLS 1.2 and 1.3.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    fn generate() -> Result<Self, Box<dyn std::error::Error>> {
        let mut authority = CertificateParams::new(Vec::<String>::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.distinguished_name.push(rcgen::DnType::CommonName, "Test CA");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let mut server = CertificateParams::new(NAMES.map(str::to_owned))?;
        server.is_ca = IsCa::ExplicitNoCa;
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.distinguished_name.push(rcgen::DnType::CommonName, "mx.test");
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &authority)?;
        let chain = vec![CertificateDer::from(certificate)];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Self { authority: authority.pem(), server: Arc::new(config) })
    }
}
