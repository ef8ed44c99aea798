//! The settings at the start of a transcript: policy, envelope and message.

use std::{fs, path::Path, str::FromStr};

use smtp_proto::{
    Afterwards, AuthPolicy, Authentication, Body, Chunking, Config, EightBitPolicy, Envelope, HelloName, HeloRetry,
    KnownHost, LineEndings, Mechanism, Need, Protocol, Recipient, ReversePath, Size, TlsPolicy,
};

use super::{
    parameters::{self, Parameters},
    script::Message,
    text,
};

/// The settings of a transcript, or the defaults.
pub(super) struct Settings {
    config: Config,
    from: ReversePath,
    to: Recipients,
    body: Body,
    size: Option<Size>,
    needs: Vec<Need>,
    parameters: Parameters,
    content: Content,
    known: Option<KnownHost>,
    token_length: usize,
    can_rewind: bool,
}

/// A list of recipients. The first `to` of a message replaces an inherited list.
enum Recipients {
    Inherited(Vec<Recipient>),
    Named(Vec<Recipient>),
}

enum Content {
    Inherited(Vec<u8>),
    Given(Vec<u8>),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            config: Config::new(HelloName::new("client.example").expect("a name")),
            from: "alice@example.com".parse().expect("an address"),
            to: Recipients::Inherited(vec![Recipient::new("bob@example.net".parse().expect("an address"))]),
            body: Body::SevenBit,
            size: None,
            needs: Vec::new(),
            parameters: Parameters::default(),
            known: None,
            token_length: 0,
            can_rewind: true,
            content: Content::Inherited(b"Subject: Lunch\r\n\r\nAt noon?\r\n".to_vec()),
        }
    }
}

impl Settings {
    pub(super) fn set(&mut self, key: &str, value: &str, messages: &Path) -> Result<(), String> {
        let config = self.config.clone();
        match key {
            "hello-name" => self.config = config.with_hello_name(parsed(value)?),
            "protocol" => {
                self.config =
                    config.with_protocol(choice(value, &[("smtp", Protocol::Smtp), ("lmtp", Protocol::Lmtp)])?);
            }
            "tls" => {
                let policies = [
                    ("never", TlsPolicy::Never),
                    ("opportunistic", TlsPolicy::Opportunistic),
                    ("required", TlsPolicy::Required),
                    ("implicit", TlsPolicy::Implicit),
                ];
                self.config = config.with_tls(choice(value, &policies)?);
            }
            "auth" => {
                self.config = config.with_auth(auth(value)?);
            }
            "known" => self.known = Some(known(value)?),
            "token" => self.token_length = value.parse().map_err(|_| format!("{value} is not a length"))?,
            "helo-retry" => {
                let policies = [
                    ("disconnect", HeloRetry::Disconnect),
                    ("timeout", HeloRetry::Timeout),
                    ("never", HeloRetry::Never),
                ];
                self.config = config.with_helo_retry(choice(value, &policies)?);
            }
            "8bit" => {
                let policies = [("refuse", EightBitPolicy::Refuse), ("send", EightBitPolicy::Send)];
                self.config = config.with_eight_bit(choice(value, &policies)?);
            }
            "line-endings" => {
                let policies = [("mend", LineEndings::Mend), ("strict", LineEndings::Strict)];
                self.config = config.with_line_endings(choice(value, &policies)?);
            }
            "afterwards" => {
                self.config =
                    config.with_afterwards(choice(value, &[("quit", Afterwards::Quit), ("keep", Afterwards::Keep)])?);
            }
            "chunking" => {
                let policies = [("auto", Chunking::Auto), ("never", Chunking::Never)];
                self.config = config.with_chunking(choice(value, &policies)?);
            }
            "limits" => return value.split_whitespace().try_for_each(|limit| self.limit(limit)),
            "max-recipients" => {
                let most = value.parse().map_err(|_| format!("{value} is not a number"))?;
                self.config = config.with_max_recipients(Some(most));
            }
            "limits-offered" => {
                self.config = config.with_ignore_limits(choice(value, &[("obey", false), ("ignore", true)])?);
            }
            "rewind" => self.can_rewind = choice(value, &[("yes", true), ("no", false)])?,
            "from" => self.from = parsed(value)?,
            "to" => self.to.push(Recipient::new(parsed(value)?)),
            "notify" | "orcpt" | "rcpt-param" => self.to.change_last(key, value)?,
            "ret" | "envid" | "deliver-by" | "submitter" | "mail-param" | "inquiry" => {
                self.parameters.set(key, value);
            }
            "body" => {
                let bodies = [("7bit", Body::SevenBit), ("8bit", Body::EightBit), ("binary", Body::Binary)];
                self.body = choice(value, &bodies)?;
            }
            "size" => self.size = Some(size(value)?),
            "needs" => self.needs = value.split_whitespace().map(need).collect::<Result<_, _>>()?,
            "message" => self.content = Content::Given(made_up(value)?),
            "message-file" => {
                let read = fs::read(messages.join(value)).map_err(|error| format!("{value}: {error}"))?;
                self.content = Content::Given(read);
            }
            other => return Err(format!("unknown setting {other}: {value}")),
        }
        Ok(())
    }

