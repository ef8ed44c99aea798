//! Runs the program as its users do.

#![allow(dead_code, reason = "each test binary uses only a part of it")]

#[cfg(unix)]
pub(crate) mod messages;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStderr, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
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

/// Waits until the program catches SIGTERM, and therefore SIGINT, which it catches before; as far as the system tells.
pub(crate) fn until_it_catches_signals(child: &Child) {
    const SIGTERM_BIT: u64 = 1 << (15 - 1);
    let status = format!("/proc/{}/status", child.id());
    let caught = || {
        let text = fs::read_to_string(&status).ok()?;
        let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:"))?.trim().to_owned();
        Some(u64::from_str_radix(&mask, 16).unwrap() & SIGTERM_BIT != 0)
    };
    let since = Instant::now();
    // Without /proc, after a time in which it usually does.
    while !caught().unwrap_or(since.elapsed() > Duration::from_millis(300)) {
        assert!(since.elapsed() < Duration::from_secs(60), "it does not catch signals");
        thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap()
}

/// The program as a faulty server.
pub(crate) struct Playing {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Kept open, so that the server can write to it.
    _errors: BufReader<ChildStderr>,
}

/// Starts `smtp-forward play` with `arguments`.
pub(crate) fn play(arguments: &[&str]) -> Playing {
    let patience = if arguments.contains(&"--patience") { &[][..] } else { &["--patience", "4"] };
    let all = [&["play"], arguments, patience].concat();
    let mut child = start(&all, None);
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    let address = line.strip_prefix("listening on ").and_then(|rest| rest.split(": ").next()).unwrap_or_default();
    let address = address.parse().unwrap_or_else(|_| panic!("{line}"));
    Playing { child, address, _errors: errors }
}

impl Playing {
    /// Waits for the server to end. Returns its exit status and output.
    pub(crate) fn end(self) -> (Option<i32>, String) {
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), text(&output.stdout).to_owned())
    }
}
