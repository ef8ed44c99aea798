//! The connection ends somewhere between the first octet of EHLO and the reply to the next command. HELO on
//! a new connection must follow, or the reason why it must not (RFC 1869 section 4.7).

use std::sync::Arc;

use arbitrary::{Arbitrary, Result, Unstructured};
use smtp_proto::{
    AttemptEnd, Cause, Config, Connect, Disconnect, HeloRetry, Limits, Need, Needs, Place, Protocol, RecipientReport,
    Status, Step, TlsPolicy,
};

use crate::{
    fuzz::{
        driver::{Driver, Wanted},
        moves::{self, Moves},
        server::{self, Offered, Said},
        values::{self, Addressed, Octets, Pieces, Policy},
    },
    oracle,
};

/// A run: what is delivered, where the first connection ends, and what happens then.
#[derive(Clone, Debug, Arbitrary)]
pub struct Input<'a> {
    policy: Policy,
    envelope: Addressed,
    content: Octets,
    pieces: Pieces,
    greeting: Greeting,
    ehlo: EhloReply,
    /// Where the connection ends, in octets of both sides, counted from the second octet of EHLO.
    cut: u8,
    ending: Ending,
    inside: Inside,
    then: Moves<'a>,
}

#[derive(Clone, Debug)]
struct Greeting(Vec<u8>);

impl<'a> Arbitrary<'a> for Greeting {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let form = u8::arbitrary(u)?;
        if form < 240 {
            return Ok(Self(server::reply(220, form & 0xcf)));
        }
        let mut octets = Said::arbitrary(u)?.0;
        // Octets after the greeting would be the start of the reply to EHLO.
        let line = octets.iter().position(|octet| *octet == b'\n').map_or(octets.len(), |end| end + 1);
        octets.truncate(line);
        Ok(Self(octets))
    }
}

#[derive(Clone, Debug)]
struct EhloReply {
    code: u16,
    octets: Vec<u8>,
}

impl<'a> Arbitrary<'a> for EhloReply {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const OTHERS: [u16; 8] = [500, 502, 554, 451, 450, 421, 354, 599];
        let choice = u8::arbitrary(u)?;
        let offered = Offered::arbitrary(u)?;
        Ok(if choice < 128 {
            Self { code: 250, octets: offered.octets() }
        } else {
            let code = OTHERS[usize::from(choice & 7)];
            Self { code, octets: server::reply(code, offered.form & 0xcf) }
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    Lost(Disconnect),
    Silence,
}

impl<'a> Arbitrary<'a> for Ending {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let choice = u8::arbitrary(u)?;
        Ok(if choice < 192 { Self::Lost(values::disconnect(choice)) } else { Self::Silence })
    }
}

/// How the connection is secured before it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Inside {
    No,
    StartTls,
    Implicit,
}

impl<'a> Arbitrary<'a> for Inside {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(if u8::arbitrary(u)? & 1 == 0 { Self::No } else { Self::StartTls })
    }
}

/// What must follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Follows {
    /// HELO on a new connection to the same place, secured like the one before.
    Helo,
    /// A new connection to the same place, in clear, with EHLO.
    Clear,
    /// All recipients are deferred, because HELO cannot meet these needs.
    Forbidden(Needs),
    /// All recipients are deferred because of this reply.
    DeferredFor(u16),
    /// All recipients are deferred.
    Deferred,
    /// No recipient is known to have the message or not: all of it was sent with MAIL.
    Unconfirmed,
    /// All recipients already had a final status.
    Settled,
}

