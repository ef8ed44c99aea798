//! The generic driver over real sockets.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use smtp_proto::{Cancel, Delivery, Envelope};
use smtp_testkit::conformance::{Content, Driver, Job, Network, Summary};

use super::{Fault, Generic};

/// How often to poll the socket.
const TICK: Duration = Duration::from_micros(200);

struct Tcp {
    servers: Vec<SocketAddr>,
    stream: Option<TcpStream>,
    /// Whether writes block.
    blocks: bool,
    /// An error found by peeking, because the socket reports it only once.
    error: Option<io::Error>,
    started: Instant,
}

impl Tcp {
    fn stream(&self) -> io::Result<&TcpStream> {
        self.stream.as_ref().ok_or_else(|| ErrorKind::NotConnected.into())
    }
}

impl Network for Tcp {
    fn servers(&self) -> &[SocketAddr] {
        &self.servers
    }

    fn connect(&mut self, server: SocketAddr) -> io::Result<()> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        (self.stream, self.error) = (Some(stream), None);
        Ok(())
    }

    fn close(&mut self) {
        self.stream = None;
    }

    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.stream()?.read(room),
        }
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        loop {
            match self.stream()?.write(octets) {
                Err(error) if self.blocks && error.kind() == ErrorKind::WouldBlock => thread::sleep(TICK),
                result => return result,
            }
        }
    }

    fn wait(&mut self, limit: Duration) {
        // The driver may also be waiting to write, which peeking does not show.
        let until = Instant::now() + limit.min(Duration::from_millis(20));
        while Instant::now() < until {
            match self.stream().and_then(|stream| stream.peek(&mut [0])) {
                Ok(_) => return,
                Err(error) if error.kind() != ErrorKind::WouldBlock => {
                    self.error = Some(error);
                    return;
                }
                Err(_) => {}
            }
            thread::sleep(TICK);
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn cancelled(&mut self) -> Option<Cancel> {
        None
    }
}

/// The driver as the kit sees it.
pub(crate) struct OverSockets {
    fault: Option<Fault>,
    under_way: Option<(Tcp, Delivery)>,
    last: Option<SocketAddr>,
}

impl OverSockets {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self { fault, under_way: None, last: None }
    }

    fn run(&mut self, content: &mut dyn Content) -> Summary {
        let (network, machine) = self.under_way.as_mut().unwrap();
        Generic { machine, network, content, fault: self.fault, last: &mut self.last }.run().unwrap();
        Summary::from(&*machine)
    }
}

impl Driver for OverSockets {
    fn deliver(&mut self, job: Job<'_>) -> Summary {
        let blocks = self.fault == Some(Fault::ReportsAFailedWriteBeforeReading);
        let network = Tcp { servers: job.servers.to_vec(), stream: None, blocks, error: None, started: Instant::now() };
        self.under_way = Some((network, Delivery::new(job.config, job.envelope)));
        self.run(job.content)
    }

    fn keeps_connections(&self) -> bool {
        true
    }

    fn deliver_next(&mut self, envelope: Envelope, content: &mut dyn Content) -> Summary {
        self.under_way.as_mut().unwrap().1.deliver_next(envelope).unwrap();
        self.run(content)
    }

    fn quit(&mut self) -> Summary {
        self.under_way.as_mut().unwrap().1.quit().unwrap();
        self.run(&mut io::empty())
    }
}
