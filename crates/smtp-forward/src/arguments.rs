//! The command line.

use std::{
    net::{IpAddr, SocketAddr},
    num::{NonZeroU16, NonZeroU32},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use smtp_client::{Family, NextHop, Route};
use smtp_proto::{
    Afterwards, AuthPolicy, Chunking, Config, EightBitPolicy, ForwardPath, HelloName, HeloRetry, Protocol, ReversePath,
    Timeouts,
};

use crate::{
    addresses,
    envelope_arguments::EnvelopeArguments,
    login_arguments::LoginArguments,
    record_arguments::RecordArguments,
    server_address::{SUBMISSIONS_PORT, ServerAddress},
    show::Show,
    tls_arguments::{Tls, TlsArguments},
    transaction_arguments::Transactions,
};

/// The default port for LMTP, which must not be SMTP's (RFC 2033 section 5).
const LMTP_PORT: u16 = 24;
const SMTP_PORT: u16 = 25;

const EXIT_STATUS: &str = "\
Exit status:
   0  every recipient delivered
  75  a recipient is deferred or unconfirmed
  77  recipients are deferred because the server refused the credentials, and for no other reason; if anything else
      went wrong, too, one of the others
  69  a recipient failed permanently, and none is deferred or unconfirmed
  64  invalid arguments
  65  a message that cannot be sent
  66  a file that cannot be read
  70  an internal error, or a report that cannot be written
  73  a temporary file that cannot be created or written";

/// Forwards messages by SMTP, even to servers that hang up on EHLO.
#[derive(Parser, Debug)]
// Without the name, clap shows the one that the program was started with, whatever is in it.
#[command(version, bin_name = "smtp-forward", max_term_width = 100)]
pub(crate) struct Arguments {
    /// Write more diagnostics to standard error; repeat for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Deliver messages to a server
    Send(Box<Send>),
    /// Forward a message to a built-in faulty server, and show both connections
    Demo(Demo),
    /// Greet a server, and list the extensions it offers
    Probe(Box<Probe>),
    /// Act as a faulty server for any client, and report what the client did
    Play(Play),
    /// Draw a recorded conversation as a sequence diagram
    Show(Show),
}

#[derive(Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct Send {
    #[command(flatten)]
    pub(crate) server: Server,
    /// The sender; '' or '<>' for the null reverse-path
    #[arg(long, value_name = "ADDR", value_parser = addresses::sender)]
    pub(crate) from: ReversePath,
    /// A recipient; 'postmaster' may stand without a domain. Can be repeated; the same recipient counts once
    #[arg(long, value_name = "ADDR", required_unless_present = "header_recipients", value_parser = addresses::recipient)]
    pub(crate) to: Vec<ForwardPath>,
    /// Send each message to the recipients in its To, Cc and Bcc fields, and remove Bcc. A message with Resent fields, or
    /// without recipients, is an error, and nothing is sent
    #[arg(long, conflicts_with = "to")]
    pub(crate) header_recipients: bool,
    /// What to do with 8-bit content if the server does not offer 8BITMIME, or after HELO: do not send it, or send it
    /// unchanged
    #[arg(long = "8bit", value_name = "POLICY", default_value = "refuse")]
    pub(crate) eight_bit: EightBit,
    /// Whether to send content in chunks with BDAT (RFC 3030): where the server offers CHUNKING, or never
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) chunking: InChunks,
    #[command(flatten)]
    pub(crate) transactions: Transactions,
    /// Refuse servers that do not promise to secure the message on its whole way (REQUIRETLS, RFC 8689)
    #[arg(long)]
    pub(crate) requiretls: bool,
    /// Speak LMTP, and expect a reply for each recipient
    #[arg(long)]
    pub(crate) lmtp: bool,
    /// Print one JSON object per message to standard output, each on one line
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the conversation to standard error
    #[arg(long)]
    pub(crate) trace: bool,
    /// Send the messages in new/ and cur/ of this maildir, in the order of their names. The maildir is not changed, and
    /// symbolic links in it are not followed. Can be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) maildir: Vec<PathBuf>,
    /// Send the messages in this mbox file, whose lines that begin with '>From ' are unquoted (mboxrd). The file is not
    /// changed. Can be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) mbox: Vec<PathBuf>,
    /// How many connections to use at once
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) connections: NonZeroU16,
    /// How many messages to send over a connection before closing it; 1 opens a new one for each [default: no limit]
    #[arg(long, value_name = "N")]
    pub(crate) per_connection: Option<NonZeroU32>,
    /// How long a message may take, over all its connections. After that it is deferred, or unconfirmed if all of it was
    /// sent. A server that holds three messages that long gets no more
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    pub(crate) message_timeout: Duration,
    /// How long all messages together may take. After that the rest is deferred [default: no limit]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) batch_timeout: Option<Duration>,
    /// Send all messages this many times, to put a load on a server
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) repeat: NonZeroU32,
    /// How many octets to keep, in total, of messages that can be read only once, from standard input or pipes. K, M
    /// and G are powers of 1024. If there is more, nothing is sent
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = octets)]
    pub(crate) spool_limit: u64,
    /// The messages, one per file or pipe; `-`, or no message at all, reads one from standard input. All are opened and
    /// scanned before the first is sent: if one cannot be read, nothing is sent. A message that changes before or while
    /// it is sent is deferred
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    // Last, because their headings apply to all that follows.
    #[command(flatten)]
    pub(crate) envelope: EnvelopeArguments,
    #[command(flatten)]
    pub(crate) tls: TlsArguments,
    #[command(flatten)]
    pub(crate) login: LoginArguments,
    #[command(flatten)]
    pub(crate) recording: RecordArguments,
}

