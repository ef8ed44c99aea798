//! Arbitrary policies, envelopes and messages. Each choice takes an octet or two, so that small inputs go
//! far. Only values that a user can build are produced.

use std::{sync::OnceLock, time::Duration};

use arbitrary::{Arbitrary, Result, Unstructured};
use smtp_proto::{
    Afterwards, AuthPolicy, Authentication, Body, Cancel, Chunking, Config, DeliverBy, Disconnect, EightBitPolicy,
    Envelope, EnvelopeId, ForwardPath, HelloName, HeloRetry, Late, Limits, LineEndings, Mechanism, Need, Notify,
    OriginalRecipient, Parameter, Protocol, Recipient, Return, ReversePath, Size, Submitter, Timeouts, TlsPolicy,
};

/// A [`Config`].
#[derive(Clone, Debug)]
pub(super) struct Policy(pub(super) Config);

impl<'a> Arbitrary<'a> for Policy {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let choices = u8::arbitrary(u)?;
        let helo_retry = match choices >> 4 & 3 {
            0 | 1 => HeloRetry::Disconnect,
            2 => HeloRetry::Timeout,
            _ => HeloRetry::Never,
        };
        let mut config = Config::new(hello_name().clone())
            .with_protocol(if choices & 1 == 0 { Protocol::Smtp } else { Protocol::Lmtp })
            .with_afterwards(if choices & 2 == 0 { Afterwards::Quit } else { Afterwards::Keep })
            .with_line_endings(if choices & 4 == 0 { LineEndings::Mend } else { LineEndings::Strict })
            .with_eight_bit(if choices & 8 == 0 { EightBitPolicy::Refuse } else { EightBitPolicy::Send })
            .with_chunking(if choices & 0xf2 == 0x92 { Chunking::Never } else { Chunking::Auto })
            .with_helo_retry(helo_retry);
        match u8::arbitrary(u)? {
            secured if secured < 128 => config = config.with_tls(tls(secured)).with_auth(auth(secured >> 2)),
            limits => {
                if choices & 0xc4 == 0x44 {
                    config = config.with_tls(TlsPolicy::Opportunistic).with_auth(auth(limits));
                }
                let chosen = Limits::DEFAULT
                    .with_pipeline([0, 40, 60, 100][usize::from(limits & 3)])
                    .with_block([1, 2, 7, 100][usize::from(limits >> 2 & 3)])
                    .with_reply_line([60, 80, 200, 12_288][usize::from(limits >> 4 & 3)])
                    .with_chunk([0, 3, 16, 65_536][usize::from(limits >> 4 & 3)])
                    .with_reply([80, 300][usize::from(limits >> 6 & 1)])
                    .with_kept_reply([0, 10, 50, 4096][usize::from(limits & 3)]);
                config = config.with_limits(chosen);
            }
        }
        if choices & 0xc0 == 0x80 {
            config = config.with_max_recipients(Some(u32::from(choices >> 3 & 1) + 1));
        }
        config = config.with_ignore_limits(choices & 0xe4 == 0xa4);
        if choices & 0xf0 == 0xf0 {
            config = config.with_timeouts(Timeouts::RFC_5321.at_most(Duration::from_secs(60)));
        }
        Ok(Self(config))
    }
}

/// Each policy.
fn tls(choice: u8) -> TlsPolicy {
    [TlsPolicy::Never, TlsPolicy::Opportunistic, TlsPolicy::Required, TlsPolicy::Implicit][usize::from(choice & 3)]
}

/// No authentication in half of all cases; otherwise different mechanisms.
fn auth(choice: u8) -> AuthPolicy {
    use Mechanism::{CramMd5, Login, Plain, ScramSha256, ScramSha256Plus, XOAuth2};
    let how = match choice & 7 {
        0..=3 => return AuthPolicy::Never,
        4 => Authentication::new([Plain, Login]),
        5 => Authentication::new([ScramSha256Plus, ScramSha256, CramMd5, Login, Plain]),
        6 => Authentication::new([ScramSha256, XOAuth2, Plain]).with_any_order(true),
        _ => Authentication::new([CramMd5, Login, Plain]),
    };
    AuthPolicy::Required(how.with_in_clear(choice & 8 != 0))
}