    pub(super) fn content_line(&mut self, written: &str) -> Result<(), String> {
        let (octets, _) = text::line(written)?;
        match &mut self.content {
            Content::Given(content) => content.extend_from_slice(&octets),
            inherited @ Content::Inherited(_) => *inherited = Content::Given(octets),
        }
        Ok(())
    }

    /// The next message inherits everything that it does not set.
    pub(super) fn next_message(&mut self) {
        self.to = Recipients::Inherited(self.to.list().to_vec());
        self.content = Content::Inherited(self.content.octets().to_vec());
    }

    pub(super) fn message(&self) -> Result<Message, String> {
        let envelope =
            Envelope::for_recipients(self.from.clone(), self.to.list().to_vec()).map_err(|error| error.to_string())?;
        let envelope = self.parameters.add_to(envelope)?;
        let envelope = envelope.with_body(self.body);
        let envelope = self.size.map_or(envelope.clone(), |size| envelope.with_size(size));
        let envelope = self.needs.iter().fold(envelope, |envelope, need| envelope.requiring(*need));
        Ok(Message { envelope, content: self.content.octets().to_vec() })
    }

    pub(super) fn known(&self) -> Option<KnownHost> {
        self.known
    }

    pub(super) fn token_length(&self) -> usize {
        self.token_length
    }

    pub(super) fn can_rewind(&self) -> bool {
        self.can_rewind
    }

    pub(super) fn config(&self) -> Config {
        self.config.clone()
    }

    fn limit(&mut self, limit: &str) -> Result<(), String> {
        let limits = self.config.limits();
        let (name, number) = limit.split_once('=').ok_or_else(|| format!("{limit} is not of the form name=number"))?;
        let number = number.parse().map_err(|_| format!("{limit} does not have a valid number"))?;
        let limits = match name {
            "reply-line" => limits.with_reply_line(number),
            "reply" => limits.with_reply(number),
            "kept-reply" => limits.with_kept_reply(number),
            "pipeline" => limits.with_pipeline(number),
            "block" => limits.with_block(number),
            "chunk" => limits.with_chunk(number),
            _ => return Err(format!("unknown limit {name}")),
        };
        self.config = self.config.clone().with_limits(limits);
        Ok(())
    }
}

impl Recipients {
    fn push(&mut self, recipient: Recipient) {
        match self {
            Self::Inherited(_) => *self = Self::Named(vec![recipient]),
            Self::Named(list) => list.push(recipient),
        }
    }

