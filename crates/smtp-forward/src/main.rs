//! Forwards messages by SMTP: the program over `smtp-client` and `smtp-proto`.

// `print!` and the like panic if the stream fails. Use `output` and `diagnostics` instead.
#![deny(clippy::print_stderr, clippy::print_stdout)]

mod address_list;
mod addresses;
mod arguments;
mod batch;
mod books;
mod client_octets;
mod command_output;
mod connection;
mod conversation;
mod demo;
mod diagnostics;
mod envelope_arguments;
mod exit_status;
mod file;
mod header;
mod header_recipients;
mod host;
mod interrupt;
mod leave;
mod login_arguments;
mod maildir;
mod mbox;
mod message;
mod notes;
mod open_files;
mod output;
mod password;
mod play;
mod probe;
mod progress;
mod proof;
mod quantities;
mod record;
mod record_arguments;
mod report;
mod runtime;
mod scan;
mod send;
mod server_address;
mod server_arguments;
mod shared;
mod show;
mod spool;
mod startup;
mod streams;
mod supervision;
mod tls_arguments;
mod trace;
mod transaction_arguments;
mod usage;
mod verify;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    arguments::{Arguments, Command},
    exit_status::ExitStatus,
};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            if error.use_stderr() {
                diagnostics::usage(&usage::escaped(error));
                return ExitStatus::Usage.into();
            }
            // There is nothing to do if the help cannot be printed.
            let _ = error.print();
            return ExitStatus::Ok.into();
        }
    };
    diagnostics::start(arguments.verbose);
    let status = match arguments.command {
        Command::Send(send) => send::run(*send),
        Command::Demo(demo) => demo::run(&demo),
        Command::Probe(probe) => probe::run(&probe),
        Command::Play(play) => play::run(&play),
        Command::Show(show) => show::run(&show),
    };
    status.into()
}