fn hello_name() -> &'static HelloName {
    static HELLO_NAME: OnceLock<HelloName> = OnceLock::new();
    HELLO_NAME.get_or_init(|| HelloName::new("client.example").expect("a domain"))
}

/// An [`Envelope`].
#[derive(Clone, Debug)]
pub(super) struct Addressed(pub(super) Envelope);

impl<'a> Arbitrary<'a> for Addressed {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (choices, recipients) = (u8::arbitrary(u)?, u8::arbitrary(u)?);
        let path = |index: u8| paths()[usize::from(index & 7)].clone();
        let to = match recipients >> 6 {
            0 => vec![path(recipients & 3)],
            1 => vec![path(recipients), path(recipients >> 3)],
            2 => vec![path(recipients & 3), path(recipients >> 2 & 3), path(recipients >> 4 & 3)],
            _ => (0..=(recipients & 15) / 2).map(|index| path(index % 6)).collect(),
        };
        let sender = match choices & 15 {
            sender @ 0..=2 => sender,
            15 => 3,
            _ => 0,
        };
        let mut envelope = Envelope::new(senders()[usize::from(sender)].clone(), to).expect("a recipient");
        if choices & 16 != 0 {
            let body = if choices & 0x88 == 0x88 { Body::Binary } else { Body::EightBit };
            envelope = envelope.with_body(body);
        }
        match choices >> 5 & 3 {
            1 => envelope = envelope.with_size(Size::Estimate(1000)),
            2 => envelope = envelope.with_size(Size::Estimate(u64::MAX)),
            // Content has similar lengths, so this is sometimes correct.
            3 => envelope = envelope.with_size(Size::Exact(u64::from(recipients & 0x1f))),
            _ => {}
        }
        if choices & 0x88 == 0x80 {
            envelope = with_parameters(&envelope, u8::arbitrary(u)?, u8::arbitrary(u)?);
        }
        if choices & 0x8f == 0x87 {
            envelope = envelope.requiring(Need::ALL[usize::from(recipients) % Need::ALL.len()]);
        }
        Ok(Self(envelope))
    }
}

/// The envelope with parameters: each bit of `mail`, and two of `rcpt` for a recipient, stand for some.
fn with_parameters(envelope: &Envelope, mail: u8, rcpt: u8) -> Envelope {
    let parameter = || Parameter::new("x-one", "ONE", Some("1+2")).expect("a parameter");
    let recipients = envelope.forward_paths().iter().enumerate().map(|(place, path)| {
        let recipient = Recipient::new(path.clone());
        match rcpt.rotate_right(u32::try_from(place % 4 * 2).unwrap_or(0)) & 3 {
            0 => recipient,
            1 if rcpt & 0xf0 == 0xf0 => recipient.with_parameter(parameter()),
            1 => recipient.with_notify(Notify::FAILURE.or(Notify::DELAY)),
            2 => recipient.with_notify(Notify::NEVER),
            _ => match path {
                ForwardPath::Postmaster => recipient.with_notify(Notify::SUCCESS),
                ForwardPath::Mailbox(mailbox) => {
                    recipient.with_original_recipient(OriginalRecipient::new(mailbox).expect("an address"))
                }
            },
        }
    });
    let mut changed = Envelope::for_recipients(envelope.reverse_path().clone(), recipients.collect())
        .expect("a recipient")
        .with_body(envelope.body());
    if let Some(size) = envelope.size() {
        changed = changed.with_size(size);
    }
    if mail & 1 != 0 {
        changed = changed.with_return(if mail & 2 == 0 { Return::Full } else { Return::Headers });
    }
    if mail & 2 != 0 {
        changed = changed.with_envelope_id(EnvelopeId::new("a=b c+d").expect("an identifier"));
    }
    let limit = |seconds, late| DeliverBy::new(seconds, late).expect("a limit");
    match mail >> 2 & 7 {
        0 => changed = changed.with_deliver_by(limit(60, Late::Return).with_trace(mail & 1 != 0)),
        1 => changed = changed.with_deliver_by(limit(59, Late::Return)),
        2 => changed = changed.with_deliver_by(limit(-5, Late::Notify)),
        _ => {}
    }
    match mail >> 5 {
        0 | 1 => changed = changed.with_submitter(Submitter::UNKNOWN),
        2 => changed = changed.with_submitter(Submitter::new("e=mc2@x".parse().expect("an address")).expect("short")),
        3 => changed = changed.with_parameter(parameter()).expect("short"),
        4 => changed = changed.as_inquiry(),
        _ => {}
    }
    changed
}

