//! A driver for tokio: delivers standard input to one recipient.
//!
//! cargo run --example tokio -- 127.0.0.1:25 alice@example.com bob@example.net < message.eml

use std::{
    env,
    error::Error,
    io::{
        self,
        ErrorKind::{AddrNotAvailable, TimedOut, WouldBlock},
        Read, Write,
    },
    net::SocketAddr,
    time::Duration,
};

use smtp_proto::{
    Clock, Config, Connect, Delivery, Disconnect, Envelope, HelloName, MisuseError, Place, Step, Timeout,
};
use tokio::{
    io::Interest,
    net::{TcpStream, lookup_host},
    time::{Instant, timeout},
};

const READABLE: Interest = Interest::READABLE;
const WRITABLE: Interest = Interest::WRITABLE;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [server, from, to] = &arguments[..] else { return Err("usage: tokio SERVER:PORT FROM TO".into()) };
    let addresses: Vec<_> = lookup_host(server).await?.collect();
    let envelope = Envelope::new(from.parse()?, vec![to.parse()?])?;
    let mut delivery = Delivery::new(Config::new(HelloName::new("localhost")?), envelope);
    let mut message = Vec::new();
    io::stdin().read_to_end(&mut message)?;
    deliver(&mut delivery, &addresses, &message).await?;
    write!(io::stdout(), "{}", delivery.report())?;
    Ok(())
}

/// Drives the delivery until it is done. If the future is dropped before the end of the content was written, the
/// message is not delivered.
pub(crate) async fn deliver(
    delivery: &mut Delivery,
    addresses: &[SocketAddr],
    content: &[u8],
) -> Result<(), MisuseError> {
    let mut message = content;
    let mut stream: Option<TcpStream> = None;
    let mut clock = Clock::new();
    let mut write_failed = false;
    let mut room = [0; 4096];
    // Where the last connection went.
    let mut last = None;
    loop {
        match (delivery.poll(), &stream) {
            (Step::Done(_), _) => return Ok(()),
            (Step::Connect(to), _) => {
                // Close the old connection before the new one is opened.
                drop(stream.take());
                clock.restart();
                write_failed = false;
                match connect(to, addresses, last).await {
                    Ok(new) => {
                        last = new.peer_addr().ok();
                        stream = Some(new);
                        delivery.connected()?;
                    }
                    Err(error) => delivery.connect_failed(&error.to_string())?,
                }
            }
            (Step::Content(most), _) => {
                let (piece, rest) = message.split_at(most.min(message.len()));
                message = rest;
                if piece.is_empty() { delivery.end_content()? } else { delivery.content(piece)? }
            }
            (Step::Rewind, _) => {
                message = content;
                delivery.rewound()?;
            }
            (step @ (Step::Transmit(_) | Step::Receive(_)), Some(stream)) => {
                let (octets, limit) = match step {
                    Step::Transmit(transmit) if !write_failed => (transmit.octets(), transmit.timeout()),
                    Step::Receive(limit) => (&[][..], limit),
                    // After a failed write, read only what has already arrived.
                    _ => (&[][..], Timeout::new(Duration::ZERO, 0)),
                };
                let interest = if octets.is_empty() { READABLE } else { READABLE | WRITABLE };
                let ready = timeout(clock.time_left(limit, Instant::now()), stream.ready(interest)).await;
                // Read first: the server may have sent a refusal, which is why writing fails or blocks.
                match stream.try_read(&mut room) {
                    Ok(0) => delivery.disconnected(Disconnect::Closed)?,
                    Ok(len) => delivery.received(&room[..len])?,
                    Err(error) if error.kind() != WouldBlock => delivery.disconnected(Disconnect::from(&error))?,
                    Err(_) if write_failed => delivery.disconnected(Disconnect::WriteFailed)?,
                    Err(_) if ready.is_err() => delivery.timed_out()?,
                    Err(_) if octets.is_empty() => {}
                    Err(_) => match stream.try_write(octets) {
                        Ok(len) => delivery.sent(len)?,
                        Err(error) => write_failed = error.kind() != WouldBlock,
                    },
                }
            }
            (Step::Secure(_), _) => delivery.secure_failed("this driver does not support TLS")?,
            (Step::Authenticate(_), _) => delivery.auth_abandon("this driver has no credentials")?,
            (Step::Transmit(_) | Step::Receive(_), None) => delivery.disconnected(Disconnect::Closed)?,
        }
    }
}

async fn connect(to: Connect, addresses: &[SocketAddr], last: Option<SocketAddr>) -> io::Result<TcpStream> {
    let addresses = match (to.place, last) {
        (Place::Same, Some(_)) => last.as_slice(),
        (Place::Same, None) | (Place::Any, _) => addresses,
    };
    let mut error = io::Error::new(AddrNotAvailable, "the name has no address");
    for address in addresses {
        match timeout(to.timeout, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(why)) => error = why,
            Err(_) => error = TimedOut.into(),
        }
    }
    Err(error)
}
