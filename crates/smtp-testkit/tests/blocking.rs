//! A minimal blocking driver, which is a function and does not keep connections. The kit passes it.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use smtp_proto::{Cancel, Clock, Connect, Delivery, Disconnect, MisuseError, Place, Step, Timeout};
use smtp_testkit::conformance::{self, Job, Summary};

/// A delivery in progress.
struct Blocking<'d> {
    delivery: Delivery,
    stream: Option<TcpStream>,
    servers: &'d [SocketAddr],
    last: Option<SocketAddr>,
    clock: Clock<Instant>,
}

impl Blocking<'_> {
    fn run(&mut self, content: &mut dyn Read) -> Result<(), MisuseError> {
        let mut room = vec![0; 16 * 1024];
        loop {
            match self.delivery.poll() {
                Step::Done(_) => return Ok(()),
                Step::Connect(to) => self.connect(to)?,
                Step::Content(most) => match content.read(&mut room[..most.min(16 * 1024)]) {
                    Ok(0) => self.delivery.end_content()?,
                    Ok(len) => self.delivery.content(&room[..len])?,
                    Err(_) => self.delivery.cancel(Cancel::ContentUnreadable),
                },
                Step::Transmit(transmit) => {
                    let (octets, timeout) = (transmit.octets().to_vec(), transmit.timeout());
                    self.write(&octets, timeout)?;
                }
                Step::Receive(timeout) => {
                    let left = self.left(timeout);
                    if !self.read(left)? && self.left(timeout).is_zero() {
                        self.delivery.timed_out()?;
                    }
                }
            }
        }
    }

    fn connect(&mut self, to: Connect) -> Result<(), MisuseError> {
        self.stream = None;
        let server = match (to.place, self.last) {
            (Place::Same, Some(last)) => last,
            _ => self.servers[0],
        };
        self.last = Some(server);
        self.clock.restart();
        match TcpStream::connect_timeout(&server, to.timeout) {
            Ok(stream) => {
                // Only affects latency.
                let _ = stream.set_nodelay(true);
                self.stream = Some(stream);
                self.delivery.connected()
            }
            Err(error) => self.delivery.connect_failed(&error.to_string()),
        }
    }

    fn write(&mut self, octets: &[u8], timeout: Timeout) -> Result<(), MisuseError> {
        let left = self.left(timeout);
        let Some(stream) = &mut self.stream else { return self.delivery.disconnected(Disconnect::Closed) };
        let written = stream.set_write_timeout(Some(at_least(left))).and_then(|()| stream.write(octets));
        let failed = match written {
            Ok(len) if len > 0 => return self.delivery.sent(len),
            Err(error) if is_timeout(error.kind()) => false,
            _ => true,
        };
        // A reply that explains the failed write may have arrived: it takes precedence.
        while !self.is_over() && self.read(Duration::ZERO)? {}
        match failed {
            _ if self.is_over() => Ok(()),
            true => self.delivery.disconnected(Disconnect::WriteFailed),
            false if self.left(timeout).is_zero() => self.delivery.timed_out(),
            false => Ok(()),
        }
    }

    /// Reads, waiting up to `limit`. Returns whether anything happened.
    fn read(&mut self, limit: Duration) -> Result<bool, MisuseError> {
        let mut room = [0; 4096];
        let Some(stream) = &mut self.stream else { return Ok(false) };
        match stream.set_read_timeout(Some(at_least(limit))).and_then(|()| stream.read(&mut room)) {
            Ok(0) => self.delivery.disconnected(Disconnect::Closed)?,
            Ok(len) => self.delivery.received(&room[..len])?,
            Err(error) if is_timeout(error.kind()) => return Ok(false),
            Err(_) => self.delivery.disconnected(Disconnect::Reset)?,
        }
        Ok(true)
    }

    fn is_over(&self) -> bool {
        matches!(self.delivery.poll(), Step::Connect(_) | Step::Done(_))
    }

    fn left(&mut self, timeout: Timeout) -> Duration {
        self.clock.time_left(timeout, Instant::now())
    }
}

/// The standard library rejects a timeout of zero.
fn at_least(limit: Duration) -> Duration {
    limit.max(Duration::from_millis(1))
}

fn is_timeout(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn deliver(job: Job<'_>) -> Summary {
    let delivery = Delivery::new(job.config, job.envelope);
    let mut driver = Blocking { delivery, stream: None, servers: job.servers, last: None, clock: Clock::new() };
    driver.run(job.content).unwrap();
    Summary::from(&driver.delivery)
}

#[test]
fn a_blocking_driver_that_is_a_function_passes() {
    let passed = conformance::check(|| deliver).unwrap_or_else(|failures| panic!("{failures}"));
    let left_out = |why| passed.not_over_sockets.iter().filter(|(_, reason)| *reason == why).count();
    assert!(left_out("the driver does not keep connections") > 20, "{passed}");
    assert!(left_out("a cancelled delivery") > 5, "{passed}");
    assert!(passed.over_sockets > 200, "{passed}");
}
