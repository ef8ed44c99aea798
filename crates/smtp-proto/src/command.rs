//! Commands, and how they are encoded.

use alloc::vec::Vec;

use crate::{
    address::{ForwardPath, HelloName, ReversePath},
    capabilities::{Capabilities, SizeLimit},
    envelope::Body,
    stage::Stage,
};

/// One command. None of its parts can contain a line end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Command<'a> {
    /// EHLO: opens a session with extensions.
    Ehlo(&'a HelloName),
    /// HELO: opens a session without extensions.
    Helo(&'a HelloName),
    /// LHLO: opens a session with an LMTP server.
    Lhlo(&'a HelloName),
    /// STARTTLS: asks to secure the connection.
    StartTls,
    /// MAIL: starts a transaction.
    Mail(&'a ReversePath, &'a MailParameters),
    /// RCPT: adds a recipient to the transaction.
    Rcpt(&'a ForwardPath),
    /// DATA: asks to send the content.
    Data,
    /// RSET: aborts the transaction.
    Rset,
    /// NOOP: does nothing, and shows whether the server still answers.
    Noop,
    /// QUIT: ends the session.
    Quit,
}

/// The parameters of MAIL. Each is allowed only if the server offers its extension.
// Not Copy, because parameters with text will be added: ENVID (RFC 3461) and AUTH (RFC 4954).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct MailParameters {
    size: Option<u64>,
    body: Body,
    smtputf8: bool,
    require_tls: bool,
}

impl MailParameters {
    /// No parameters.
    pub const fn new() -> Self {
        Self { size: None, body: Body::SevenBit, smtputf8: false, require_tls: false }
    }

    settings! {
        /// `SIZE=`: the size of the content in octets, as [`Size`](crate::Size) counts them (RFC 1870).
        size, with_size: Option<u64>;
        /// `BODY=8BITMIME` (RFC 6152) or `BODY=BINARYMIME` (RFC 3030). There is no parameter for [`Body::SevenBit`],
        /// the default.
        body, with_body: Body;
        /// `SMTPUTF8` (RFC 6531).
        smtputf8, with_smtputf8: bool;
        /// `REQUIRETLS` (RFC 8689).
        require_tls, with_require_tls: bool;
    }
}

impl Command<'_> {
    /// Appends the command line, CR LF included, to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Ehlo(name) => extend(out, [b"EHLO ", name.as_str().as_bytes()]),
            Self::Helo(name) => extend(out, [b"HELO ", name.as_str().as_bytes()]),
            Self::Lhlo(name) => extend(out, [b"LHLO ", name.as_str().as_bytes()]),
            // Servers refuse a space after the colon.
            Self::Mail(path, parameters) => {
                extend(out, [b"MAIL FROM:<", path.as_str().as_bytes(), b">"]);
                parameters.encode(out);
            }
            Self::Rcpt(path) => extend(out, [b"RCPT TO:<", path.as_str().as_bytes(), b">"]),
            Self::StartTls => extend(out, [b"STARTTLS"]),
            Self::Data => extend(out, [b"DATA"]),
            Self::Rset => extend(out, [b"RSET"]),
            Self::Noop => extend(out, [b"NOOP"]),
            Self::Quit => extend(out, [b"QUIT"]),
        }
        out.extend_from_slice(b"\r\n");
    }

    /// The stage of a session while the reply to this command is due.
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Ehlo(_) => Stage::Ehlo,
            Self::Helo(_) => Stage::Helo,
            Self::Lhlo(_) => Stage::Lhlo,
            Self::StartTls => Stage::StartTls,
            Self::Mail(..) => Stage::Mail,
            Self::Rcpt(_) => Stage::Rcpt,
            Self::Data => Stage::Data,
            Self::Rset => Stage::Rset,
            Self::Noop => Stage::Noop,
            Self::Quit => Stage::Quit,
        }
    }
}

impl MailParameters {
    /// The first extension that is used and not offered.
    pub(crate) fn not_offered(&self, offered: &Capabilities) -> Option<&'static str> {
        if self.size.is_some() && offered.size == SizeLimit::NotOffered {
            Some("SIZE")
        } else if self.body == Body::EightBit && !offered.eight_bit_mime {
            Some("8BITMIME")
        } else if self.body == Body::Binary && !offered.binary_mime {
            Some("BINARYMIME")
        } else if self.smtputf8 && !offered.smtputf8 {
            Some("SMTPUTF8")
        } else if self.require_tls && !offered.require_tls {
            Some("REQUIRETLS")
        } else {
            None
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        if let Some(size) = self.size {
            out.extend_from_slice(b" SIZE=");
            extend_decimal(out, size);
        }
        match self.body {
            Body::SevenBit => {}
            Body::EightBit => out.extend_from_slice(b" BODY=8BITMIME"),
            Body::Binary => out.extend_from_slice(b" BODY=BINARYMIME"),
        }
        if self.smtputf8 {
            out.extend_from_slice(b" SMTPUTF8");
        }
        if self.require_tls {
            out.extend_from_slice(b" REQUIRETLS");
        }
    }
}

fn extend<const N: usize>(out: &mut Vec<u8>, parts: [&[u8]; N]) {
    for part in parts {
        out.extend_from_slice(part);
    }
}

pub(crate) fn extend_decimal(out: &mut Vec<u8>, number: u64) {
    let start = out.len();
    let mut rest = number;
    loop {
        let digit = u8::try_from(rest % 10).unwrap_or_default();
        out.push(b'0'.wrapping_add(digit));
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Mailbox;

    #[test]
    fn each_command_is_encoded_as_its_rfc_says() {
        let name = HelloName::new("client.example").unwrap();
        let from = ReversePath::Mailbox(Mailbox::new("a@example.com").unwrap());
        let all = MailParameters::new()
            .with_size(Some(u64::MAX))
            .with_body(Body::EightBit)
            .with_smtputf8(true)
            .with_require_tls(true);
        for (command, line) in [
            (Command::Ehlo(&name), "EHLO client.example"),
            (Command::Helo(&name), "HELO client.example"),
            (Command::Lhlo(&name), "LHLO client.example"),
            (Command::Mail(&ReversePath::Null, &MailParameters::default()), "MAIL FROM:<>"),
            (
                Command::Mail(&from, &all),
                "MAIL FROM:<a@example.com> SIZE=18446744073709551615 BODY=8BITMIME SMTPUTF8 REQUIRETLS",
            ),
            (
                Command::Mail(&from, &all.clone().with_body(Body::Binary).with_size(None)),
                "MAIL FROM:<a@example.com> BODY=BINARYMIME SMTPUTF8 REQUIRETLS",
            ),
            (Command::Mail(&from, &MailParameters::new().with_size(Some(0))), "MAIL FROM:<a@example.com> SIZE=0"),
            (Command::Rcpt(&ForwardPath::Postmaster), "RCPT TO:<postmaster>"),
            (Command::StartTls, "STARTTLS"),
            (Command::Data, "DATA"),
            (Command::Rset, "RSET"),
            (Command::Noop, "NOOP"),
            (Command::Quit, "QUIT"),
        ] {
            let mut out = Vec::new();
            command.encode(&mut out);
            assert_eq!(out, alloc::format!("{line}\r\n").into_bytes());
        }
    }
}