    /// Sets a parameter of the last recipient.
    fn change_last(&mut self, key: &str, value: &str) -> Result<(), String> {
        let (Self::Inherited(recipients) | Self::Named(recipients)) = self;
        let last = recipients.pop().ok_or("there is no recipient")?;
        recipients.push(parameters::of_recipient(last, key, value)?);
        Ok(())
    }

    fn list(&self) -> &[Recipient] {
        match self {
            Self::Inherited(list) | Self::Named(list) => list,
        }
    }
}

impl Content {
    fn octets(&self) -> &[u8] {
        match self {
            Self::Inherited(octets) | Self::Given(octets) => octets,
        }
    }
}

/// `never`, or the mechanisms in the order of preference and what else is allowed. `required` stands for PLAIN and LOGIN.
fn auth(value: &str) -> Result<AuthPolicy, String> {
    let mut mechanisms = Vec::new();
    let (mut in_clear, mut any_order) = (false, false);
    for word in value.split_whitespace() {
        match word {
            "never" => return Ok(AuthPolicy::Never),
            "required" => mechanisms.extend([Mechanism::Plain, Mechanism::Login]),
            "in-clear" => in_clear = true,
            "any-order" => any_order = true,
            name => mechanisms
                .push(Mechanism::from_name(name.as_bytes()).ok_or_else(|| format!("{name} is not a known mechanism"))?),
        }
    }
    Ok(AuthPolicy::Required(Authentication::new(mechanisms).with_in_clear(in_clear).with_any_order(any_order)))
}

/// `nothing`, or `secured`, `helo-only`, `lockstep` and `recipients=N`.
pub(super) fn known(value: &str) -> Result<KnownHost, String> {
    value.split_whitespace().try_fold(KnownHost::UNKNOWN, |host, word| match word {
        "nothing" => Ok(host),
        "secured" => Ok(host.with_secured(true)),
        "helo-only" => Ok(host.with_helo_only(true)),
        "lockstep" => Ok(host.with_lockstep(true)),
        _ => match word.strip_prefix("recipients=").map(str::parse) {
            Some(Ok(most)) => Ok(host.with_recipients(Some(most))),
            _ => Err(format!("{word} is not something that can be known about a server")),
        },
    })
}

fn parsed<T: FromStr<Err = smtp_proto::AddressError>>(value: &str) -> Result<T, String> {
    value.parse().map_err(|error| format!("{value}: {error}"))
}

/// `empty`, or `N octets` for a content that a recording leaves out.
fn made_up(value: &str) -> Result<Vec<u8>, String> {
    /// As much as a transcript may make a test hold.
    const MOST: usize = 1 << 20;
    if value == "empty" {
        return Ok(Vec::new());
    }
    let octets: u64 = value
        .strip_suffix(" octets")
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| format!("{value} is neither empty nor a number of octets"))?;
    let octets = usize::try_from(octets).unwrap_or(MOST).min(MOST);
    let line = [b"x".repeat(70), b"\r\n".to_vec()].concat();
    let (lines, rest) = (octets / line.len(), octets % line.len());
    let last = match rest {
        0 | 1 => b"x".repeat(rest),
        _ => [b"x".repeat(rest - 2), b"\r\n".to_vec()].concat(),
    };
    Ok([line.repeat(lines), last].concat())
}

/// `exactly N`, or `N` for an estimate.
fn size(value: &str) -> Result<Size, String> {
    let octets = |number: &str| number.parse().map_err(|_| format!("{value} is not a size"));
    match value.strip_prefix("exactly ") {
        Some(number) => octets(number).map(Size::Exact),
        None => octets(value).map(Size::Estimate),
    }
}

fn need(name: &str) -> Result<Need, String> {
    let found = Need::ALL.iter().copied().find(|need| need.to_string().eq_ignore_ascii_case(name));
    found.ok_or_else(|| format!("unknown need {name}"))
}

fn choice<T: Copy>(value: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices.iter().find(|(name, _)| *name == value);
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        format!("{value} is not one of {}", names.join(", "))
    })
}
