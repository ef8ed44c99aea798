//! A server on the runtime of the test. It accepts every message, and counts.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// What a server does.
#[derive(Clone, Copy)]
pub(crate) struct Manners {
    /// The reply to AUTH.
    pub(crate) auth: &'static str,
    /// How long it takes to answer QUIT.
    pub(crate) quit: Duration,
}

impl Default for Manners {
    fn default() -> Self {
        Self { auth: "535 5.7.8 no\r\n", quit: Duration::ZERO }
    }
}

/// A server that accepts every message, and counts.
#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Counts>);

#[derive(Default)]
struct Counts {
    opened: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    taken: AtomicUsize,
    quits: AtomicUsize,
}

impl Server {
    pub(crate) async fn start() -> (Self, SocketAddr) {
        Self::with(Manners::default()).await
    }

    pub(crate) async fn with(manners: Manners) -> (Self, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (server, address) = (Self::default(), listener.local_addr().unwrap());
        let counts = Arc::clone(&server.0);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counts = Arc::clone(&counts);
                tokio::spawn(async move {
                    counts.opened.fetch_add(1, Ordering::Relaxed);
                    let open = counts.open.fetch_add(1, Ordering::Relaxed) + 1;
                    counts.most_open.fetch_max(open, Ordering::Relaxed);
                    let _ = serve(stream, manners, &counts).await;
                    counts.open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        (server, address)
    }

    /// How many connections were opened.
    pub(crate) fn opened(&self) -> usize {
        self.0.opened.load(Ordering::Relaxed)
    }

    /// How many connections were open at the same time.
    pub(crate) fn most_open(&self) -> usize {
        self.0.most_open.load(Ordering::Relaxed)
    }

    /// How many messages arrived to their end.
    pub(crate) fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }

    /// How many connections were ended with QUIT.
    pub(crate) fn quits(&self) -> usize {
        self.0.quits.load(Ordering::Relaxed)
    }
}

async fn serve(stream: TcpStream, manners: Manners, counts: &Counts) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 ready\r\n").await?;
    let (mut line, mut in_content) = (String::new(), false);
    while stream.read_line(&mut line).await? > 0 {
        let reply = match line.trim_end() {
            "." if in_content => {
                in_content = false;
                counts.taken.fetch_add(1, Ordering::Relaxed);
                "250 taken\r\n"
            }
            _ if in_content => "",
            "DATA" => {
                in_content = true;
                "354 go\r\n"
            }
            "QUIT" => {
                counts.quits.fetch_add(1, Ordering::Relaxed);
                sleep(manners.quit).await;
                "221 bye\r\n"
            }
            line if line.starts_with("EHLO") => "250-hi\r\n250 AUTH PLAIN\r\n",
            line if line.starts_with("AUTH") => manners.auth,
            _ => "250 ok\r\n",
        };
        stream.write_all(reply.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}
