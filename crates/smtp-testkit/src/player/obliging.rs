//! A server that accepts everything, offers no extension but STARTTLS and records what it receives.

use smtp_proto::TlsPolicy;

/// One connection to the server.
#[derive(Default)]
pub(super) struct Obliging {
    line: Vec<u8>,
    lmtp: bool,
    offers_starttls: bool,
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

    /// A server that offers STARTTLS if the policy of the client asks for it.
    pub(super) fn new(tls: TlsPolicy) -> Self {
        let offers_starttls = matches!(tls, TlsPolicy::Opportunistic | TlsPolicy::Required);
        Self { offers_starttls, ..Self::default() }
    }

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
            let recipients = self.envelope.iter().rev().take_while(|line| line.starts_with("RCPT")).count();
            let replies = if self.lmtp { recipients } else { 1 };
            return "250 taken\r\n".repeat(replies);
        }
        let command = String::from_utf8_lossy(line).trim_end().to_owned();
        if self.hello.is_empty() {
            self.lmtp = command.starts_with("LHLO");
            self.hello = command;
            if std::mem::take(&mut self.offers_starttls) && !self.hello.starts_with("HELO") {
                return "250-obliging.example\r\n250 STARTTLS\r\n".into();
            }
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
            Some("STAR") => "220 go on\r\n".into(),
            Some("QUIT") => "221 bye\r\n".into(),
            _ => "500 what?\r\n".into(),
        }
    }
}
