//! Policy: what a delivery may do, how long it waits, and how much it takes in.

use core::time::Duration;

use crate::{
    address::HelloName,
    envelope::{Body, Envelope, Need, Needs},
    report::Stage,
};

/// Everything that is decided once, for all messages.
///
/// Start with [`Config::new`] and change what should differ.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The name the client gives.
    pub hello_name: HelloName,
    /// SMTP or LMTP.
    pub protocol: Protocol,
    /// Whether connections must be secured.
    pub tls: TlsPolicy,
    /// Whether messages may only go to servers that took the client's credentials.
    pub auth: AuthPolicy,
    /// When a delivery may start again with HELO on a new connection.
    pub helo_retry: HeloRetry,
    /// What becomes of 8-bit content at a server that does not offer 8BITMIME.
    pub eight_bit: EightBitPolicy,
    /// What becomes of CR and LF that are no line end.
    pub line_endings: LineEndings,
    /// What becomes of the connection when a message is done.
    pub afterwards: Afterwards,
    /// How long to wait for what.
    pub waits: Waits,
    /// How much to take in, and to have under way.
    pub limits: Limits,
}

impl Config {
    /// SMTP without TLS and AUTH, HELO after a hang-up, 8-bit content kept from servers that do not
    /// offer 8BITMIME, RFC 5321's waits, one message a connection.
    pub const fn new(hello_name: HelloName) -> Self {
        Self {
            hello_name,
            protocol: Protocol::Smtp,
            tls: TlsPolicy::Never,
            auth: AuthPolicy::Never,
            helo_retry: HeloRetry::Disconnect,
            eight_bit: EightBitPolicy::Refuse,
            line_endings: LineEndings::Mend,
            afterwards: Afterwards::Quit,
            waits: Waits::RFC_5321,
            limits: Limits::DEFAULT,
        }
    }

    /// What delivering `envelope` under this policy needs of a server.
    pub fn needs(&self, envelope: &Envelope) -> Needs {
        let mut needs = envelope.needs();
        match self.tls {
            TlsPolicy::Never => {}
            TlsPolicy::Required => needs = needs.with(Need::Tls),
        }
        match self.auth {
            AuthPolicy::Never => {}
            AuthPolicy::Required => needs = needs.with(Need::Auth),
        }
        match (envelope.body(), self.eight_bit) {
            (Body::EightBit, EightBitPolicy::Refuse) => needs.with(Need::EightBitMime),
            (Body::EightBit, EightBitPolicy::Send) | (Body::SevenBit, _) => needs,
        }
    }
}

/// Which protocol the server speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Protocol {
    /// EHLO and HELO, one reply for a message.
    Smtp,
    /// LHLO, a reply for each accepted recipient (RFC 2033).
    Lmtp,
}

/// Whether connections must be secured.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TlsPolicy {
    /// In clear.
    Never,
    /// Nothing but hello and QUIT goes in clear. As TLS is not spoken yet, nothing is delivered.
    Required,
}

/// Whether messages may only go to servers that took the client's credentials.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AuthPolicy {
    /// No authentication.
    Never,
    /// Not without. As AUTH is not spoken yet, nothing is delivered.
    Required,
}

/// When a delivery may start again with HELO on a new connection (RFC 1869 section 4.7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HeloRetry {
    /// When the peer hung up on EHLO.
    Disconnect,
    /// When the peer hung up on EHLO or did not answer it in time.
    Timeout,
    /// Never. HELO on the same connection, after a refused EHLO, is no retry and stays.
    Never,
}

/// What becomes of 8-bit content at a server that does not offer 8BITMIME.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EightBitPolicy {
    /// It is not sent there.
    Refuse,
    /// It goes as it is.
    Send,
}

/// What becomes of CR and LF that are no line end (RFC 5321 section 2.3.8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LineEndings {
    /// A bare LF becomes CR LF, a stray CR a space.
    Mend,
    /// Either makes the message unsendable.
    Strict,
}

/// What becomes of the connection when a message is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Afterwards {
    /// QUIT.
    Quit,
    /// It is kept for the next message, if it can be.
    Keep,
}

/// How long to wait before a peer counts as silent (RFC 5321 section 4.5.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Waits {
    /// For the greeting.
    pub greeting: Duration,
    /// For the reply to EHLO, HELO, LHLO, RSET or NOOP.
    pub hello: Duration,
    /// For the reply to MAIL.
    pub mail: Duration,
    /// For the reply to RCPT.
    pub rcpt: Duration,
    /// For the reply to DATA.
    pub data: Duration,
    /// For the peer to take one block of content, or of commands.
    pub block: Duration,
    /// For the reply to the end of the content. Too short a wait here makes duplicates.
    pub content_end: Duration,
    /// For the reply to QUIT, when everything is settled.
    pub quit: Duration,
}

impl Waits {
    /// 5 minutes for the greeting, MAIL and RCPT, 2 for DATA, 3 for a block, 10 for the end of the
    /// content. What the RFC leaves open: 5 minutes for hello, 30 seconds for QUIT.
    pub const RFC_5321: Self = Self {
        greeting: Duration::from_secs(300),
        hello: Duration::from_secs(300),
        mail: Duration::from_secs(300),
        rcpt: Duration::from_secs(300),
        data: Duration::from_secs(120),
        block: Duration::from_secs(180),
        content_end: Duration::from_secs(600),
        quit: Duration::from_secs(30),
    };

    /// The same waits, none longer than `limit`.
    #[must_use]
    pub fn at_most(self, limit: Duration) -> Self {
        Self {
            greeting: self.greeting.min(limit),
            hello: self.hello.min(limit),
            mail: self.mail.min(limit),
            rcpt: self.rcpt.min(limit),
            data: self.data.min(limit),
            block: self.block.min(limit),
            content_end: self.content_end.min(limit),
            quit: self.quit.min(limit),
        }
    }

    /// The wait for the reply that is due at `stage`.
    pub(crate) const fn for_reply(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Connect | Stage::Greeting => self.greeting,
            Stage::Ehlo | Stage::Helo | Stage::Lhlo | Stage::Rset | Stage::Noop | Stage::Idle => self.hello,
            Stage::Mail => self.mail,
            Stage::Rcpt => self.rcpt,
            Stage::Data => self.data,
            Stage::Content => self.block,
            Stage::ContentEnd => self.content_end,
            Stage::Quit => self.quit,
        }
    }
}

/// How much to take in, and to have under way, in octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// One line of a reply. RFC 5321 asks for 512, RFC 4954 for 12,288.
    pub reply_line: usize,
    /// All lines of one reply, and the empty lines before it.
    pub reply: usize,
    /// What a report keeps of one reply, whole lines. Of replies that together pass a mebibyte less.
    pub kept_reply: usize,
    /// Commands under way that have not been answered. One command always is allowed.
    pub pipeline: usize,
    /// Content handed over in one step.
    pub block: usize,
}

impl Limits {
    /// 12,288 for a line, 64 KiB for a reply, all of which is kept; 4 KiB of commands, 16 KiB of
    /// content.
    pub const DEFAULT: Self =
        Self { reply_line: 12_288, reply: 65_536, kept_reply: 65_536, pipeline: 4096, block: 16_384 };
}