#[derive(Args, Debug)]
pub(crate) struct Probe {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Ask whether the server would accept this recipient, with MAIL and RCPT. No message is sent
    #[arg(long, value_name = "ADDR", value_parser = addresses::recipient)]
    pub(crate) verify: Option<ForwardPath>,
    /// The sender for --verify [default: the null reverse-path]
    #[arg(long, value_name = "ADDR", value_parser = addresses::sender, requires = "verify")]
    pub(crate) from: Option<ReversePath>,
    /// Print one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the conversation to standard error
    #[arg(long)]
    pub(crate) trace: bool,
    // Last, because its heading applies to all that follows.
    #[command(flatten)]
    pub(crate) tls: TlsArguments,
}

const PLAY_EXIT_STATUS: &str = "\
Exit status:
   0  no promise broken, and the message arrived exactly once if the scenario allows it
   1  otherwise
  64  invalid arguments, or a scenario that cannot be played";

#[derive(Args, Debug)]
#[command(after_help = PLAY_EXIT_STATUS)]
pub(crate) struct Play {
    /// The name of a scenario, or a transcript file (FILE.smtp). Only the verbs of the client's commands are compared;
    /// names, addresses and parameters may differ
    #[arg(value_name = "SCENARIO", required_unless_present = "list")]
    pub(crate) scenario: Option<String>,
    /// List the scenarios
    #[arg(long)]
    pub(crate) list: bool,
    /// The address to listen on. Port 0 picks a free port; the address is written to standard error
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// End after this long without activity: no new connection, and nothing sent on the open ones
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) patience: Duration,
    /// Print one JSON object to standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// What the server does when it receives EHLO, or STARTTLS
    #[arg(long, default_value = "closed")]
    pub(crate) fault: Fault,
}

/// Which server to connect to, and how to talk to it.
#[derive(Args, Debug)]
pub(crate) struct Server {
    #[arg(
        long = "server",
        value_name = "HOST[:PORT]",
        help = "The server to connect to, also as smtp://HOST[:PORT] or smtps://HOST[:PORT]; write an IPv6 address \
                with a port as [ADDRESS]:PORT, and a Unix socket as its absolute path or as unix:PATH"
    )]
    address: ServerAddress,
    /// Connect from this local address
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<IpAddr>,
    /// Connect only to IPv4 addresses
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Connect only to IPv6 addresses
    #[arg(short = '6', long)]
    ipv6: bool,
    /// The client name for EHLO and HELO [default: the name of this machine if it is fully qualified, or else its
    /// address literal]
    #[arg(long, value_name = "NAME")]
    helo_name: Option<HelloName>,
    /// An upper limit for every timeout, including connecting [default: the timeouts of RFC 5321, 30 s to connect]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// When to retry with HELO on a new connection: after a disconnect on EHLO, also after a timeout, or never
    #[arg(long, value_name = "WHEN", default_value = "disconnect")]
    helo_retry: Retry,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum EightBit {
    Refuse,
    Send,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum InChunks {
    Auto,
    Never,
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
    /// Closes the connection without a reply
    Closed,
    /// Resets the connection
    Reset,
    /// Closes the connection in the middle of the reply
    MidReply,
    /// Replies, then closes the connection
    AfterReply,
    /// Refuses with 500, then closes the connection
    Refused,
    /// Accepts EHLO, and closes the connection after STARTTLS
    Starttls,
    /// Closes the connection on EHLO inside TLS
    InTls,
    /// Accepts STARTTLS, and sends octets in clear before the handshake
    Injected,
}

impl Server {
    /// The next hop, or why it is not allowed.
    pub(crate) fn next_hop(&self) -> Result<NextHop, &'static str> {
        match &self.address {
            ServerAddress::Plain(next_hop) | ServerAddress::Smtp(next_hop) | ServerAddress::Smtps(next_hop) => {
                let is_unix = next_hop.port().is_none();
                if is_unix && (self.bind.is_some() || self.ipv4 || self.ipv6) {
                    return Err("--bind, -4 and -6 are about IP addresses, and a Unix socket has none");
                }
                Ok(next_hop.clone())
            }
            ServerAddress::WithUser => {
                Err("--server must not have a user name or a password: use --auth-user, and a file or a command for \
                     the password")
            }
        }
    }

    /// Whether and how to use TLS. `has_login`: whether credentials will be sent.
    pub(crate) fn tls(&self, asked_for: Option<Tls>, has_login: bool) -> Result<Tls, &'static str> {
        let is_smtps = matches!(self.address, ServerAddress::Smtps(_));
        let port = self.next_hop()?.port();
        match asked_for {
            Some(Tls::Implicit) | None if is_smtps => Ok(Tls::Implicit),
            Some(_) if is_smtps => Err("smtps:// is implicit TLS, which --tls contradicts"),
            Some(tls) => Ok(tls),
            None if port == Some(SUBMISSIONS_PORT) => Ok(Tls::Implicit),
            None if has_login => Ok(Tls::Required),
            None => Ok(Tls::Opportunistic),
        }
    }

    /// The addresses to connect from and to.
    pub(crate) fn route(&self) -> Route {
        let route = self.bind.map_or_else(Route::default, |address| Route::default().from(address));
        match (self.ipv4, self.ipv6) {
            (true, _) => route.only(Family::V4),
            (false, true) => route.only(Family::V6),
            (false, false) => route,
        }
    }

    pub(crate) fn config(&self) -> Config {
        let helo_retry = match self.helo_retry {
            Retry::Disconnect => HeloRetry::Disconnect,
            Retry::Timeout => HeloRetry::Timeout,
            Retry::Never => HeloRetry::Never,
        };
        let config =
            self.helo_name.clone().map_or_else(config_of_this_machine, Config::new).with_helo_retry(helo_retry);
        match self.timeout {
            Some(limit) => config.with_timeouts(Timeouts::RFC_5321.at_most(limit)),
            None => config,
        }
    }
}

