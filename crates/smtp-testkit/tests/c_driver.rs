//! The C driver of smtp-proto-ffi against every transcript that a server can play. It runs as a program of its own,
//! which is compiled here, and gets policies and envelopes through the functions of the C library.

#![allow(clippy::format_push_string, reason = "commands are short")]

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use smtp_proto::{AuthPolicy, Authentication, Body, Config, Envelope, Late, Notify, RcptParameters, Return, Size};
use smtp_proto_ffi::{
    SMTP_NOTIFY_DELAY, SMTP_NOTIFY_FAILURE, SMTP_NOTIFY_SUCCESS, smtp_body, smtp_envelope_option, smtp_option,
    smtp_return,
};
use smtp_testkit::conformance::{Content, Driver, Job, Kit, Summary};

/// The program with the driver, and its delivery.
#[derive(Default)]
struct UnderTest(Option<Program>);

struct Program {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Driver for UnderTest {
    fn deliver(&mut self, job: Job<'_>) -> Summary {
        let program = self.0.insert(Program::start());
        program.say(&policy(&job.config));
        program.message(&job.envelope, job.content);
        let server = job.servers[0];
        program.run(&format!("deliver\t{}\t{}\n", server.ip(), server.port()))
    }

    fn keeps_connections(&self) -> bool {
        true
    }

    fn deliver_next(&mut self, envelope: Envelope, content: &mut dyn Content) -> Summary {
        let program = self.0.as_mut().unwrap();
        program.message(&envelope, content);
        program.run("next\n")
    }

    fn quit(&mut self) -> Summary {
        self.0.as_mut().unwrap().run("quit\n")
    }
}

impl Program {
    fn start() -> Self {
        let mut command = Command::new(compiled());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (commands, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, commands, answers: BufReader::new(answers) }
    }

    fn say(&mut self, commands: &str) {
        self.commands.write_all(commands.as_bytes()).unwrap();
    }

    fn message(&mut self, envelope: &Envelope, content: &mut dyn Content) {
        self.say(&described(envelope));
        let mut octets = Vec::new();
        content.read_to_end(&mut octets).unwrap();
        self.say(&format!("content\t{}\n", octets.len()));
        self.commands.write_all(&octets).unwrap();
    }

    fn run(&mut self, command: &str) -> Summary {
        self.say(command);
        let mut head = String::new();
        self.answers.read_line(&mut head).unwrap();
        let (kept, len) = head.trim_end().split_once(' ').unwrap_or_else(|| panic!("the program has ended: {head}"));
        let mut report = vec![0; len.parse().unwrap()];
        self.answers.read_exact(&mut report).unwrap();
        Summary { report: String::from_utf8(report).unwrap(), kept: kept == "1" }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may be in the middle of a delivery that the kit has given up.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, compiled once for each run of the test, beside the test itself.
fn compiled() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../smtp-proto-ffi");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c_driver");
        let compiled = Command::new("gcc")
            .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-D_POSIX_C_SOURCE=200809L", "-O1", "-I"])
            .arg(source.join("include"))
            .arg(source.join("tests/c/conformance.c"))
            .arg(env::current_exe().unwrap().with_file_name("libsmtp_proto_ffi.a"))
            .arg("-o")
            .arg(&program)
            .status();
        assert!(compiled.unwrap().success(), "gcc fails");
        program
    })
}

fn policy(config: &Config) -> String {
    let mut commands = format!("config\t{}\n", config.hello_name().as_str());
    let authentication = match config.auth() {
        AuthPolicy::Required(authentication) => authentication.clone(),
        _ => Authentication::new([]),
    };
    for option in smtp_option::ALL {
        commands += &format!("option\t{}\t{}\n", *option as u32, option.get(config, &authentication));
    }
    for mechanism in authentication.mechanisms() {
        commands += &format!("mechanism\t{}\n", *mechanism as u32 + 1);
    }
    commands
}

