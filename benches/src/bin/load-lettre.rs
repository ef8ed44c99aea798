//! The load with lettre's blocking transport, shared by several threads. Its pool keeps connections, or has
//! size 0 if they are not to be kept.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use lettre::{
    SmtpTransport, Transport,
    address::Envelope,
    transport::smtp::{
        PoolConfig,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use smtp_benches::{inputs, load::Load};

fn main() {
    let load = Load::from_arguments();
    let connections = u32::try_from(load.connections.get()).expect("a number of connections");
    let transport = SmtpTransport::builder_dangerous(load.server.ip().to_string())
        .port(load.server.port())
        .tls(load.authority.as_ref().map_or(Tls::None, |authority| implicit(&load, authority)))
        .hello_name(ClientId::Domain(inputs::HELLO_NAME.to_owned()))
        .pool_config(PoolConfig::new().max_size(if load.kept { connections } else { 0 }))
        .build();
    let sender = inputs::SENDER.parse().expect("an address");
    let recipients = load.recipients.iter().map(|recipient| recipient.parse().expect("an address")).collect();
    let envelope = Envelope::new(Some(sender), recipients).expect("a recipient");
    let taken = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..load.connections.get() {
            scope.spawn(|| {
                while taken.fetch_add(1, Ordering::Relaxed) < load.messages {
                    transport.send_raw(&envelope, &load.content).expect("the server accepts it");
                }
            });
        }
    });
    transport.shutdown();
}

fn implicit(load: &Load, authority: &[u8]) -> Tls {
    let parameters = TlsParameters::builder(load.server.ip().to_string())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(Certificate::from_pem(authority).expect("a certificate"));
    Tls::Wrapper(parameters.build().expect("a configuration"))
}
