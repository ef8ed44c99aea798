//! How both transports of lettre are set up for the load.

use lettre::{
    address::Envelope,
    transport::smtp::{
        PoolConfig,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};

use crate::{Load, SENDER};

/// The sender and the recipients.
pub fn envelope(load: &Load) -> Envelope {
    let sender = SENDER.parse().expect("an address");
    let recipients = load.recipients.iter().map(|recipient| recipient.parse().expect("an address")).collect();
    Envelope::new(Some(sender), recipients).expect("a recipient")
}

/// A pool that keeps all connections, or has size 0 if they are not to be kept.
pub fn pool(load: &Load) -> PoolConfig {
    let connections = u32::try_from(load.connections.get()).expect("a number of connections");
    PoolConfig::new().max_size(if load.kept { connections } else { 0 })
}

/// TLS from the start if there is a CA certificate to trust, or none.
pub fn tls(load: &Load) -> Tls {
    let Some(authority) = &load.authority else { return Tls::None };
    let parameters = TlsParameters::builder(load.server.ip().to_string())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(Certificate::from_pem(authority).expect("a certificate"));
    Tls::Wrapper(parameters.build().expect("a configuration"))
}