fn described(envelope: &Envelope) -> String {
    let mut commands = format!("envelope\t{}\n", envelope.reverse_path().as_str());
    let mut set = |option: smtp_envelope_option, value: u64| {
        commands += &format!("set\t{}\t{value}\n", option as u32);
    };
    let body = match envelope.body() {
        Body::EightBit => smtp_body::SMTP_BODY_8BIT,
        Body::Binary => smtp_body::SMTP_BODY_BINARY,
        _ => smtp_body::SMTP_BODY_7BIT,
    };
    set(smtp_envelope_option::SMTP_ENVELOPE_BODY, body as u64);
    match envelope.size() {
        Some(Size::Exact(octets)) => set(smtp_envelope_option::SMTP_ENVELOPE_SIZE, octets),
        Some(Size::Estimate(octets)) => set(smtp_envelope_option::SMTP_ENVELOPE_SIZE_ESTIMATE, octets),
        None => {}
    }
    match envelope.returned() {
        Some(Return::Full) => {
            set(smtp_envelope_option::SMTP_ENVELOPE_RETURN, smtp_return::SMTP_RETURN_FULL as u64);
        }
        Some(Return::Headers) => {
            set(smtp_envelope_option::SMTP_ENVELOPE_RETURN, smtp_return::SMTP_RETURN_HEADERS as u64);
        }
        None => {}
    }
    if envelope.is_inquiry() {
        set(smtp_envelope_option::SMTP_ENVELOPE_INQUIRY, 1);
    }
    for need in envelope.needs().iter() {
        set(smtp_envelope_option::SMTP_ENVELOPE_NEED, need as u64 + 1);
    }
    if let Some(id) = envelope.envelope_id() {
        commands += &format!("id\t{}\n", id.as_str());
    }
    if let Some(submitter) = envelope.submitter() {
        commands += &format!("submitter\t{}\n", submitter.mailbox().map_or("", |mailbox| mailbox.as_str()));
    }
    if let Some(limit) = envelope.deliver_by() {
        let must_return = u32::from(limit.late() == Late::Return);
        commands += &format!("by\t{}\t{must_return}\t{}\n", limit.seconds(), u32::from(limit.is_traced()));
    }
    for parameter in envelope.parameters() {
        commands += &format!("parameter\t{}\t{}", parameter.extension(), parameter.keyword());
        commands += &parameter.value().map_or("\n".to_owned(), |value| format!("\t{value}\n"));
    }
    for (index, path) in envelope.forward_paths().iter().enumerate() {
        commands += &format!("recipient\t{}\n", path.as_str());
        commands += &asked(index, envelope.rcpt_parameters(index));
    }
    commands
}

fn asked(index: usize, parameters: &RcptParameters) -> String {
    let mut commands = String::new();
    if let Some(notify) = parameters.notify() {
        let bits = [
            (Notify::SUCCESS, SMTP_NOTIFY_SUCCESS),
            (Notify::FAILURE, SMTP_NOTIFY_FAILURE),
            (Notify::DELAY, SMTP_NOTIFY_DELAY),
        ];
        let when: u32 = bits.iter().filter(|(one, _)| notify.contains(*one)).map(|(_, bit)| bit).sum();
        commands += &format!("notify\t{index}\t{when}\n");
    }
    if let Some(original) = parameters.original_recipient() {
        commands += &format!("original\t{index}\t{}\t{}\n", original.address_type(), original.address());
    }
    for parameter in parameters.parameters() {
        commands += &format!("rcpt-parameter\t{index}\t{}\t{}", parameter.extension(), parameter.keyword());
        commands += &parameter.value().map_or("\n".to_owned(), |value| format!("\t{value}\n"));
    }
    commands
}

#[test]
fn the_c_driver_conforms() {
    compiled();
    let passed = Kit::new().check(UnderTest::default).unwrap_or_else(|failures| panic!("{failures}"));
    println!("{passed}");
    // Fails if the kit stops playing transcripts over sockets.
    assert!(passed.over_sockets > 200 && passed.plays > 2_000, "{passed}");
}
