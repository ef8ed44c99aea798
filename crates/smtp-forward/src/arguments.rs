//! The command line.

use std::{
    net::SocketAddr,
    num::{NonZeroU16, NonZeroU32},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use smtp_client::NextHop;
use smtp_proto::{
    Afterwards, Config, EightBitPolicy, ForwardPath, HelloName, HeloRetry, Protocol, ReversePath, Timeouts, TlsPolicy,
};

/// The port of LMTP, which must not be SMTP's (RFC 2033 section 5).
const LMTP_PORT: u16 = 24;
const SMTP_PORT: u16 = 25;

const EXIT_STATUS: &str = "\
Exit status:
   0  every recipient delivered
  75  something is deferred or unconfirmed
  69  something failed for good, and nothing is deferred
  64  arguments that make no sense, or cannot be put into a command
  65  a message that cannot be sent
  66  a file that cannot be read
  70  a fault of this program, or a report that cannot be written";

/// Forwards messages by SMTP, and survives a peer that hangs up on EHLO.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Say more on standard error; twice for more still
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Deliver messages to a server
    Send(Send),
    /// Forward a message to a faulty server of its own, and show both connections
    Demo(Demo),
    /// Say hello to a server, and list what it offers
    Probe(Probe),
    /// Be a faulty server for any client, and tell what the client did
    Play(Play),
}

#[derive(Args, Debug)]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct Send {
    #[command(flatten)]
    pub(crate) server: Server,
    /// The sender; '' or '<>' for the null reverse-path of notifications
    #[arg(long, value_name = "ADDR")]
    pub(crate) from: ReversePath,
    /// A recipient; 'postmaster' alone is one. Can be given again
    #[arg(long, value_name = "ADDR", required = true)]
    pub(crate) to: Vec<ForwardPath>,
    /// What becomes of 8-bit content at a server without 8BITMIME, or after HELO: not sent, or sent as it is
    #[arg(long = "8bit", value_name = "POLICY", default_value = "refuse")]
    pub(crate) eight_bit: EightBit,
    /// Whether the connection is secured. TLS is not spoken yet: `required` and `implicit` are refused
    #[arg(long, value_name = "POLICY", default_value = "none")]
    pub(crate) tls: Tls,
    /// Speak LMTP, and expect an answer for each recipient
    #[arg(long)]
    pub(crate) lmtp: bool,
    /// One JSON object a message on standard output, on one line
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the conversation to standard error
    #[arg(long)]
    pub(crate) trace: bool,
    /// A maildir: the messages in its new/ and cur/, in the order of their names. It is only read, and no symbolic link
    /// in it is followed. Can be given again
    #[arg(long, value_name = "DIR")]
    pub(crate) maildir: Vec<PathBuf>,
    /// How many connections to have at once
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) connections: NonZeroU16,
    /// How many messages go over a connection before it is ended: 1 opens one for each [default: no limit]
    #[arg(long, value_name = "N")]
    pub(crate) per_connection: Option<NonZeroU32>,
    /// Send all messages so many times, to put a load on a server
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) repeat: NonZeroU32,
    /// How much to keep of messages that can be read only once, from standard input or a pipe, all together, in octets;
    /// K, M and G are powers of 1024. If there is more, nothing is sent
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = octets)]
    pub(crate) spool_limit: u64,
    /// The messages, each in a file of its own or a pipe; `-`, or nothing, reads one from standard input. All are
    /// opened and scanned before the first is sent: if one cannot be read, nothing is sent. One that has changed when
    /// its turn comes, or while it is sent, is deferred
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Probe {
    #[command(flatten)]
    pub(crate) server: Server,
    /// One JSON object on standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the conversation to standard error
    #[arg(long)]
    pub(crate) trace: bool,
}

const PLAY_EXIT_STATUS: &str = "\
Exit status:
   0  no promise broken, and the message arrived exactly once wherever the scenario lets it
   1  otherwise
  64  arguments that make no sense, or a scenario that cannot be played";

#[derive(Args, Debug)]
#[command(after_help = PLAY_EXIT_STATUS)]
pub(crate) struct Play {
    /// A scenario by its name, or a transcript: FILE.smtp. The verbs of the client's lines count; its names,
    /// addresses and parameters may differ
    #[arg(value_name = "SCENARIO", required_unless_present = "list")]
    pub(crate) scenario: Option<String>,
    /// List the scenarios
    #[arg(long)]
    pub(crate) list: bool,
    /// Where to listen. Port 0 is any free one; the address is written to standard error
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// End when nothing happens for so long: no connection arrives, and nothing is said on those that are open
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) patience: Duration,
    /// One JSON object on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// What the server does when it hears EHLO
    #[arg(long, default_value = "closed")]
    pub(crate) fault: Fault,
}

