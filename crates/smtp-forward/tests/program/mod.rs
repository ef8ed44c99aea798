//! Runs the program as its users do.

#![allow(dead_code, reason = "each test binary uses only a part of it")]

use std::{
    io::Write,
    net::SocketAddr,
    process::{Child, Command, Output, Stdio},
};

/// A message without anything special.
pub(crate) const MESSAGE: &str = "Subject: x\n\nhello\n";

/// Starts the program with `arguments`, with `{server}` in them replaced.
pub(crate) fn start(arguments: &[&str], server: Option<SocketAddr>) -> Child {
    start_into(arguments, server, Stdio::piped())
}

/// The same, with standard output going to `output`.
pub(crate) fn start_into(arguments: &[&str], server: Option<SocketAddr>, output: Stdio) -> Child {
    start_with(arguments, server, output, Stdio::piped())
}

/// The same, with standard error going to `errors`.
pub(crate) fn start_with(arguments: &[&str], server: Option<SocketAddr>, output: Stdio, errors: Stdio) -> Child {
    let server = server.map(|server| server.to_string()).unwrap_or_default();
    Command::new(env!("CARGO_BIN_EXE_smtp-forward"))
        .args(arguments.iter().map(|argument| argument.replace("{server}", &server)))
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(output)
        .stderr(errors)
        .spawn()
        .unwrap()
}

/// Runs the program to its end, with `input` on its standard input.
pub(crate) fn run(arguments: &[&str], server: Option<SocketAddr>, input: &[u8]) -> Output {
    let mut child = start(arguments, server);
    // This fails if the program rejects its arguments and does not read.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

pub(crate) fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap()
}
