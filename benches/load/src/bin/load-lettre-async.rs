//! The load with lettre's asynchronous transport on tokio, shared by one task for each connection.

use std::sync::Arc;

use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor, transport::smtp::extension::ClientId};
use smtp_load::{HELLO_NAME, Load, lettre as setup};
use tokio::task;

fn main() {
    smtp_load::block_on(run(Arc::new(Load::from_arguments())));
}

async fn run(load: Arc<Load>) {
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(load.server.ip().to_string())
        .port(load.server.port())
        .tls(setup::tls(&load))
        .hello_name(ClientId::Domain(HELLO_NAME.to_owned()))
        .pool_config(setup::pool(&load))
        .build();
    let envelope = Arc::new(setup::envelope(&load));
    let task = || {
        let (load, transport, envelope) = (Arc::clone(&load), transport.clone(), Arc::clone(&envelope));
        async move {
            while load.take() {
                transport.send_raw(&envelope, &load.content).await.expect("the server accepts it");
                // A task of lettre returns the connection to the pool. The next message needs it there.
                task::yield_now().await;
            }
        }
    };
    load.run_tasks(task).await;
    transport.shutdown().await;
}
