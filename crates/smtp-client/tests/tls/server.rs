//! A TLS server in the same process, and a client that talks to it.

use std::{
    io::{Read, Write},
    sync::Arc,
};

use rustls::{
    Error, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
    server::WebPkiClientVerifier,
    sign::{CertifiedKey, SingleCertAndKey},
};
use smtp_client::tls::{HandshakeError, Progress, TlsChannel, TlsConfig, TlsFacts, Verification};

use crate::wire::Wire;

pub(crate) const TLS_1_2: &SupportedProtocolVersion = &rustls::version::TLS12;
pub(crate) const TLS_1_3: &SupportedProtocolVersion = &rustls::version::TLS13;
pub(crate) const VERSIONS: [&SupportedProtocolVersion; 2] = [TLS_1_2, TLS_1_3];

/// The configuration of a server with this certificate.
pub(crate) fn config(certified: Arc<CertifiedKey>, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(&[version]).unwrap().with_no_client_auth();
    Arc::new(builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified))))
}

/// The same, for a server that wants a client certificate of this CA.
pub(crate) fn config_for_clients(
    certified: Arc<CertifiedKey>,
    version: &'static SupportedProtocolVersion,
    authority: &str,
) -> Arc<ServerConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let builder = builder.with_client_cert_verifier(verifier);
    Arc::new(builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified))))
}

/// The server side of one connection.
pub(crate) struct Server {
    pub(crate) tls: ServerConnection,
    pub(crate) received: Vec<u8>,
    /// Sent as soon as there is room.
    pub(crate) to_send: Vec<u8>,
    pub(crate) error: Option<Error>,
    pub(crate) saw_end: bool,
}

impl Server {
    pub(crate) fn new(config: &Arc<ServerConfig>) -> Self {
        let tls = ServerConnection::new(Arc::clone(config)).unwrap();
        Self { tls, received: Vec::new(), to_send: Vec::new(), error: None, saw_end: false }
    }

    /// Does what is possible without waiting. Returns whether it did anything.
    pub(crate) fn advance(&mut self, wire: &mut Wire) -> bool {
        let mut moved = 0;
        while self.error.is_none() && !wire.to_server.is_empty() {
            moved += self.tls.read_tls(&mut wire.to_server).unwrap();
            match self.tls.process_new_packets() {
                Ok(state) => {
                    self.saw_end |= state.peer_has_closed();
                    let start = self.received.len();
                    self.received.resize(start + state.plaintext_bytes_to_read(), 0);
                    self.tls.reader().read_exact(&mut self.received[start..]).unwrap();
                }
                Err(error) => self.error = Some(error),
            }
        }
        let taken = if self.error.is_none() { self.tls.writer().write(&self.to_send).unwrap() } else { 0 };
        self.to_send.drain(..taken);
        while self.tls.wants_write() && wire.to_client.len() < wire.capacity {
            let room = wire.capacity - wire.to_client.len();
            let mut record = Vec::new();
            let len = self.tls.write_tls(&mut Limited(&mut record, room.min(4096))).unwrap();
            wire.to_client.extend(&record);
            moved += len;
        }
        moved > 0 || taken > 0
    }
}

/// Takes a limited number of octets.
struct Limited<'a>(&'a mut Vec<u8>, usize);

impl Write for Limited<'_> {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        let len = octets.len().min(self.1 - self.0.len());
        self.0.extend(&octets[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Does the handshake of both sides. Fails the test if neither makes progress.
pub(crate) fn shake_hands(
    channel: &mut TlsChannel,
    server: &mut Server,
    wire: &mut Wire,
) -> Result<(), HandshakeError> {
    let mut idle = 0;
    loop {
        if channel.handshake(wire)? == Progress::Done {
            return Ok(());
        }
        idle = if server.advance(wire) || !wire.to_client.is_empty() || wire.stutters { 0 } else { idle + 1 };
        assert!(idle < 4, "no progress: {channel:?}");
    }
}

/// A whole handshake with `mx.test`.
pub(crate) fn connect(
    client: &TlsConfig,
    verification: Verification,
    server: &Arc<ServerConfig>,
) -> Result<(TlsChannel, Server, Wire), HandshakeError> {
    let (mut server, mut wire) = (Server::new(server), Wire::default());
    let mut channel = client.channel("mx.test", verification).unwrap();
    shake_hands(&mut channel, &mut server, &mut wire)?;
    server.advance(&mut wire);
    Ok((channel, server, wire))
}

/// The facts of a whole handshake with `mx.test`.
pub(crate) fn facts(
    client: &TlsConfig,
    verification: Verification,
    server: &Arc<ServerConfig>,
) -> Result<TlsFacts, HandshakeError> {
    connect(client, verification, server).map(|(channel, ..)| channel.facts().unwrap().clone())
}

/// Trusts one CA.
pub(crate) fn trusting(pem: &str) -> TlsConfig {
    TlsConfig::builder().with_ca_pem(pem.as_bytes()).unwrap().build().unwrap()
}