/// Which server, and how to talk to it.
#[derive(Args, Debug)]
pub(crate) struct Server {
    #[arg(
        long = "server",
        value_name = "HOST[:PORT]",
        help = "The server to talk to; an IPv6 address with a port is written [ADDRESS]:PORT"
    )]
    next_hop: NextHop,
    /// The name to say hello with [default: this machine's]
    #[arg(long, value_name = "NAME")]
    helo_name: Option<HelloName>,
    /// The longest wait for anything, connecting included [default: those of RFC 5321, 30 s to connect]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// When to start again with HELO on a new connection: after a hang-up on EHLO, also after silence, never
    #[arg(long, value_name = "WHEN", default_value = "disconnect")]
    helo_retry: Retry,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum EightBit {
    Refuse,
    Send,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tls {
    None,
    Opportunistic,
    Required,
    Implicit,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Retry {
    Disconnect,
    Timeout,
    Never,
}

/// How the demo's server misbehaves on its first connection.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// It closes the connection without an answer
    Closed,
    /// It resets the connection
    Reset,
    /// It closes in the middle of its answer
    MidReply,
    /// It answers, then closes
    AfterReply,
    /// It refuses with 500, then closes
    Refused,
}

impl Server {
    /// Where to connect to for SMTP.
    pub(crate) fn next_hop(&self) -> NextHop {
        self.next_hop.clone()
    }

    pub(crate) fn config(&self) -> Config {
        let helo_retry = match self.helo_retry {
            Retry::Disconnect => HeloRetry::Disconnect,
            Retry::Timeout => HeloRetry::Timeout,
            Retry::Never => HeloRetry::Never,
        };
        let name = self.helo_name.clone().unwrap_or_else(name_of_this_machine);
        let config = Config::new(name).with_helo_retry(helo_retry);
        match self.timeout {
            Some(limit) => config.with_timeouts(Timeouts::RFC_5321.at_most(limit)),
            None => config,
        }
    }
}

impl Send {
    /// Where to connect to; or why not there.
    pub(crate) fn next_hop(&self) -> Result<NextHop, &'static str> {
        if !self.lmtp {
            return Ok(self.server.next_hop());
        }
        let next_hop = self.server.next_hop.clone().with_default_port(LMTP_PORT);
        if next_hop.port() == SMTP_PORT {
            return Err("LMTP must not be spoken on port 25 (RFC 2033 section 5)");
        }
        Ok(next_hop)
    }

    /// The policy for `count` messages; or why it cannot be followed.
    pub(crate) fn config(&self, count: usize) -> Result<Config, &'static str> {
        let alone = count == 1 || self.per_connection == Some(NonZeroU32::MIN);
        let afterwards = if alone { Afterwards::Quit } else { Afterwards::Keep };
        let protocol = if self.lmtp { Protocol::Lmtp } else { Protocol::Smtp };
        let tls = match self.tls {
            Tls::None | Tls::Opportunistic => TlsPolicy::Never,
            Tls::Required | Tls::Implicit => return Err("TLS is not spoken yet, so nothing is sent"),
        };
        let eight_bit = match self.eight_bit {
            EightBit::Refuse => EightBitPolicy::Refuse,
            EightBit::Send => EightBitPolicy::Send,
        };
        let config = self.server.config().with_afterwards(afterwards).with_protocol(protocol);
        Ok(config.with_tls(tls).with_eight_bit(eight_bit))
    }
}

/// The name of this machine if it can be said.
pub(crate) fn name_of_this_machine() -> HelloName {
    let named = gethostname::gethostname().into_string().ok().and_then(|name| HelloName::new(&name).ok());
    named.unwrap_or_else(|| HelloName::new("localhost").expect("localhost is a domain"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is no number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("it is no length of time".to_owned()),
    }
}

fn octets(text: &str) -> Result<u64, String> {
    const UNITS: [(char, u64); 3] = [('K', 1 << 10), ('M', 1 << 20), ('G', 1 << 30)];
    let with_unit = UNITS.iter().find_map(|(suffix, unit)| Some((text.strip_suffix(*suffix)?, *unit)));
    let (number, unit) = with_unit.unwrap_or((text, 1));
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
        None => Err("it is no number of octets".to_owned()),
        Some(0) => Err("nothing could be read".to_owned()),
        Some(octets) => Ok(octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_of_octets_or_of_their_powers_of_1024() {
        for (text, size) in [
            ("1", Some(1)),
            ("3K", Some(3 * 1024)),
            ("2M", Some(2 * 1024 * 1024)),
            ("1G", Some(1024 * 1024 * 1024)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551615K", None),
            ("0", None),
            ("0G", None),
            ("", None),
            ("K", None),
            ("-1", None),
            ("1.5G", None),
            ("1T", None),
            ("1KK", None),
        ] {
            assert_eq!(octets(text).ok(), size, "{text:?}");
        }
    }
}
