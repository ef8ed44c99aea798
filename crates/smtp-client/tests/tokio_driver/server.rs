//! A server on the runtime of the test. It accepts everything.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A server that accepts everything but credentials, and counts.
#[derive(Clone, Default)]
pub(crate) struct Server {
    opened: Arc<AtomicUsize>,
    taken: Arc<AtomicUsize>,
    quits: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start() -> (Self, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (server, address) = (Self::default(), listener.local_addr().unwrap());
        tokio::spawn({
            let server = server.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    server.opened.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(serve(stream, server.clone()));
                }
            }
        });
        (server, address)
    }

    /// How many connections were opened.
    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    /// How many messages arrived to their end.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// How many connections were ended with QUIT.
    pub(crate) fn quits(&self) -> usize {
        self.quits.load(Ordering::Relaxed)
    }
}

async fn serve(stream: TcpStream, server: Server) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 ready\r\n").await?;
    let (mut line, mut in_content) = (String::new(), false);
    while stream.read_line(&mut line).await? > 0 {
        let reply = match line.trim_end() {
            "." if in_content => {
                in_content = false;
                server.taken.fetch_add(1, Ordering::Relaxed);
                "250 taken\r\n"
            }
            _ if in_content => "",
            "DATA" => {
                in_content = true;
                "354 go\r\n"
            }
            "QUIT" => {
                server.quits.fetch_add(1, Ordering::Relaxed);
                "221 bye\r\n"
            }
            line if line.starts_with("EHLO") => "250-hi\r\n250 AUTH PLAIN\r\n",
            line if line.starts_with("AUTH") => "535 5.7.8 no\r\n",
            _ => "250 ok\r\n",
        };
        stream.write_all(reply.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}
