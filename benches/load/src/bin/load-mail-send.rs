//! The load with mail-send on tokio: one task for each connection.

use std::sync::Arc;

use mail_send::{SmtpClient, SmtpClientBuilder, smtp::message::Message};
use smtp_load::{HELLO_NAME, Load, SENDER};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, pem::PemObject},
    },
};

fn main() {
    smtp_load::block_on(run(Arc::new(Load::from_arguments())));
}

async fn run(load: Arc<Load>) {
    let connector = connector(load.authority.as_deref());
    let task = || {
        let (load, connector) = (Arc::clone(&load), connector.clone());
        async move {
            let (host, port) = (load.server.ip().to_string(), load.server.port());
            let builder = SmtpClientBuilder::new_with_tls_connector(host, port, connector);
            let builder = builder.helo_host(HELLO_NAME);
            let served = match load.authority {
                Some(_) => serve(&load, || builder.connect()).await,
                None => serve(&load, || builder.connect_plain()).await,
            };
            served.expect("the server accepts it");
        }
    };
    load.run_tasks(task).await;
}

/// Trusts only this CA certificate. All connections share it, so that sessions can be resumed.
fn connector(authority: Option<&[u8]>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = authority {
        roots.add(CertificateDer::from_pem_slice(pem).expect("PEM")).expect("a certificate");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config).into()
}

async fn serve<S, F>(load: &Load, connect: impl Fn() -> F) -> mail_send::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = mail_send::Result<SmtpClient<S>>>,
{
    let mut client = None;
    while load.take() {
        let mut open = match client.take() {
            Some(open) => open,
            None => connect().await?,
        };
        let recipients = load.recipients.iter().map(String::as_str);
        open.send(Message::new(SENDER, recipients, &load.content[..])).await?;
        if load.kept {
            client = Some(open);
        } else {
            open.quit().await?;
        }
    }
    match client {
        Some(open) => open.quit().await,
        None => Ok(()),
    }
}
