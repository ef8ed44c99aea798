//! Commands, and how they are encoded.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    address::{ForwardPath, HelloName, ReversePath},
    capabilities::{Capabilities, SizeLimit},
    decimal,
    envelope::Body,
    inquiry::Argument,
    parameters::{DeliverBy, EnvelopeId, MailExtras, Parameter, RcptParameters, Return, Submitter},
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
    Rcpt(&'a ForwardPath, &'a RcptParameters),
    /// DATA: asks to send the content.
    Data,
    /// RSET: aborts the transaction.
    Rset,
    /// VRFY: asks whether a mailbox or a user name is valid. See [`Verification`](crate::Verification).
    Vrfy(&'a Argument),
    /// HELP: asks for help, possibly about a command. See [`Answered`](crate::Answered).
    Help(Option<&'a Argument>),
    /// NOOP: does nothing, and shows whether the server still answers.
    Noop,
    /// QUIT: ends the session.
    Quit,
}

/// The parameters of MAIL. Each is allowed only if the server offers its extension.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct MailParameters {
    size: Option<u64>,
    body: Body,
    smtputf8: bool,
    require_tls: bool,
    /// `None` for most messages.
    extras: Option<Box<MailExtras>>,
}

impl MailParameters {
    /// No parameters.
    pub const fn new() -> Self {
        Self { size: None, body: Body::SevenBit, smtputf8: false, require_tls: false, extras: None }
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

    /// The same, with `RET=` (RFC 3461 section 4.3).
    #[must_use]
    pub fn with_return(mut self, returned: Return) -> Self {
        self.extras_mut().returned = Some(returned);
        self
    }

    /// The same, with `ENVID=` (RFC 3461 section 4.4).
    #[must_use]
    pub fn with_envelope_id(mut self, id: EnvelopeId) -> Self {
        self.extras_mut().envelope_id = Some(id);
        self
    }

    /// The same, with `BY=` (RFC 2852).
    #[must_use]
    pub fn with_deliver_by(mut self, limit: DeliverBy) -> Self {
        self.extras_mut().deliver_by = Some(limit);
        self
    }

    /// The same, with `AUTH=` (RFC 4954 section 5).
    #[must_use]
    pub fn with_submitter(mut self, submitter: Submitter) -> Self {
        self.extras_mut().submitter = Some(submitter);
        self
    }

    /// The same, with one more parameter, of another extension.
    #[must_use]
    pub fn with_parameter(mut self, parameter: Parameter) -> Self {
        self.extras_mut().others.push(parameter);
        self
    }

    pub(crate) fn with_extras(mut self, extras: MailExtras) -> Self {
        self.extras = Some(Box::new(extras));
        self
    }

    fn extras_mut(&mut self) -> &mut MailExtras {
        self.extras.get_or_insert_default()
    }

    /// The parameters of extensions that this crate does not know.
    pub(crate) fn others(&self) -> &[Parameter] {
        self.extras.as_ref().map_or(&[], |extras| &extras.others)
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
                extend(out, [b"MAIL FROM:<", path.as_str().as_bytes()]);
                parameters.encode_after_path(out);
            }
            Self::Rcpt(path, parameters) => {
                extend(out, [b"RCPT TO:<", path.as_str().as_bytes(), b">"]);
                if !parameters.is_empty() {
                    parameters.encode(out);
                }
            }
            Self::StartTls => extend(out, [b"STARTTLS"]),
            Self::Data => extend(out, [b"DATA"]),
            Self::Rset => extend(out, [b"RSET"]),
            Self::Vrfy(argument) => extend(out, [b"VRFY ", argument.as_str().as_bytes()]),
            Self::Help(None) => extend(out, [b"HELP"]),
            Self::Help(Some(argument)) => extend(out, [b"HELP ", argument.as_str().as_bytes()]),
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
            Self::Rcpt(..) => Stage::Rcpt,
            Self::Data => Stage::Data,
            Self::Rset => Stage::Rset,
            Self::Vrfy(_) => Stage::Vrfy,
            Self::Help(_) => Stage::Help,
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
            self.extras.as_ref().and_then(|extras| extras.not_offered(offered))
        }
    }

    /// Appends the end of the path and the parameters to `out`.
    fn encode_after_path(&self, out: &mut Vec<u8>) {
        match self.size {
            None => out.push(b'>'),
            Some(size) => {
                out.extend_from_slice(b"> SIZE=");
                decimal::extend(out, size);
            }
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
        if let Some(extras) = &self.extras {
            extras.encode(out);
        }
    }
}

/// Inlined, so that parts of constant length are stored without a call.
#[inline]
fn extend<const N: usize>(out: &mut Vec<u8>, parts: [&[u8]; N]) {
    for part in parts {
        out.extend_from_slice(part);
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
        let argument = Argument::new("Smith").unwrap();
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
            (Command::Rcpt(&ForwardPath::Postmaster, RcptParameters::NONE), "RCPT TO:<postmaster>"),
            (Command::StartTls, "STARTTLS"),
            (Command::Data, "DATA"),
            (Command::Rset, "RSET"),
            (Command::Vrfy(&argument), "VRFY Smith"),
            (Command::Help(None), "HELP"),
            (Command::Help(Some(&argument)), "HELP Smith"),
            (Command::Noop, "NOOP"),
            (Command::Quit, "QUIT"),
        ] {
            let mut out = Vec::new();
            command.encode(&mut out);
            assert_eq!(out, alloc::format!("{line}\r\n").into_bytes());
        }
    }
}
