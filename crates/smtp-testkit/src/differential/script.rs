//! A scripted server: one reply for each stage, the same on every connection and for every client.

use std::fmt;

use smtp_proto::Escaped;

/// A message, and the server it goes to.
#[derive(Clone, PartialEq, Eq)]
pub struct Script {
    /// The reply at each [`Turn`], in that order.
    pub answers: [Answer; 8],
    /// What the reply to EHLO offers, if it has several lines.
    pub offers: Offers,
    /// One recipient or two.
    pub recipients: usize,
    /// The message. Each line except possibly the last ends in CR LF; the first does not start with a dot.
    pub content: Vec<u8>,
    /// Only the first connection is cut short; later ones are not.
    pub heals: bool,
    /// The maximum size of the pieces in which the server's octets arrive.
    pub piece: usize,
}

/// What a reply responds to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[allow(missing_docs, reason = "the commands")]
pub enum Turn {
    Greeting,
    Ehlo,
    Helo,
    Mail,
    FirstRcpt,
    SecondRcpt,
    Data,
    ContentEnd,
}

impl Turn {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Greeting,
        Self::Ehlo,
        Self::Helo,
        Self::Mail,
        Self::FirstRcpt,
        Self::SecondRcpt,
        Self::Data,
        Self::ContentEnd,
    ];

    /// The code that a client expects here on success.
    pub const fn wanted(self) -> u16 {
        match self {
            Self::Greeting => 220,
            Self::Ehlo | Self::Helo | Self::Mail | Self::FirstRcpt | Self::SecondRcpt | Self::ContentEnd => 250,
            Self::Data => 354,
        }
    }
}

/// One reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The three digits.
    pub code: u16,
    /// Its form.
    pub form: Form,
    /// If set, the connection closes after this many octets of the reply, and always before the last one.
    pub cut: Option<u8>,
}

/// The form of a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Code and text.
    Plain,
    /// Two lines, each with an enhanced status code.
    Enhanced,
    /// The code alone. RFC 5321 section 4.2 requires clients to accept that.
    CodeAlone,
    /// Each line ends in a bare LF.
    BareLf,
    /// Text that is not UTF-8.
    Latin1,
}

/// Keywords of the reply to EHLO.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Offers {
    /// PIPELINING.
    pub pipelining: bool,
    /// 8BITMIME.
    pub eight_bit_mime: bool,
    /// The keywords are in lower case.
    pub lower_case: bool,
}

/// Shows only what differs from [`Script::obliging`].
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offers, recipients, content, heals, piece, .. } = self;
        writeln!(f, "{recipients} recipients, {offers:?}, heals: {heals}, in pieces of {piece}")?;
        for turn in Turn::ALL.into_iter().filter(|turn| self.answer(*turn) != Answer::plain(turn.wanted())) {
            writeln!(f, "{turn:?}: {:?}", self.answer(turn))?;
        }
        writeln!(f, "{}", Escaped(content))
    }
}

impl Answer {
    /// A code and text.
    pub const fn plain(code: u16) -> Self {
        Self { code, form: Form::Plain, cut: None }
    }
}

impl Script {
    /// A server that accepts everything and offers no extensions.
    pub fn obliging() -> Self {
        Self {
            answers: Turn::ALL.map(|turn| Answer::plain(turn.wanted())),
            offers: Offers::default(),
            recipients: 1,
            content: b"Subject: test\r\n\r\ntext".to_vec(),
            heals: false,
            piece: usize::MAX,
        }
    }

    /// Replaces one reply.
    #[must_use]
    pub const fn with(mut self, turn: Turn, answer: Answer) -> Self {
        self.answers[turn as usize] = answer;
        self
    }

    /// The reply at this turn.
    pub const fn answer(&self, turn: Turn) -> Answer {
        self.answers[turn as usize]
    }

    /// Whether the message has octets above 127.
    pub fn is_eight_bit(&self) -> bool {
        !self.content.is_ascii()
    }

    /// Appends the reply to `said`. `first`: on the first connection. Returns whether the connection stays
    /// open.
    pub(super) fn say(&self, turn: Turn, first: bool, said: &mut Vec<u8>) -> bool {
        let Answer { code, form, cut } = self.answer(turn);
        let cut = cut.filter(|_| first || !self.heals);
        let start = said.len();
        let digits = [100, 10, 1].map(|place| b'0' + u8::try_from(code / place % 10).unwrap_or(0));
        let mut line = |separator: &[u8], text: &[u8]| {
            said.extend_from_slice(&digits);
            said.extend_from_slice(separator);
            said.extend_from_slice(text);
            said.extend_from_slice(if form == Form::BareLf { b"\n" } else { b"\r\n" });
        };
        let text: &[u8] = if form == Form::Latin1 { b"caf\xe9" } else { b"mx.example.net" };
        match form {
            Form::CodeAlone => line(b"", b""),
            Form::Enhanced if turn != Turn::Ehlo => {
                let text = [digits[0], b'.', b'1', b'.', b'0', b' ', b'o', b'k'];
                line(b"-", &text);
                line(b" ", &text);
            }
            Form::Plain | Form::Enhanced | Form::BareLf | Form::Latin1 => {
                let Offers { pipelining, eight_bit_mime, lower_case } = self.offers;
                let keywords: [(bool, &[u8]); 2] = if lower_case {
                    [(pipelining, b"pipelining"), (eight_bit_mime, b"8bitmime")]
                } else {
                    [(pipelining, b"PIPELINING"), (eight_bit_mime, b"8BITMIME")]
                };
                let mut first = true;
                if turn == Turn::Ehlo {
                    line(b"-", text);
                    first = false;
                    for (_, keyword) in keywords.into_iter().filter(|(offered, _)| *offered) {
                        line(b"-", keyword);
                    }
                }
                line(b" ", if first { text } else { b"HELP" });
            }
        }
        if let Some(cut) = cut {
            said.truncate((start + usize::from(cut)).min(said.len() - 1));
        }
        cut.is_none()
    }
}