impl Send {
    /// The next hop, or why it is not allowed.
    pub(crate) fn next_hop(&self) -> Result<NextHop, &'static str> {
        let next_hop = self.server.next_hop()?;
        if !self.lmtp {
            return Ok(next_hop);
        }
        let next_hop = next_hop.with_default_port(LMTP_PORT);
        if next_hop.port() == Some(SMTP_PORT) {
            return Err("LMTP must not be used on port 25 (RFC 2033 section 5)");
        }
        Ok(next_hop)
    }

    /// The configuration for `count` messages.
    pub(crate) fn config(&self, count: usize, tls: Tls, auth: AuthPolicy) -> Config {
        let alone = count == 1 || self.per_connection == Some(NonZeroU32::MIN);
        let afterwards = if alone { Afterwards::Quit } else { Afterwards::Keep };
        let protocol = if self.lmtp { Protocol::Lmtp } else { Protocol::Smtp };
        let eight_bit = match self.eight_bit {
            EightBit::Refuse => EightBitPolicy::Refuse,
            EightBit::Send => EightBitPolicy::Send,
        };
        let chunking = match self.chunking {
            InChunks::Auto => Chunking::Auto,
            InChunks::Never => Chunking::Never,
        };
        let config = self.server.config().with_afterwards(afterwards).with_protocol(protocol).with_chunking(chunking);
        let config = config.with_tls(tls.policy()).with_auth(auth).with_eight_bit(eight_bit);
        self.transactions.set(config)
    }
}

/// The configuration with the name of this machine. If that is not a fully qualified domain, which servers may refuse,
/// hello gives the address literal of the connection (RFC 5321 section 4.1.4).
pub(crate) fn config_of_this_machine() -> Config {
    config_of(&gethostname::gethostname().to_string_lossy())
}

fn config_of(machine: &str) -> Config {
    match HelloName::new(machine) {
        Ok(name) if name.is_fully_qualified() => Config::new(name),
        _ => Config::new(HelloName::new("localhost").expect("localhost is a domain")).with_address_literal(true),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("must be more than zero, and not too large".to_owned()),
    }
}

fn octets(text: &str) -> Result<u64, String> {
    const UNITS: [(char, u64); 3] = [('K', 1 << 10), ('M', 1 << 20), ('G', 1 << 30)];
    let with_unit = UNITS.iter().find_map(|(suffix, unit)| Some((text.strip_suffix(*suffix)?, *unit)));
    let (number, unit) = with_unit.unwrap_or((text, 1));
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
        None => Err("not a number of octets, or too large".to_owned()),
        Some(0) => Err("must be more than zero".to_owned()),
        Some(octets) => Ok(octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fully_qualified_name_of_this_machine_is_given_in_hello() {
        for (machine, name) in [
            ("mail.example.com", Some("mail.example.com")),
            ("0123456789ab", None),
            ("DESKTOP_AB12CD", None),
            ("localhost", None),
            ("", None),
            ("not a name", None),
        ] {
            let config = config_of(machine);
            let given = (!config.address_literal()).then(|| config.hello_name().as_str());
            assert_eq!(given, name, "{machine:?}");
        }
    }

    #[test]
    fn a_size_is_a_number_with_an_optional_unit() {
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
