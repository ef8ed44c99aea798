//! The command line.

use std::{
    num::{NonZeroU16, NonZeroU32},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use smtp_client::NextHop;
use smtp_proto::{Afterwards, AuthPolicy, Chunking, Config, EightBitPolicy, ForwardPath, Protocol, ReversePath};

use crate::{
    addresses,
    demo::Demo,
    envelope_arguments::EnvelopeArguments,
    login_arguments::LoginArguments,
    play::Play,
    quantities::{octets, seconds},
    record_arguments::RecordArguments,
    server_arguments::Server,
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
