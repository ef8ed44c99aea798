//! C and Python programs that use the library: those of the README, and tests in C. They are compiled with gcc, and run
//! under valgrind where that is installed.

mod compiler;
mod server;

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use compiler::{Library, compile, library, under_valgrind};
use server::HangsUp;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const MESSAGE: &str = "Subject: test\n\n.hello\nworld\n";

/// Runs a program that delivers its standard input.
fn deliver(command: &mut Command, port: u16) -> Output {
    let mut child = command
        .args(["127.0.0.1", &port.to_string(), "alice@example.com", "bob@example.net"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that needs no message may have ended.
    let _ = child.stdin.take().unwrap().write_all(MESSAGE.as_bytes());
    child.wait_with_output().unwrap()
}

/// Checks that a program delivers to a server that hangs up on EHLO.
fn check_delivers(command: &mut Command) {
    let server = HangsUp::start();
    let output = deliver(command, server.port());
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{out}{err}");
    let report = "<bob@example.net> delivered: 250 2.0.0 queued\n\
                  connection 1: the server closed the connection at EHLO\nconnection 2: ended with QUIT\n";
    assert_eq!(out, report);
    assert_eq!(server.finish(), "Subject: test\r\n\r\n.hello\r\nworld\r\n");
}

fn python() -> Command {
    let mut command = Command::new("python3");
    command
        .env("PYTHONPATH", Path::new(FOLDER).join("python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SMTP_PROTO_LIBRARY", library(Library::Shared));
    command
}

#[test]
fn the_programs_in_the_readme_are_the_examples_and_have_at_most_thirty_lines() {
    let readme = fs::read_to_string(Path::new(FOLDER).join("README.md")).unwrap();
    for (name, language) in [("deliver.c", "c"), ("deliver.py", "python")] {
        let example = fs::read_to_string(Path::new(FOLDER).join("examples").join(name)).unwrap();
        assert!(readme.contains(&format!("```{language}\n{example}```\n")), "{name} is not in the README as it is");
        assert!(example.lines().count() <= 30, "{name} has {} lines", example.lines().count());
    }
}

#[test]
fn the_c_program_delivers_to_a_server_that_hangs_up_on_ehlo() {
    for kind in [Library::Static, Library::Shared] {
        let program = compile("examples/deliver.c", kind);
        check_delivers(&mut under_valgrind(&program, &[]).unwrap_or_else(|| Command::new(&program)));
    }
}

#[test]
fn the_python_program_delivers_to_a_server_that_hangs_up_on_ehlo() {
    check_delivers(python().arg(Path::new(FOLDER).join("examples/deliver.py")));
}

#[test]
fn both_programs_deliver_to_smtp_sink_that_hangs_up_on_ehlo() {
    let program = compile("examples/deliver.c", Library::Static);
    let mut script = python();
    script.arg(Path::new(FOLDER).join("examples/deliver.py"));
    for mut command in [Command::new(program), script] {
        let Some(sink) = server::Sink::start() else { return println!("skipped: smtp-sink is not installed") };
        let output = deliver(&mut command, sink.port());
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{out}{}", String::from_utf8_lossy(&output.stderr));
        assert!(out.contains("closed the connection at EHLO\nconnection 2: ended with QUIT\n"), "{out}");
    }
}

#[test]
fn a_server_that_is_not_there_is_reported() {
    let program = compile("examples/deliver.c", Library::Static);
    // No system gives this port to a program that asks for any.
    let output = deliver(&mut Command::new(program), 1);
    assert_eq!(output.status.code(), Some(75));
    let report =
        "<bob@example.net> deferred: the connection failed\nconnection 1: could not connect: Connection refused\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), report);
}

#[test]
fn the_python_module_reports_refusals_and_recipients() {
    let output = python().arg(Path::new(FOLDER).join("tests/python/module.py")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn handles_that_were_freed_or_are_in_use_are_noticed() {
    run(&compile("tests/c/misuse.c", Library::Static), &[], &[]);
}

#[test]
fn a_call_that_runs_out_of_memory_is_refused_and_changes_nothing() {
    run(&compile("tests/c/failing_allocator.c", Library::Static), &["7"], &["200"]);
}

/// Runs a test in C: as it is with these arguments, and under valgrind with the others.
fn run(program: &Path, arguments: &[&str], with_valgrind: &[&str]) {
    let mut plain = Command::new(program);
    plain.args(arguments);
    for mut command in [Some(plain), under_valgrind(program, with_valgrind)].into_iter().flatten() {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
        println!("{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn what_the_install_script_installs_can_be_compiled_with() {
    let prefix = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prefix");
    let installed = Command::new(Path::new(FOLDER).join("install"))
        .arg(&prefix)
        .env("SMTP_PROTO_LIBRARIES", library(Library::Static).parent().unwrap())
        .output()
        .unwrap();
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    let flags = Command::new("pkg-config")
        .args(["--cflags", "--libs", "smtp-proto"])
        .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"))
        .output();
    let Ok(flags) = flags else { return println!("skipped: pkg-config is not installed") };
    let flags = String::from_utf8(flags.stdout).unwrap();
    let program: PathBuf = prefix.join("deliver");
    let compiled = Command::new("gcc")
        .args(["-std=c99", "-D_POSIX_C_SOURCE=200809L"])
        .arg(Path::new(FOLDER).join("examples/deliver.c"))
        .args(flags.split_whitespace())
        .arg("-o")
        .arg(&program)
        .status();
    assert!(compiled.unwrap().success(), "gcc fails with {flags}");
    check_delivers(Command::new(&program).env("LD_LIBRARY_PATH", prefix.join("lib")));
    assert!(File::open(prefix.join("share/man/man3/smtp_proto.3")).is_ok());
}
