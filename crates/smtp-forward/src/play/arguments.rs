//! The arguments of `play`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use smtp_testkit::sasl::PASSWORD;

use crate::quantities::seconds;

const EXIT_STATUS: &str = "\
Exit status:
   0  no promise broken, and the message arrived exactly once if the scenario allows it
   1  otherwise
  64  invalid arguments, or a scenario that cannot be played
  73  a certificate that cannot be written";

#[derive(Args, Debug)]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct Play {
    /// The name of a scenario, or a transcript file (FILE.smtp). Only the verbs of the client's commands are compared;
    /// names, addresses and parameters may differ
    #[arg(value_name = "SCENARIO", required_unless_present = "list")]
    pub(super) scenario: Option<String>,
    /// List the scenarios
    #[arg(long)]
    pub(super) list: bool,
    /// The address to listen on. Port 0 picks a free port; the address is written to standard error
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(super) listen: SocketAddr,
    /// End after this long without activity: no new connection, and nothing sent on the open ones
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(super) patience: Duration,
    /// Print one JSON object to standard output
    #[arg(long)]
    pub(super) json: bool,
    /// The password of clients that use SCRAM to a recorded server, which proves that it knows it. With other
    /// mechanisms, clients may have any
    #[arg(long, value_name = "TEXT", default_value = PASSWORD)]
    pub(super) password: String,
    /// Write the certificate of the authority that issued that of the server to this file, in PEM, so that clients can
    /// trust it. The server's certificate is for localhost, mx.test and 127.0.0.1
    #[arg(long, value_name = "FILE")]
    pub(super) write_ca: Option<PathBuf>,
}
