//! A server that accepts everything, offers no extensions and records what it receives.

/// One connection to the server.
#[derive(Default)]
pub(super) struct Obliging {
    line: Vec<u8>,
    lmtp: bool,
    taking: Taking,
    /// The first line of the client.
    pub(super) hello: String,
    /// MAIL and RCPT, as received.
    pub(super) envelope: Vec<String>,
    /// The content, as received, including the final dot.
    pub(super) content: Vec<u8>,
    /// Whether the end of the content was received.
    pub(super) took_message: bool,
}

#[derive(Default, PartialEq, Eq)]
enum Taking {
    #[default]
    Commands,
    Content,
}

impl Obliging {
    pub(super) const GREETING: &'static [u8] = b"220 obliging.example\r\n";

    /// Receives octets from the client. Returns the server's replies.
    pub(super) fn hear(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut replies = String::new();
        for octet in octets {
            self.line.push(*octet);
            if self.line.ends_with(b"\r\n") {
                let line = std::mem::take(&mut self.line);
                replies.push_str(&self.answer(&line));
            }
        }
        replies.into_bytes()
    }

    fn answer(&mut self, line: &[u8]) -> String {
        if self.taking == Taking::Content {
            self.content.extend_from_slice(line);
            if line != b".\r\n" {
                return String::new();
            }
            self.taking = Taking::Commands;
            self.took_message = true;
            let replies = if self.lmtp { self.envelope.len() - 1 } else { 1 };
            return "250 taken\r\n".repeat(replies);
        }
        let command = String::from_utf8_lossy(line).trim_end().to_owned();
        if self.hello.is_empty() {
            self.lmtp = command.starts_with("LHLO");
            self.hello = command;
            return "250 obliging.example\r\n".into();
        }
        match command.get(..4) {
            Some("MAIL" | "RCPT") => {
                self.envelope.push(command);
                "250 ok\r\n".into()
            }
            Some("DATA") => {
                self.taking = Taking::Content;
                "354 go on\r\n".into()
            }
            Some("QUIT") => "221 bye\r\n".into(),
            _ => "500 what?\r\n".into(),
        }
    }
}
