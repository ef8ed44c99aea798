//! The load with the pool of smtp-client on tokio, shared by one task for each connection.

use std::{io::Cursor, sync::Arc};

use smtp_client::{
    tls::TlsConfig,
    tokio::{Destination, Pool, PoolLimits},
};
use smtp_load::{HELLO_NAME, Load, SENDER};
use smtp_proto::{Config, Envelope, HelloName, Report, Status, TlsPolicy};

fn main() {
    smtp_load::block_on(run(Arc::new(Load::from_arguments())));
}

async fn run(load: Arc<Load>) {
    let connections = load.connections.get();
    let limits = PoolLimits::default().with_per_host(connections).with_overall(connections);
    let pool = Pool::new(limits.with_messages((!load.kept).then_some(1)));
    let destination = Arc::new(destination(&load));
    let envelope = Arc::new(envelope(&load));
    let task = || {
        let (load, pool) = (Arc::clone(&load), pool.clone());
        let (destination, envelope) = (Arc::clone(&destination), Arc::clone(&envelope));
        async move {
            while load.take() {
                let (envelope, mut content) = (Envelope::clone(&envelope), Cursor::new(&load.content));
                let is_delivered =
                    |report: &Report<'_>| report.recipients().all(|recipient| recipient.status == Status::Delivered);
                let sent = pool.deliver(&destination, envelope, &mut content, &mut (), is_delivered).await;
                assert!(sent.expect("the pool is open"), "the server accepts it");
            }
        }
    };
    load.run_tasks(task).await;
    pool.close().await;
}

fn destination(load: &Load) -> Destination {
    let config = Config::new(HelloName::new(HELLO_NAME).expect("a name"));
    let next_hop = load.server.to_string().parse().expect("an address and a port");
    let Some(authority) = &load.authority else { return Destination::new(next_hop, config) };
    let tls = TlsConfig::builder().with_ca_pem(authority).expect("a certificate");
    Destination::new(next_hop, config.with_tls(TlsPolicy::Implicit)).with_tls(tls.build().expect("a configuration"))
}

fn envelope(load: &Load) -> Envelope {
    let sender = SENDER.parse().expect("an address");
    let recipients = load.recipients.iter().map(|recipient| recipient.parse().expect("an address")).collect();
    Envelope::new(sender, recipients).expect("a recipient")
}