/// Runs the input, checks what follows independently of the oracle, and continues to the end.
pub fn body(input: Input<'_>) {
    let Input { policy: Policy(config), envelope, content, pieces, greeting, ehlo, cut, ending, inside, then } = input;
    // Limits on replies are left to other targets.
    let limits = config.limits().with_reply_line(Limits::DEFAULT.reply_line()).with_reply(Limits::DEFAULT.reply());
    let config = config.with_limits(limits);
    let inside = match (config.tls(), inside) {
        (TlsPolicy::Implicit, _) => Inside::Implicit,
        (TlsPolicy::Opportunistic | TlsPolicy::Required, Inside::StartTls) => Inside::StartTls,
        _ => Inside::No,
    };
    let is_met = |need: &Need| inside != Inside::No && matches!(need, Need::Tls | Need::VerifiedTls);
    let needs = oracle::needs(&config, &envelope.0).iter().filter(|need| !is_met(need)).fold(Needs::NONE, Needs::with);
    let offered = Offered { keywords: 0, form: 0 };
    let config = Arc::new(config);
    let mut driver = Driver::new(config.clone(), envelope.0, content.0, pieces, offered);
    driver.watched.connected().expect("the first step is to connect");
    if inside == Inside::Implicit {
        driver.secure(0);
    }
    driver.hear(&greeting.0);
    if inside == Inside::StartTls && says_hello(&mut driver) {
        starttls(&mut driver);
    }
    if says_hello(&mut driver) {
        let follows = Cut { config: &config, needs, ehlo: &ehlo, ending }.at(&mut driver, usize::from(cut));
        check(&mut driver, follows, ending, inside);
    }
    moves::play(&mut driver, &then);
    driver.finish();
}

/// The connection is secured with STARTTLS.
fn starttls(driver: &mut Driver) {
    let mut all = usize::MAX;
    send(driver, &mut all);
    driver.hear(b"250-mx.example.net\r\n250 STARTTLS\r\n");
    assert!(says(driver, "STARTTLS\r\n"), "STARTTLS must follow\n\n{}", driver.watched.conversation());
    send(driver, &mut all);
    driver.hear(b"220 go\r\n");
    driver.secure(0);
}

/// How the connection ends.
struct Cut<'c> {
    config: &'c Config,
    /// What HELO cannot meet.
    needs: Needs,
    ehlo: &'c EhloReply,
    ending: Ending,
}

impl Cut<'_> {
    /// Continues the conversation for `cut` octets and ends it. Returns what must follow.
    fn at(&self, driver: &mut Driver, cut: usize) -> Follows {
        let Self { config, needs, ehlo, ending } = *self;
        let helo = match (config.protocol(), ending, config.helo_retry()) {
            (Protocol::Lmtp, _, _) | (_, _, HeloRetry::Never) | (_, Ending::Silence, HeloRetry::Disconnect) => {
                Follows::Deferred
            }
            _ if needs.is_empty() => Follows::Helo,
            _ => Follows::Forbidden(needs),
        };
        let mut left = cut + 1;
        let cut_here = send(driver, &mut left) || hear(driver, &ehlo.octets, &mut left);
        if cut_here {
            end(driver, ending);
            return helo;
        }
        if driver.wanted() == Wanted::Authenticate {
            driver.authenticate();
        }
        // With BDAT, the first chunk is sent together with MAIL.
        while let wanted @ Wanted::Content(_) = driver.wanted() {
            driver.grant(wanted);
        }
        let is_all = has_last_chunk(driver);
        let follows = match ehlo.code {
            421 => return Follows::DeferredFor(421),
            _ if says(driver, "AUTH ") => Follows::Deferred,
            _ if says(driver, "STARTTLS") => self.without_tls(),
            _ if says(driver, "MAIL ") => helo,
            _ if !says(driver, "HELO ") => Follows::Settled,
            // EHLO was refused, and HELO is being sent.
            500.. => helo,
            code => Follows::DeferredFor(code),
        };
        let cut_here = send(driver, &mut left);
        let is_sent = !matches!(driver.wanted(), Wanted::Transmit(_));
        if !cut_here {
            // The reply arrives, but not completely.
            let reply = b"250 ok\r\n";
            driver.hear(&reply[..left.min(reply.len() - 1)]);
        }
        end(driver, ending);
        if is_all && is_sent { Follows::Unconfirmed } else { follows }
    }

    /// What follows a hang-up at STARTTLS.
    fn without_tls(&self) -> Follows {
        let forbids = [Need::Tls, Need::VerifiedTls, Need::RequireTls, Need::Auth];
        match self.ending {
            Ending::Lost(_) if !forbids.into_iter().any(|need| self.needs.contains(need)) => Follows::Clear,
            Ending::Lost(_) | Ending::Silence => Follows::Deferred,
        }
    }
}

/// Hands over up to `left` octets of what is to be written. Returns whether `left` is used up.
fn send(driver: &mut Driver, left: &mut usize) -> bool {
    while let Wanted::Transmit(most) = driver.wanted() {
        let octets = driver.piece(most.min(*left));
        driver.watched.sent(octets).expect("octets to write");
        *left -= octets;
        if *left == 0 {
            return true;
        }
    }
    false
}

