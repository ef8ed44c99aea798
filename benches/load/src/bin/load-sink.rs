//! The server for the load. It accepts connections on loopback, and a message only if it is the expected one. It
//! acknowledges every segment at once.
//!
//!     load-sink MESSAGE [--hold N] [--tls CA_FILE [--no-resumption]]
//!
//! With `--hold`, it answers the end of a message only once N connections wait for that answer. With `--tls`, it writes
//! its CA certificate to `CA_FILE`. It prints its address. For each line from standard input, it prints what it has
//! counted since the previous one: connections, resumed sessions, messages, messages with another empty line at the end,
//! and cipher suites. It ends with standard input.

use std::{
    collections::BTreeSet,
    env, fmt, fs,
    io::{self, BufRead},
    mem,
    sync::{Arc, Mutex, MutexGuard},
    thread,
};

use memchr::memmem;
use smtp_testkit::server::tls::Certificates;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::Builder,
    sync::Barrier,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{HandshakeKind, ServerConnection},
    server::TlsStream,
};

/// How many connections may wait to be accepted; Linux takes less if `net.core.somaxconn` is less.
const BACKLOG: u32 = 8192;

/// How many octets are read at once.
const ROOM: usize = 16 * 1024;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [message, options @ ..] = &arguments[..] else { panic!("the message is missing") };
    let message = fs::read_to_string(message).expect("a message of text");
    let sink = Arc::new(Sink::new(&message, options));

    let runtime = Builder::new_current_thread().enable_io().build().expect("a runtime");
    let listener = {
        let _context = runtime.enter();
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        socket.listen(BACKLOG).expect("it is bound")
    };
    println!("{}", listener.local_addr().expect("an address"));
    let server = Arc::clone(&sink);
    thread::spawn(move || runtime.block_on(server.run(&listener)));
    for line in io::stdin().lock().lines() {
        line.expect("standard input can be read");
        println!("{}", mem::take(&mut *sink.counts()));
    }
}

struct Sink {
    acceptor: Option<TlsAcceptor>,
    /// Holds back answers until there are enough.
    hold: Barrier,
    /// The message and its end as on the wire.
    expected: String,
    /// The same with another empty line, which some clients add.
    extended: String,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    /// Connections, with TLS those whose handshakes succeeded.
    connections: usize,
    /// Those that resumed a session.
    resumed: usize,
    messages: usize,
    /// Those with another empty line at the end.
    extended: usize,
    /// The cipher suites and key exchanges.
    suites: BTreeSet<String>,
}

impl Counts {
    fn add(&mut self, tls: &ServerConnection) {
        self.connections += 1;
        self.resumed += usize::from(tls.handshake_kind() == Some(HandshakeKind::Resumed));
        let suite = tls.negotiated_cipher_suite().expect("after the handshake").suite();
        let exchange = tls.negotiated_key_exchange_group().map(|group| format!(" with {:?}", group.name()));
        self.suites.insert(format!("{suite:?}{}", exchange.unwrap_or_default()));
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, resumed, messages, extended, suites } = self;
        let suites: Vec<_> = suites.iter().map(String::as_str).collect();
        write!(f, "{connections} {resumed} {messages} {extended} {}", suites.join(" or "))
    }
}

/// A connection, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Unpin {
    fn socket(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Stream for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

impl Sink {
    fn new(message: &str, options: &[String]) -> Self {
        let lines = message.replace("\r\n.", "\r\n..");
        let (expected, extended) = (format!("{lines}.\r\n"), format!("{lines}\r\n.\r\n"));
        let (mut acceptor, mut hold) = (None, 1);
        let mut options = options.iter().map(String::as_str);
        while let Some(option) = options.next() {
            match (option, options.next()) {
                ("--hold", Some(count)) => hold = count.parse().expect("a number of connections"),
                ("--tls", Some(file)) => acceptor = Some(tls(file, options.next())),
                _ => panic!("usage: MESSAGE [--hold N] [--tls CA_FILE [--no-resumption]]"),
            }
        }
        Self { acceptor, hold: Barrier::new(hold), expected, extended, counts: Mutex::default() }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().expect("no connection panicked")
    }

    async fn run(self: Arc<Self>, listener: &TcpListener) {
        loop {
            let (stream, _) = listener.accept().await.expect("connections can be accepted");
            let sink = Arc::clone(&self);
            // Whoever loses its connection too early reports it.
            tokio::spawn(async move { drop(sink.serve(stream).await) });
        }
    }

    async fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let Some(acceptor) = &self.acceptor else {
            self.counts().connections += 1;
            return self.converse(stream).await;
        };
        let stream = acceptor.accept(stream).await?;
        self.counts().add(stream.get_ref().1);
        self.converse(stream).await
    }

    async fn converse(&self, mut stream: impl Stream) -> io::Result<()> {
        let (mut input, mut output) = (Vec::new(), b"220 sink.example ESMTP\r\n".to_vec());
        let mut in_content = false;
        loop {
            stream.write_all(&output).await?;
            stream.flush().await?;
            output.clear();
            // Otherwise, peers without TCP_NODELAY would wait for 40 ms in the middle of each message.
            SockRef::from(stream.socket()).set_tcp_quickack(true)?;
            // Commands that were sent together are read, and answered, together.
            input.reserve(ROOM);
            if stream.read_buf(&mut input).await? == 0 {
                return Ok(());
            }
            loop {
                let end: &[u8] = if in_content { b"\r\n.\r\n" } else { b"\r\n" };
                let Some(at) = memmem::find(&input, end) else { break };
                let rest = input.split_off(at + end.len());
                let said = mem::replace(&mut input, rest);
                let reply = if in_content {
                    self.hold.wait().await;
                    self.judge(&said)
                } else {
                    answer(&said)
                };
                in_content = reply.starts_with("354");
                output.extend_from_slice(reply.as_bytes());
            }
        }
    }

    fn judge(&self, content: &[u8]) -> &'static str {
        let is_extended = content == self.extended.as_bytes();
        if !is_extended && content != self.expected.as_bytes() {
            return "554 5.6.0 Not the expected message\r\n";
        }
        let mut counts = self.counts();
        counts.messages += 1;
        counts.extended += usize::from(is_extended);
        "250 2.0.0 Ok\r\n"
    }
}

fn answer(command: &[u8]) -> &'static str {
    match command.get(..4) {
        Some(b"EHLO") => "250-sink.example\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n",
        Some(b"MAIL" | b"RCPT" | b"RSET" | b"NOOP") => "250 2.0.0 Ok\r\n",
        Some(b"DATA") => "354 Go ahead\r\n",
        Some(b"QUIT") => "221 2.0.0 Bye\r\n",
        _ => "502 5.5.1 Not implemented\r\n",
    }
}

/// Writes the CA certificate to this file.
fn tls(authority: &str, option: Option<&str>) -> TlsAcceptor {
    let certificates = Certificates::of_this_process();
    fs::write(authority, certificates.authority_pem()).expect("the file can be written");
    let mut config = Arc::unwrap_or_clone(certificates.server_config());
    if let Some(option) = option {
        assert_eq!(option, "--no-resumption");
        // Enough for TLS 1.3, which all clients use.
        config.send_tls13_tickets = 0;
    }
    Arc::new(config).into()
}
