//! A server that hangs up on the first EHLO, and takes one message.

use smoltcp::socket::tcp;
use smtp_proto::Escaped;

use crate::message::CONTENT;

/// The port that it listens on.
pub(crate) const PORT: u16 = 25;

pub(crate) struct Server {
    state: State,
    is_first_connection: bool,
    has_message: bool,
    line: [u8; 128],
    len: usize,
}

enum State {
    Listening,
    Commands,
    /// This many octets of the content have arrived.
    Content(usize),
    Closing,
}

impl Server {
    pub(crate) const fn new() -> Self {
        Self { state: State::Closing, is_first_connection: true, has_message: false, line: [0; 128], len: 0 }
    }

    /// Whether the message has arrived, octet for octet.
    pub(crate) const fn has_message(&self) -> bool {
        self.has_message
    }

    /// Answers what has arrived.
    pub(crate) fn advance(&mut self, socket: &mut tcp::Socket<'_>) {
        match self.state {
            State::Listening if socket.may_send() => {
                self.state = State::Commands;
                reply(socket, "220 mail.example.net ESMTP\r\n");
            }
            State::Commands | State::Content(_) => {
                if !self.read_line(socket) {
                    return;
                }
                let line = self.line;
                let answer = self.answer(&line[..self.len]);
                self.len = 0;
                match answer {
                    Answer::Nothing => {}
                    Answer::Reply(text) => reply(socket, text),
                    Answer::Close(text) => {
                        reply(socket, text);
                        socket.close();
                        self.is_first_connection = false;
                        self.state = State::Closing;
                    }
                }
            }
            State::Closing if matches!(socket.state(), tcp::State::Closed | tcp::State::TimeWait) => {
                // Without another connection in between, there is no late segment to wait for.
                socket.abort();
                socket.listen(PORT).expect("the socket is closed");
                (self.state, self.len) = (State::Listening, 0);
            }
            State::Listening | State::Closing => {}
        }
    }

    /// Reads up to the end of a line. Returns whether it has arrived.
    fn read_line(&mut self, socket: &mut tcp::Socket<'_>) -> bool {
        let mut octet = [0];
        while socket.can_recv() && socket.recv_slice(&mut octet) == Ok(1) {
            let place = self.line.get_mut(self.len).expect("no line of the client is longer");
            [*place] = octet;
            self.len += 1;
            if octet == *b"\n" {
                return true;
            }
        }
        false
    }

    fn answer(&mut self, line: &[u8]) -> Answer {
        match (&mut self.state, line) {
            (State::Content(len), b".\r\n") => {
                assert!(*len == CONTENT.len(), "the content ends after {len} octets");
                (self.has_message, self.state) = (true, State::Commands);
                Answer::Reply("250 Queued as 1A2B\r\n")
            }
            (State::Content(len), line) => {
                assert!(CONTENT.as_bytes()[*len..].starts_with(line), "unexpected content: {}", Escaped(line));
                *len += line.len();
                Answer::Nothing
            }
            (_, [b'E', b'H', b'L', b'O', ..]) if self.is_first_connection => Answer::Close(""),
            (_, [b'H', b'E', b'L', b'O', ..]) => Answer::Reply("250 mail.example.net\r\n"),
            (_, [b'M', b'A', b'I', b'L', ..] | [b'R', b'C', b'P', b'T', ..]) => Answer::Reply("250 OK\r\n"),
            (state, b"DATA\r\n") => {
                *state = State::Content(0);
                Answer::Reply("354 Send it\r\n")
            }
            (_, b"QUIT\r\n") => Answer::Close("221 Bye\r\n"),
            (_, line) => panic!("unexpected command: {}", Escaped(line)),
        }
    }
}

enum Answer {
    Nothing,
    Reply(&'static str),
    /// Closes the connection after this reply.
    Close(&'static str),
}

fn reply(socket: &mut tcp::Socket<'_>, text: &str) {
    let written = socket.send_slice(text.as_bytes()).expect("the connection is open");
    assert!(written == text.len(), "there is room for one reply");
}
