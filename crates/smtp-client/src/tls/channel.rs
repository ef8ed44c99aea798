//! One TLS connection, over any transport.

use std::{
    fmt,
    io::{self, ErrorKind, IoSlice, Read, Write},
};

use rustls::{ClientConnection, ProtocolVersion};

use super::{
    binding::TlsBinding,
    config_error::TlsConfigError,
    error::{FIRST_OCTETS, HandshakeError},
    facts::TlsFacts,
    server_name::ServerName,
    verification::Verification,
    verifier::Trust,
};

/// The most that one [`write`](TlsChannel::write) takes: what one TLS record can hold (RFC 8446 section 5.1).
const MAX_RECORD: usize = 16 * 1024;
/// The most that may arrive in one [`read`](TlsChannel::read) without any data in it. Session tickets take much less.
const MAX_FRUITLESS: usize = 1024 * 1024;

/// One TLS connection. It neither owns its transport nor waits for it: each method that does I/O takes the transport,
/// which may return [`ErrorKind::WouldBlock`] at any time. Wait until the transport is ready, then call the method
/// again.
///
/// All state is kept here and not in a call, so a call that is never repeated loses nothing.
pub struct TlsChannel {
    tls: ClientConnection,
    server_name: ServerName,
    verification: Verification,
    trust: Result<Trust, TlsConfigError>,
    /// The first octets from the server.
    first: Vec<u8>,
    facts: Option<Box<TlsFacts>>,
    /// Why it failed. Every later call returns it, too.
    failed: Option<HandshakeError>,
}

/// What a handshake needs next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a driver must know what to wait for")]
#[must_use]
pub enum Progress {
    /// Nothing, it is done. Data may have arrived with its last octets: call [`read`](TlsChannel::read) before you
    /// wait.
    Done,
    /// Wait until the transport can be read.
    WantsRead,
    /// Wait until the transport can be written.
    WantsWrite,
}

impl TlsChannel {
    pub(super) const fn new(
        tls: ClientConnection,
        server_name: ServerName,
        verification: Verification,
        trust: Result<Trust, TlsConfigError>,
    ) -> Self {
        Self { tls, server_name, verification, trust, first: Vec::new(), facts: None, failed: None }
    }

