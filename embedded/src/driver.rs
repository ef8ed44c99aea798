//! The driver: performs what a delivery asks for on a socket of smoltcp, without waiting.

use core::time::Duration;

use smoltcp::{iface::Context, socket::tcp, wire::IpEndpoint};
use smtp_proto::{Clock, Connect, Delivery, Disconnect, MisuseError, Step, Timeout};

/// The first of the ports from which connections are opened.
const FIRST_PORT: u16 = 49152;

/// One connection at a time to a server with this address, for a message in memory.
pub struct Driver {
    server: IpEndpoint,
    content: &'static [u8],
    /// How much of the content was given.
    given: usize,
    is_connecting: bool,
    /// How many connections were opened.
    connections: u16,
    clock: Clock<Duration>,
}

/// Whether to call [`Driver::advance`] again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// At once.
    Made,
    /// After the network was polled.
    Waiting,
    /// Not at all.
    Done,
}

impl Driver {
    /// A driver that has not opened a connection yet.
    pub const fn new(server: IpEndpoint, content: &'static [u8]) -> Self {
        Self { server, content, given: 0, is_connecting: false, connections: 0, clock: Clock::new() }
    }

    /// Performs one step. `now` is the time since any fixed point.
    pub fn advance(
        &mut self,
        delivery: &mut Delivery,
        socket: &mut tcp::Socket<'_>,
        context: &mut Context,
        now: Duration,
    ) -> Result<Progress, MisuseError> {
        match delivery.poll() {
            Step::Done(_) => {
                socket.close();
                return Ok(Progress::Done);
            }
            Step::Connect(to) => return self.connect(to, delivery, socket, context, now),
            Step::Content(room) => match &self.content[self.given..] {
                [] => delivery.end_content()?,
                rest => {
                    let piece = &rest[..room.min(rest.len())];
                    self.given += piece.len();
                    delivery.content(piece)?;
                }
            },
            Step::Rewind => {
                self.given = 0;
                delivery.rewound()?;
            }
            // Read first, so that a reply that ends the session is seen before more is written.
            Step::Transmit(_) | Step::Receive(_) if socket.can_recv() => {
                let received = socket.recv(|octets| (octets.len(), delivery.received(octets)));
                received.unwrap_or(Ok(()))?;
            }
            Step::Transmit(_) | Step::Receive(_) if !socket.is_open() => delivery.disconnected(Disconnect::Reset)?,
            Step::Transmit(_) | Step::Receive(_) if !socket.may_recv() => delivery.disconnected(Disconnect::Closed)?,
            Step::Transmit(transmit) => match socket.send_slice(transmit.octets()) {
                Ok(0) if self.has_expired(transmit.timeout(), now) => delivery.timed_out()?,
                Ok(0) => return Ok(Progress::Waiting),
                Ok(len) => delivery.sent(len)?,
                Err(tcp::SendError::InvalidState) => delivery.disconnected(Disconnect::WriteFailed)?,
            },
            Step::Receive(timeout) if self.has_expired(timeout, now) => delivery.timed_out()?,
            Step::Receive(_) => return Ok(Progress::Waiting),
            Step::Secure(_) => delivery.secure_failed("this driver does not support TLS")?,
            Step::Authenticate(_) => delivery.auth_abandon("this driver has no credentials")?,
        }
        Ok(Progress::Made)
    }

    /// Closes the old connection, and then opens the new one.
    fn connect(
        &mut self,
        to: Connect,
        delivery: &mut Delivery,
        socket: &mut tcp::Socket<'_>,
        context: &mut Context,
        now: Duration,
    ) -> Result<Progress, MisuseError> {
        let timeout = Timeout::new(to.timeout, u32::from(self.connections));
        match (self.is_connecting, socket.state()) {
            (false, tcp::State::Closed | tcp::State::TimeWait) => {
                socket.abort();
                let port = FIRST_PORT.wrapping_add(self.connections).max(FIRST_PORT);
                self.connections = self.connections.wrapping_add(1);
                match socket.connect(context, self.server, port) {
                    Ok(()) => self.is_connecting = true,
                    Err(error) => delivery.connect_failed(reason(error))?,
                }
                return Ok(Progress::Waiting);
            }
            (false, _) if self.has_expired(timeout, now) => socket.abort(),
            (false, _) => {
                socket.close();
                return Ok(Progress::Waiting);
            }
            (true, tcp::State::SynSent) if self.has_expired(timeout, now) => {
                self.is_connecting = false;
                socket.abort();
                delivery.connect_failed("the server did not answer in time")?;
            }
            (true, tcp::State::SynSent) => return Ok(Progress::Waiting),
            (true, tcp::State::Closed) => {
                self.is_connecting = false;
                delivery.connect_failed("the server refused the connection")?;
            }
            (true, _) => {
                self.is_connecting = false;
                self.clock.restart();
                delivery.connected()?;
            }
        }
        Ok(Progress::Made)
    }

    fn has_expired(&mut self, timeout: Timeout, now: Duration) -> bool {
        self.clock.time_left(timeout, now).is_zero()
    }
}

const fn reason(error: tcp::ConnectError) -> &'static str {
    match error {
        tcp::ConnectError::InvalidState => "the socket is in use",
        tcp::ConnectError::Unaddressable => "the address of the server is not valid",
    }
}
