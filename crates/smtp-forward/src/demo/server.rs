//! A server that misbehaves when it hears EHLO, and is kind to whoever comes back.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

use socket2::SockRef;

use crate::arguments::Fault;

/// The server, on a thread of its own that ends with the program.
pub(super) struct FaultyServer {
    received: Receiver<Received>,
}

/// A message as the server got it, dots taken off.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Received {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) content: String,
}

impl FaultyServer {
    /// A server on a free port of loopback: its first connection meets `fault`.
    pub(super) fn start(fault: Fault) -> io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (sender, received) = channel();
        thread::Builder::new().name("faulty-server".into()).spawn(move || {
            let mut fault = Some(fault);
            for stream in listener.incoming() {
                // A client that goes away ends its own connection only.
                if let Err(error) = stream.and_then(|stream| serve(stream, fault.take(), &sender)) {
                    tracing::debug!(%error, "the demo's server lost a connection");
                }
            }
        })?;
        Ok((Self { received }, address))
    }

    /// The message, once the server has answered for it.
    pub(super) fn received(&self) -> Option<Received> {
        self.received.try_recv().ok()
    }
}

fn serve(stream: TcpStream, fault: Option<Fault>, sender: &Sender<Received>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut line = BufReader::new(stream);
    reply(&mut line, "220 mail.example.com ESMTP ready")?;
    let mut message = Received::default();
    while let Some(command) = next_line(&mut line)? {
        let (verb, argument) = command.split_once([' ', ':']).unwrap_or((&command, ""));
        match (verb.to_ascii_uppercase().as_str(), fault) {
            ("EHLO", Some(fault)) => return misbehave(line, fault),
            ("EHLO", None) => reply(&mut line, "250-mail.example.com\r\n250 SIZE 10485760")?,
            ("HELO", _) => reply(&mut line, "250 mail.example.com")?,
            ("MAIL", _) => {
                path(argument).clone_into(&mut message.from);
                reply(&mut line, "250 2.1.0 Ok")?;
            }
            ("RCPT", _) => {
                path(argument).clone_into(&mut message.to);
                reply(&mut line, "250 2.1.5 Ok")?;
            }
            ("DATA", _) => {
                reply(&mut line, "354 End data with <CR><LF>.<CR><LF>")?;
                message.content = content(&mut line)?;
                // Before the answer: whoever has the answer finds the message.
                let _ = sender.send(std::mem::take(&mut message));
                reply(&mut line, "250 2.0.0 Ok: queued as 1997")?;
            }
            ("QUIT", _) => return reply(&mut line, "221 2.0.0 Bye"),
            _ => reply(&mut line, "502 5.5.1 Not here")?,
        }
    }
    Ok(())
}

fn misbehave(mut line: BufReader<TcpStream>, fault: Fault) -> io::Result<()> {
    match fault {
        Fault::Closed => {}
        // Lingering for no time at all makes the system reset the connection.
        Fault::Reset => return SockRef::from(line.get_ref()).set_linger(Some(Duration::ZERO)),
        Fault::MidReply => line.get_mut().write_all(b"250-mail.example.com\r\n250-SI")?,
        Fault::AfterReply => reply(&mut line, "250-mail.example.com\r\n250-PIPELINING\r\n250 SIZE 10485760")?,
        Fault::Refused => reply(&mut line, "500 5.5.1 EHLO? Never heard of it")?,
    }
    // Octets that nobody reads would turn the close into a reset.
    line.get_ref().shutdown(Shutdown::Write)?;
    io::copy(&mut line, &mut io::sink()).map(drop)
}

fn reply(line: &mut BufReader<TcpStream>, text: &str) -> io::Result<()> {
    line.get_mut().write_all(format!("{text}\r\n").as_bytes())
}

/// The next line without its end; `None` when the client is gone.
fn next_line(line: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut text = Vec::new();
    line.take(64 * 1024).read_until(b'\n', &mut text)?;
    Ok(text.ends_with(b"\r\n").then(|| String::from_utf8_lossy(&text[..text.len() - 2]).into_owned()))
}

/// Lines up to the dot.
fn content(line: &mut impl BufRead) -> io::Result<String> {
    let mut content = String::new();
    loop {
        match next_line(line)? {
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
            Some(text) if text == "." => return Ok(content),
            Some(text) => {
                content.push_str(text.strip_prefix('.').unwrap_or(&text));
                content.push_str("\r\n");
            }
        }
    }
}

/// The path of `FROM:<path> parameters`.
fn path(argument: &str) -> &str {
    argument.split_once(':').map_or("", |(_, path)| path.split(' ').next().unwrap_or_default())
}