/// Four senders. The second is the null reverse-path, the last needs SMTPUTF8.
fn senders() -> &'static [ReversePath] {
    static SENDERS: OnceLock<Vec<ReversePath>> = OnceLock::new();
    let senders = ["a@client.example", "", "\"a b\"@client.example", "jürgen@bücher.example"];
    SENDERS.get_or_init(|| senders.map(|path| path.parse().expect("a sender")).into())
}

/// Eight recipients. The last but one needs SMTPUTF8, and the last repeats the first.
fn paths() -> &'static [ForwardPath] {
    static PATHS: OnceLock<Vec<ForwardPath>> = OnceLock::new();
    let paths = [
        "b@example.net",
        "postmaster",
        "c.d@[192.0.2.1]",
        "\"e f\"@example.org",
        "g@example.com",
        "h@example.net",
        "rené@example.net",
        "b@example.net",
    ];
    PATHS.get_or_init(|| paths.map(|path| path.parse().expect("a recipient")).into())
}

/// The octets of a message: mostly line ends and dots.
#[derive(Clone, Debug)]
pub(super) struct Octets(pub(super) Vec<u8>);

impl<'a> Arbitrary<'a> for Octets {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const TELLING: [u8; 8] = *b"a.\r\n.\n\xe9\0";
        let len = usize::from(u8::arbitrary(u)? & 0x3f);
        let raw = u.bytes(len.min(u.len()))?;
        // The last choices make a message unsendable, so they are rare.
        let telling = |octet: &u8| match octet {
            0..=251 => TELLING[usize::from(octet % 6)],
            252..=255 => TELLING[usize::from(octet % 8)],
        };
        Ok(Self(raw.iter().map(telling).collect()))
    }
}

/// The lengths of the pieces in which octets go, used in rotation.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    lengths: [u8; 4],
    next: usize,
}

impl<'a> Arbitrary<'a> for Pieces {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { lengths: Arbitrary::arbitrary(u)?, next: 0 })
    }
}

impl Pieces {
    /// The length of the next piece: at most `most` octets, and at least one unless `most` is 0.
    pub(super) fn next(&mut self, most: usize) -> usize {
        let length = self.lengths[self.next % self.lengths.len()];
        self.next += 1;
        let length = if length < 64 { usize::MAX } else { usize::from(length - 63) };
        length.min(most)
    }
}

/// Any way in which a connection can be lost.
pub(super) fn disconnect(choice: u8) -> Disconnect {
    [Disconnect::Closed, Disconnect::Reset, Disconnect::WriteFailed, Disconnect::ReadFailed][usize::from(choice & 3)]
}

/// Any reason to cancel.
pub(super) fn cancel(choice: u8) -> Cancel {
    match choice {
        u8::MAX => Cancel::ContentChanged,
        _ => {
            [Cancel::Interrupted, Cancel::Deadline, Cancel::TooSlow, Cancel::ContentUnreadable][usize::from(choice & 3)]
        }
    }
}