    /// Continues the handshake as far as possible without waiting. The first call starts it. Call it until it is
    /// done.
    ///
    /// After an error, close the transport. The server has been sent an alert if there was room for it.
    pub fn handshake<T: Read + Write>(&mut self, transport: &mut T) -> Result<Progress, HandshakeError> {
        loop {
            if let Some(error) = &self.failed {
                return Err(error.clone());
            }
            match self.flush(transport) {
                Ok(()) if !self.tls.is_handshaking() => return self.done(),
                Ok(()) => (),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::WantsWrite),
                Err(error) => return Err(self.write_failed(&error, transport)),
            }
            match self.receive(transport) {
                Ok(0) => self.failed = Some(HandshakeError::lost(None, &self.first)),
                Ok(_) => (),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::WantsRead),
                Err(error) => self.lost(&error),
            }
        }
    }

    /// Reads data into `room`. Returns the number of octets, or 0 if the server has closed the connection, with or
    /// without `close_notify`: SMTP replies mark their own end.
    ///
    /// [`ErrorKind::WouldBlock`] means that the transport has nothing more for now. If `room` was filled, more data
    /// may be left that the transport does not show: see [`has_unread`](Self::has_unread). A TLS error is an
    /// [`ErrorKind::InvalidData`] with a [`HandshakeError`] in it. With TLS 1.3, this is how a server refuses the
    /// certificate of the client, after the handshake.
    ///
    /// It also writes what the TLS protocol requires in response. The next write reports errors of that. Before the
    /// end of the handshake, it is an [`ErrorKind::NotConnected`], as is a write.
    pub fn read<T: Read + Write>(&mut self, transport: &mut T, room: &mut [u8]) -> io::Result<usize> {
        if self.facts.is_none() && self.failed.is_none() {
            return Err(ErrorKind::NotConnected.into());
        }
        let mut fruitless = 0_usize;
        loop {
            match self.tls.reader().read(room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => (),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                result => return result,
            }
            if let Some(error) = &self.failed {
                return Err(error.clone().into());
            }
            if fruitless > MAX_FRUITLESS {
                let endless = HandshakeError::Protocol("it sends records without data in them".into());
                return Err(self.failed.insert(endless).clone().into());
            }
            fruitless += self.receive(transport)?;
        }
    }

    /// Whether [`read`](Self::read) returns something without the transport: data, the end, or an error. Do not wait
    /// for the transport then.
    pub fn has_unread(&mut self) -> bool {
        let would_block = |error: &io::Error| error.kind() == ErrorKind::WouldBlock;
        self.failed.is_some() || !self.tls.reader().into_first_chunk().is_err_and(|error| would_block(&error))
    }

    /// Encrypts octets and writes them to the transport. Returns how many it took, at most 16 KiB in one call.
    ///
    /// It takes nothing until the transport has all that was taken before, so at most one record of 16 KiB waits
    /// here: see [`has_unwritten`](Self::has_unwritten). [`ErrorKind::WouldBlock`] means that it took nothing.
    pub fn write<T: Write>(&mut self, transport: &mut T, octets: &[u8]) -> io::Result<usize> {
        if let Some(error) = &self.failed {
            return Err(error.clone().into());
        }
        if self.facts.is_none() {
            return Err(ErrorKind::NotConnected.into());
        }
        self.flush(transport)?;
        let len = octets.len().min(MAX_RECORD);
        let taken = self.tls.writer().write(octets.get(..len).unwrap_or_default())?;
        if taken == 0 && len > 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        match self.flush(transport) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    /// Whether something waits to be written: data, or messages of the TLS protocol. If so, wait for room in the
    /// transport and call [`flush`](Self::flush), also while you wait for a reply.
    pub fn has_unwritten(&self) -> bool {
        self.tls.wants_write()
    }

    /// Writes what waits. [`ErrorKind::WouldBlock`] means that some of it still waits.
    pub fn flush<T: Write>(&mut self, transport: &mut T) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Joined(transport)) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => (),
            }
        }
        Ok(())
    }

    /// Sends `close_notify`, if the transport has room for it. Close the transport next, without waiting for that of
    /// the server.
    pub fn close<T: Write>(&mut self, transport: &mut T) {
        self.tls.send_close_notify();
        let _ = self.flush(transport);
    }

    /// What is known about the connection. `None` until the handshake is done.
    pub fn facts(&self) -> Option<&TlsFacts> {
        self.facts.as_deref()
    }

    /// The binding for SASL: [`exporter_binding`](Self::exporter_binding), or else
    /// [`server_end_point_binding`](Self::server_end_point_binding).
    pub fn binding(&self) -> Option<TlsBinding> {
        self.exporter_binding().or_else(|| self.server_end_point_binding())
    }

    /// Whether there is a [`binding`](Self::binding). Without the cost of an exporter, because every connection asks.
    pub(crate) fn can_bind(&self) -> bool {
        self.has_exporter() || self.server_end_point_binding().is_some()
    }

    /// `tls-exporter` (RFC 9266). Only with TLS 1.3: TLS 1.2 requires the extended master secret for it (section 3),
    /// and rustls does not tell whether that is in use.
    pub fn exporter_binding(&self) -> Option<TlsBinding> {
        if !self.has_exporter() {
            return None;
        }
        let exported = self.tls.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""));
        exported.ok().map(TlsBinding::Exporter)
    }

    /// `tls-server-end-point` (RFC 5929 section 4), unless it is not defined for the certificate.
    pub fn server_end_point_binding(&self) -> Option<TlsBinding> {
        let certificate = self.tls.peer_certificates()?.first()?;
        TlsBinding::server_end_point(certificate)
    }

    fn has_exporter(&self) -> bool {
        self.facts.is_some() && self.tls.protocol_version() == Some(ProtocolVersion::TLSv1_3)
    }

    fn done(&mut self) -> Result<Progress, HandshakeError> {
        if self.facts.is_none() {
            let facts = TlsFacts::collect(&self.tls, &self.server_name, self.verification, &self.trust);
            // rustls accepts no handshake without a certificate.
            let facts = facts.ok_or_else(|| HandshakeError::Protocol("it has no certificate".into()))?;
            self.facts = Some(Box::new(facts));
        }
        Ok(Progress::Done)
    }

    /// Reads and processes what has arrived. Returns the number of octets, or 0 at the end of the transport.
    fn receive<T: Read + Write>(&mut self, transport: &mut T) -> io::Result<usize> {
        let len = loop {
            match self.tls.read_tls(&mut Tap { transport, first: &mut self.first }) {
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                // From rustls: a message is longer than its buffer.
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    let error = HandshakeError::Protocol(error.to_string());
                    return Err(self.failed.insert(error).clone().into());
                }
                result => break result?,
            }
        };
        if let Err(error) = self.tls.process_new_packets() {
            self.failed = Some(HandshakeError::explain(&error, &self.first));
        }
        // A response, or the alert.
        let _ = self.flush(transport);
        Ok(len)
    }

    /// After a failed write, first reads what has arrived: it may say why the server closed the connection.
    fn write_failed<T: Read + Write>(&mut self, error: &io::Error, transport: &mut T) -> HandshakeError {
        while self.failed.is_none() {
            if !matches!(self.receive(transport), Ok(1..)) {
                self.lost(error);
            }
        }
        self.failed.clone().unwrap_or(HandshakeError::Closed)
    }

    fn lost(&mut self, error: &io::Error) {
        let lost = || HandshakeError::lost(Some(error.kind()), &self.first);
        self.failed.get_or_insert_with(lost);
    }
}

/// Shows no secrets.
impl fmt::Debug for TlsChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsChannel")
            .field("server_name", &self.server_name)
            .field("verification", &self.verification)
            .field("facts", &self.facts)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// Writes short records together: a handshake ends with two.
struct Joined<'a, T>(&'a mut T);

/// Room for short records, in octets.
const SHORT_RECORDS: usize = 512;

impl<T: Write> Write for Joined<'_, T> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets)
    }

    fn write_vectored(&mut self, records: &[IoSlice<'_>]) -> io::Result<usize> {
        let len = records.iter().map(|record| record.len()).sum();
        if len > SHORT_RECORDS {
            return self.0.write(records.iter().find(|record| !record.is_empty()).map_or(&[], |record| record));
        }
        let mut room = [0; SHORT_RECORDS];
        let mut rest = &mut room[..];
        records.iter().try_for_each(|record| rest.write_all(record))?;
        self.0.write(&room[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Keeps a copy of the first octets that are read.
struct Tap<'a, T> {
    transport: &'a mut T,
    first: &'a mut Vec<u8>,
}

impl<T: Read> Read for Tap<'_, T> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let len = self.transport.read(room)?;
        let kept = len.min(FIRST_OCTETS.saturating_sub(self.first.len()));
        self.first.extend_from_slice(room.get(..kept).unwrap_or_default());
        Ok(len)
    }
}
