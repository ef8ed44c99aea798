//! A driver for blocking TCP: delivers standard input to one recipient.
//!
//! cargo run --example blocking -- 127.0.0.1:25 alice@example.com bob@example.net < message.eml

use std::{
    env,
    error::Error,
    io::{
        self, Cursor,
        ErrorKind::{self, Interrupted, TimedOut, WouldBlock, WriteZero},
        Read, Seek, Write,
    },
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

use smtp_proto::{
    Cancel, Clock, Config, Connect, Delivery, Disconnect, Envelope, HelloName, MisuseError, Place, Step, Timeout,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [server, from, to] = &arguments[..] else { return Err("usage: blocking SERVER:PORT FROM TO".into()) };
    let addresses: Vec<_> = server.to_socket_addrs()?.collect();
    let envelope = Envelope::new(from.parse()?, vec![to.parse()?])?;
    let mut delivery = Delivery::new(Config::new(HelloName::new("localhost")?), envelope);
    // Standard input cannot be rewound, so it is read first.
    let mut message = Vec::new();
    io::stdin().read_to_end(&mut message)?;
    Driver::new(addresses).deliver(&mut delivery, Cursor::new(message))?;
    write!(io::stdout(), "{}", delivery.report())?;
    Ok(())
}

/// One connection at a time to a server with these addresses.
pub(crate) struct Driver {
    addresses: Vec<SocketAddr>,
    connection: Option<Connection>,
    /// Where the last connection went.
    last: Option<SocketAddr>,
}

struct Connection {
    stream: TcpStream,
    clock: Clock<Instant>,
    /// Why writing failed. Everything that has arrived is read before this is reported.
    write_error: Option<ErrorKind>,
}

impl Driver {
    pub(crate) fn new(addresses: Vec<SocketAddr>) -> Self {
        Self { addresses, connection: None, last: None }
    }

    /// Drives the delivery until it is done. If it keeps its connection, the next call uses that.
    pub(crate) fn deliver(
        &mut self,
        delivery: &mut Delivery,
        mut message: impl Read + Seek,
    ) -> Result<(), MisuseError> {
        let mut room = [0; 16 * 1024];
        if let Some(connection) = &mut self.connection {
            connection.clock.restart();
        }
        loop {
            match (delivery.poll(), &mut self.connection) {
                (Step::Done(_), _) => {
                    if !delivery.is_kept() {
                        self.connection = None;
                    }
                    return Ok(());
                }
                (Step::Connect(to), _) => self.connect(to, delivery)?,
                (Step::Content(most), _) => {
                    let most = most.min(room.len());
                    match message.read(&mut room[..most]) {
                        Ok(0) => delivery.end_content()?,
                        Ok(len) => delivery.content(&room[..len])?,
                        Err(error) if error.kind() == Interrupted => {}
                        Err(_) => delivery.cancel(Cancel::ContentUnreadable),
                    }
                }
                (Step::Rewind, _) => match message.rewind() {
                    Ok(()) => delivery.rewound()?,
                    Err(_) => delivery.cannot_rewind()?,
                },
                (Step::Transmit(transmit), Some(connection)) if connection.write_error.is_none() => {
                    match connection.write(transmit.octets(), transmit.timeout()) {
                        Ok(len @ 1..) => delivery.sent(len)?,
                        Err(error) if error.kind() == Interrupted => {}
                        // The server may have sent a reason: read it first.
                        Ok(_) => connection.write_error = Some(WriteZero),
                        Err(error) => connection.write_error = Some(error.kind()),
                    }
                }
                (step @ (Step::Transmit(_) | Step::Receive(_)), Some(connection)) => {
                    let timeout = match step {
                        Step::Receive(timeout) => timeout,
                        // After a failed write, read only what has already arrived.
                        _ => Timeout::new(Duration::ZERO, 0),
                    };
                    match (connection.read(&mut room, timeout), connection.write_error) {
                        (Ok(len @ 1..), _) => delivery.received(&room[..len])?,
                        (Ok(_), _) => delivery.disconnected(Disconnect::Closed)?,
                        (Err(error), _) if error.kind() == Interrupted => {}
                        (Err(_), Some(WouldBlock | TimedOut)) => delivery.timed_out()?,
                        (Err(_), Some(_)) => delivery.disconnected(Disconnect::WriteFailed)?,
                        (Err(error), None) if matches!(error.kind(), WouldBlock | TimedOut) => delivery.timed_out()?,
                        (Err(error), None) => delivery.disconnected(Disconnect::from(&error))?,
                    }
                }
                (Step::Secure(_), _) => delivery.secure_failed("this driver does not support TLS")?,
                (Step::Authenticate(_), _) => delivery.auth_abandon("this driver has no credentials")?,
                (Step::Transmit(_) | Step::Receive(_), None) => delivery.disconnected(Disconnect::Closed)?,
            }
        }
    }

    fn connect(&mut self, to: Connect, delivery: &mut Delivery) -> Result<(), MisuseError> {
        // Close the old connection before the new one is opened.
        self.connection = None;
        let mut why = "the name has no address".to_owned();
        let addresses = match (to.place, self.last) {
            (Place::Same, Some(last)) => vec![last],
            (Place::Same, None) | (Place::Any, _) => self.addresses.clone(),
        };
        for address in addresses {
            match TcpStream::connect_timeout(&address, to.timeout) {
                Ok(stream) => {
                    self.last = Some(address);
                    self.connection = Some(Connection { stream, clock: Clock::new(), write_error: None });
                    return delivery.connected();
                }
                Err(error) => why = error.to_string(),
            }
        }
        delivery.connect_failed(&why)
    }
}

impl Connection {
    fn write(&mut self, octets: &[u8], timeout: Timeout) -> io::Result<usize> {
        let left = self.clock.time_left(timeout, Instant::now());
        self.stream.set_write_timeout(Some(at_least_a_millisecond(left)))?;
        self.stream.write(octets)
    }

    fn read(&mut self, room: &mut [u8], timeout: Timeout) -> io::Result<usize> {
        let left = self.clock.time_left(timeout, Instant::now());
        self.stream.set_read_timeout(Some(at_least_a_millisecond(left)))?;
        self.stream.read(room)
    }
}

/// Sockets do not accept a timeout of zero.
fn at_least_a_millisecond(left: Duration) -> Duration {
    left.max(Duration::from_millis(1))
}
