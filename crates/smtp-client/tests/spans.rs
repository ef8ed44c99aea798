//! The spans and events of deliveries, as text.

mod one_message;

use std::{
    io::{self, Cursor, Write},
    net::TcpListener,
    sync::{Arc, Mutex as Shared},
};

use one_message::{config, envelope, status};
use smtp_client::{
    NextHop,
    tls::TlsConfig,
    tokio::{Destination, Pool, PoolLimits},
};
use smtp_proto::{AuthPolicy, Authentication, Mechanism, Status, TlsPolicy};
use smtp_sasl::Credentials;
use smtp_testkit::{
    conformance,
    server::loose::{HELLO, HELO, MESSAGE, QUIT, Server},
};
use tokio::sync::{Mutex, MutexGuard};
use tracing_subscriber::{fmt::MakeWriter, util::SubscriberInitExt};

const CONTENT: &[u8] = b"Subject: x\r\n\r\nhello\r\n";

/// Held by the test that runs: what one thread records depends on the subscribers that other threads add and remove.
static ALONE: Mutex<()> = Mutex::const_new(());

/// What was recorded.
#[derive(Clone, Default)]
struct Log(Arc<Shared<Vec<u8>>>);

/// Ends the recording before the next test begins.
struct Guard<R> {
    _recording: R,
    _alone: MutexGuard<'static, ()>,
}

impl Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Records what this thread does until the guard is dropped.
    async fn start() -> (Self, Guard<impl Drop>) {
        let alone = ALONE.lock().await;
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_max_level(tracing::Level::TRACE);
        let subscriber = subscriber.without_time().with_ansi(false).with_target(false).finish();
        (log, Guard { _recording: subscriber.set_default(), _alone: alone })
    }

    /// Fails unless these follow each other, maybe with others between them; and if there is anything secret.
    fn has(&self, events: &[&str]) {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let mut left = lines.iter();
        for event in events {
            assert!(left.any(|line| line.contains(event)), "{event:?} is missing in {lines:#?}");
        }
        for secret in ["example.com", "example.net", "hello", "Subject", "user", "hunter2", "dXNlc"] {
            assert!(!lines.iter().any(|line| line.contains(secret)), "{secret:?} is in {lines:#?}");
        }
    }
}

async fn deliver(pool: &Pool, to: &Destination) {
    pool.deliver(to, envelope(), &mut Cursor::new(CONTENT), &mut (), |_| ()).await.unwrap();
}

#[tokio::test]
async fn a_retry_with_helo_and_a_kept_connection() {
    let (log, _guard) = Log::start().await;
    let server = Server::start(&format!("S: 220 ready\nC: EHLO\n-- close\n-- connect\n{HELO}{MESSAGE}{MESSAGE}{QUIT}"));
    let (pool, to) = (Pool::new(PoolLimits::default()), Destination::new(server.address.into(), config()));
    deliver(&pool, &to).await;
    deliver(&pool, &to).await;
    pool.close().await;
    let port = server.address.port();
    server.heard();
    let span = format!("delivery{{host=\"127.0.0.1\" port={port} protocol=\"smtp\" recipients=1}}: ");
    let within = |event: &str| format!("{span}{event}");
    log.has(&[
        &format!("DEBUG {}", within("turn waited_ms=")),
        &format!("DEBUG {}", within("connection opened server=127.0.0.1:")),
        &within("connection lost how=Closed"),
        &within("connection opened"),
        &within("HELO instead of EHLO"),
        &format!("INFO {}", within("done delivered=1 deferred=0 failed=0 unconfirmed=0")),
        &within("turn"),
        &within("connection reused messages=1"),
        &within("done delivered=1"),
        "DEBUG idle connection ended to=127.0.0.1:",
        "connection closed",
    ]);
}

#[tokio::test]
async fn tls_and_refused_credentials() {
    let (log, _guard) = Log::start().await;
    let server = Server::start(
        "S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n-- tls\nC: EHLO\nS: 250-hi\nS: 250 AUTH PLAIN\n\
         C: AUTH PLAIN\nS: 535 5.7.8 not <user@example.net> with hunter2\nC: QUIT\nS: 221 bye\n",
    );
    let auth = AuthPolicy::Required(Authentication::new([Mechanism::Plain]));
    let tls = TlsConfig::builder().with_ca_pem(conformance::authority_pem().as_bytes()).unwrap().build().unwrap();
    let to = Destination::new(server.address.into(), config().with_tls(TlsPolicy::Required).with_auth(auth));
    let to = to.with_tls(tls).with_credentials(Arc::new(Credentials::password("user", "hunter2").unwrap()));
    let pool = Pool::new(PoolLimits::default());
    deliver(&pool, &to).await;
    deliver(&pool, &to).await;
    server.heard();
    log.has(&[
        "TLS established version=TLSv1.3 verified=true",
        "WARN",
        "done delivered=0 deferred=1",
        "not tried why=\"the credentials were refused before\"",
        "done delivered=0 deferred=1",
    ]);
    log.has(&["credentials refused code=535"]);
}

#[tokio::test]
async fn a_host_that_is_left_alone() {
    let (log, _guard) = Log::start().await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (pool, to) = (Pool::new(PoolLimits::default()), Destination::new(NextHop::from(closed), config()));
    for _ in 0..4 {
        deliver(&pool, &to).await;
    }
    log.has(&[
        "DEBUG",
        "connection failed server=127.0.0.1:",
        "backed off to=127.0.0.1:",
        "not tried why=\"backing off from the host\"",
    ]);
}

#[tokio::test]
async fn a_client_without_a_pool_has_the_same_span() {
    let (log, _guard) = Log::start().await;
    let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
    let mut delivery = smtp_proto::Delivery::new(config(), envelope());
    let mut client = smtp_client::tokio::Client::new(server.address.into());
    client.deliver(&mut delivery, &mut Cursor::new(CONTENT), &mut ()).await.unwrap();
    assert_eq!(status(&delivery), Status::Delivered);
    server.heard();
    log.has(&["recipients=1}: connection opened", "recipients=1}: done delivered=1"]);
}
