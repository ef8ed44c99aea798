//! The load with mail-send: one task for each connection, on tokio's default runtime.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use mail_send::{SmtpClientBuilder, smtp::message::Message};
use smtp_benches::{inputs, load::Load};

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(Arc::new(Load::from_arguments())));
}

async fn run(load: Arc<Load>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..load.connections.get())
        .map(|_| {
            let (load, taken) = (Arc::clone(&load), Arc::clone(&taken));
            tokio::spawn(async move { serve(&load, &taken).await.expect("the server accepts it") })
        })
        .collect();
    for task in tasks {
        task.await.expect("every task ends");
    }
}

async fn serve(load: &Load, taken: &AtomicUsize) -> mail_send::Result<()> {
    let builder = SmtpClientBuilder::new(load.server.ip().to_string(), load.server.port())
        .expect("a builder")
        .helo_host(inputs::HELLO_NAME);
    let mut client = None;
    while taken.fetch_add(1, Ordering::Relaxed) < load.messages {
        let mut open = match client.take() {
            Some(open) => open,
            None => builder.connect_plain().await?,
        };
        open.send(Message::new(inputs::SENDER, [inputs::RECIPIENT], &load.content[..])).await?;
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
