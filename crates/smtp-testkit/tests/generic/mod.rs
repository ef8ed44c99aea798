//! A driver that is generic over its machine and its network, and five faulty variants.

pub(crate) mod tcp;

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use smtp_proto::{Cancel, Clock, Connect, Disconnect, MisuseError, Place, Step, Timeout};
use smtp_testkit::{
    Machine,
    conformance::{Content, Network},
};

/// The fault of a driver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// It reports all octets as sent, even if fewer were written.
    ReportsTooMuchAsSent,
    /// It reports a failed write before reading what has arrived.
    ReportsAFailedWriteBeforeReading,
    /// It checks the clock before reading what has arrived.
    LooksAtTheClockBeforeReading,
    /// It connects to the next address when the same one is asked for.
    ConnectsToTheWrongPlace,
    /// It reports a closed connection as a timeout.
    DoesNotReportAClose,
}

pub(crate) struct Generic<'d> {
    pub(crate) machine: &'d mut dyn Machine,
    pub(crate) network: &'d mut dyn Network,
    pub(crate) content: &'d mut dyn Content,
    pub(crate) fault: Option<Fault>,
    /// The address of the last connection.
    pub(crate) last: &'d mut Option<SocketAddr>,
}

impl Generic<'_> {
    /// Drives the machine until it is done.
    pub(crate) fn run(&mut self) -> Result<(), MisuseError> {
        let mut clock = Clock::new();
        loop {
            if let Some(why) = self.network.cancelled() {
                self.machine.cancel(why);
            }
            let reads_late = match self.fault {
                Some(Fault::LooksAtTheClockBeforeReading) => true,
                // This driver reads only when it has nothing to write.
                Some(Fault::ReportsAFailedWriteBeforeReading) => {
                    matches!(self.machine.poll(), Step::Transmit(_) | Step::Content(_))
                }
                _ => false,
            };
            if !reads_late && self.read()? {
                continue;
            }
            match self.machine.poll() {
                Step::Done(_) => {
                    if !self.machine.delivery().is_kept() {
                        self.network.close();
                    }
                    return Ok(());
                }
                Step::Connect(to) => {
                    clock.restart();
                    self.connect(to)?;
                }
                Step::Content(most) => self.feed(most)?,
                Step::Rewind => match self.content.rewind() {
                    Ok(()) => self.machine.rewound()?,
                    Err(_) => self.machine.cannot_rewind()?,
                },
                Step::Transmit(transmit) => match self.network.write(transmit.octets()) {
                    Ok(_) if self.fault == Some(Fault::ReportsTooMuchAsSent) => {
                        let all = transmit.octets().len();
                        self.machine.sent(all)?;
                    }
                    Ok(len) => self.machine.sent(len)?,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        let timeout = transmit.timeout();
                        self.wait(timeout, &mut clock)?;
                    }
                    Err(_) => self.write_failed()?,
                },
                Step::Receive(timeout) => self.wait(timeout, &mut clock)?,
                Step::Secure(_) | Step::Authenticate(_) => unreachable!("the policy asks for neither"),
            }
        }
    }

    fn connect(&mut self, to: Connect) -> Result<(), MisuseError> {
        self.network.close();
        let servers = self.network.servers();
        let server = match (to.place, *self.last) {
            (Place::Same, Some(_)) if self.fault == Some(Fault::ConnectsToTheWrongPlace) => servers[1],
            (Place::Same, Some(last)) => last,
            _ => servers[0],
        };
        *self.last = Some(server);
        match self.network.connect(server) {
            Ok(()) => self.machine.connected(),
            Err(error) => self.machine.connect_failed(&error.to_string()),
        }
    }

    fn feed(&mut self, most: usize) -> Result<(), MisuseError> {
        let mut room = vec![0; most];
        match self.content.read(&mut room) {
            Ok(0) => self.machine.end_content(),
            Ok(len) => self.machine.content(&room[..len]),
            Err(_) => {
                self.machine.cancel(Cancel::ContentUnreadable);
                Ok(())
            }
        }
    }

    /// Reads what has arrived. Returns whether there was anything.
    fn read(&mut self) -> Result<bool, MisuseError> {
        if let Step::Connect(_) | Step::Done(_) = self.machine.poll() {
            return Ok(false);
        }
        let mut room = [0; 4096];
        match self.network.read(&mut room) {
            Ok(0) if self.fault == Some(Fault::DoesNotReportAClose) => self.machine.timed_out()?,
            Ok(0) => self.machine.disconnected(Disconnect::Closed)?,
            Ok(len) => self.machine.received(&room[..len])?,
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => return Ok(false),
                ErrorKind::ConnectionReset => self.machine.disconnected(Disconnect::Reset)?,
                _ => self.machine.disconnected(Disconnect::ReadFailed)?,
            },
        }
        Ok(true)
    }

    /// A reply that explains the failed write may have arrived: it takes precedence.
    fn write_failed(&mut self) -> Result<(), MisuseError> {
        let reads = self.fault != Some(Fault::ReportsAFailedWriteBeforeReading);
        while let Step::Transmit(_) | Step::Content(_) | Step::Receive(_) = self.machine.poll() {
            let mut room = [0; 4096];
            match self.network.read(&mut room) {
                Ok(len) if reads && len > 0 => self.machine.received(&room[..len])?,
                _ => self.machine.disconnected(Disconnect::WriteFailed)?,
            }
        }
        Ok(())
    }

    fn wait(&mut self, timeout: Timeout, clock: &mut Clock<Duration>) -> Result<(), MisuseError> {
        match clock.time_left(timeout, self.network.now()) {
            Duration::ZERO => self.machine.timed_out(),
            left => {
                self.network.wait(left);
                match self.fault {
                    Some(Fault::LooksAtTheClockBeforeReading)
                        if clock.time_left(timeout, self.network.now()).is_zero() =>
                    {
                        self.machine.timed_out()
                    }
                    // These drivers read only here.
                    Some(Fault::LooksAtTheClockBeforeReading | Fault::ReportsAFailedWriteBeforeReading) => {
                        self.read().map(drop)
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}