/// The server sends up to `left` octets of this reply. Returns whether the reply was cut short.
fn hear(driver: &mut Driver, reply: &[u8], left: &mut usize) -> bool {
    let heard = reply.len().min(*left);
    driver.hear(&reply[..heard]);
    *left -= heard;
    heard < reply.len()
}

fn end(driver: &mut Driver, ending: Ending) {
    match ending {
        Ending::Lost(how) => drop(driver.watched.disconnected(how)),
        Ending::Silence => drop(driver.watched.timed_out()),
    }
}

/// Whether what is to be written has the whole content, in one chunk (RFC 3030 section 4.2).
fn has_last_chunk(driver: &mut Driver) -> bool {
    let Step::Transmit(transmit) = driver.watched.poll() else { return false };
    let mut lines = transmit.octets().split(|octet| *octet == b'\n');
    lines.any(|line| line.starts_with(b"BDAT ") && line.ends_with(b" LAST\r"))
}

fn says_hello(driver: &mut Driver) -> bool {
    says(driver, "EHLO ") || says(driver, "LHLO ")
}

fn says(driver: &mut Driver, verb: &str) -> bool {
    matches!(driver.watched.poll(), Step::Transmit(transmit) if transmit.octets().starts_with(verb.as_bytes()))
}

/// Whether the recipient lacks an extension.
const fn is_missing(recipient: &RecipientReport<'_>) -> bool {
    matches!(recipient.cause, Cause::NotOffered(_))
}

fn check(driver: &mut Driver, follows: Follows, ending: Ending, inside: Inside) {
    let reported = match (follows, driver.watched.poll()) {
        (Follows::Helo | Follows::Clear, Step::Connect(Connect { place: Place::Same, .. })) => {
            let report = driver.watched.delivery().report();
            let expected = match ending {
                Ending::Lost(how) => AttemptEnd::Lost(how),
                Ending::Silence => AttemptEnd::TimedOut,
            };
            report.attempts().next().and_then(|attempt| attempt.end()) == Some(expected)
        }
        (Follows::Settled, Step::Done(_)) => true,
        // Recipients that lack an extension have their status before MAIL.
        (_, Step::Done(report)) => {
            report.recipients().filter(|one| !is_missing(one)).enumerate().all(|(nth, recipient)| {
                let code = recipient.reply().map(|reply| reply.code().get());
                let right = match follows {
                    Follows::Forbidden(needs) => {
                        matches!(recipient.cause, Cause::Needs { needs: named, .. } if named == needs)
                    }
                    Follows::DeferredFor(expected) => {
                        matches!(recipient.cause, Cause::Reply(_)) && code == Some(expected)
                    }
                    Follows::Deferred | Follows::Unconfirmed => recipient.cause == Cause::Connections && code.is_none(),
                    Follows::Helo | Follows::Clear | Follows::Settled => false,
                };
                right
                    && match follows {
                        // Nothing was sent for recipients that are left for another transaction.
                        Follows::Unconfirmed if nth > 0 => recipient.status != Status::Failed,
                        Follows::Unconfirmed => recipient.status == Status::Unconfirmed,
                        _ => recipient.status == Status::Deferred,
                    }
            })
        }
        _ => false,
    };
    if !reported {
        let conversation = driver.watched.conversation();
        panic!("{follows:?} must follow, not {:?}\n\n{conversation}", driver.watched.poll());
    }
    if !matches!(follows, Follows::Helo | Follows::Clear) {
        return;
    }
    driver.watched.connected().expect("a connection was asked for");
    if inside == Inside::Implicit {
        driver.secure(0);
    }
    driver.hear(b"220 again\r\n");
    if inside == Inside::StartTls {
        starttls(driver);
    }
    let hello = if follows == Follows::Helo { "HELO client.example\r\n" } else { "HLO client.example\r\n" };
    let said = match driver.watched.poll() {
        Step::Transmit(transmit) if follows == Follows::Helo => transmit.octets() == hello.as_bytes(),
        Step::Transmit(transmit) => transmit.octets().ends_with(hello.as_bytes()),
        _ => false,
    };
    assert!(said, "{hello:?} must follow\n\n{}", driver.watched.conversation());
}
