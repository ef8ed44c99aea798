//! Counts the instructions of our operations, and checks that they are within 3% of
//! `benches/instructions.txt`. With `--bless` it writes that file. With `--peers` it counts those of the peers, too, and
//! only prints them, with the ratio of ours to each.
//!
//! It runs itself under callgrind, which must be installed, and leaves a profile of each operation for
//! `callgrind_annotate` next to the program. Instruction counts do not depend on the load of the machine,
//! but on the compiler: the file names it, and counts of another compiler are not compared.

use std::{
    env, fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use smtp_benches::{Instrument, Label, baseline::Baseline};

const UNDER_CALLGRIND: &str = "--under-callgrind";
const PEERS: &str = "--peers";

fn main() -> ExitCode {
    let is_given = |name| env::args().any(|argument| argument == name);
    let peers = is_given(PEERS);
    if is_given(UNDER_CALLGRIND) {
        smtp_benches::all(&mut Callgrind { peers });
        return ExitCode::SUCCESS;
    }
    let program = env::current_exe().expect("the program is a file");
    let profiles = program.with_file_name("instructions.profiles");
    let labels = run_under_callgrind(&program, &profiles, peers);
    let counts: Vec<_> =
        labels.lines().enumerate().map(|(at, label)| (label.to_owned(), count(&profiles, at))).collect();
    let mut ours = 0;
    for (number, (label, count)) in (1..).zip(&counts) {
        print!("{count:>12}  {label} (profile {number})");
        if label.contains(BY) {
            print!(", ours / theirs: {:.2}", as_float(ours) / as_float(*count));
        } else {
            ours = *count;
        }
        println!();
    }
    println!("\nprofiles: {}\n", profiles.display());
    if peers {
        return ExitCode::SUCCESS;
    }
    Baseline { file: "instructions.txt", margin: 0.03, of: Some(&compiler()) }.hold(&counts)
}

/// Precedes the name of a peer in a label.
const BY: &str = ", by ";

#[allow(clippy::cast_precision_loss, reason = "a ratio is not that precise")]
const fn as_float(count: u64) -> f64 {
    count as f64
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output().expect("rustc is installed");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Returns the labels of the measured operations, one per line.
fn run_under_callgrind(program: &Path, profiles: &Path, peers: bool) -> String {
    if profiles.exists() {
        fs::remove_dir_all(profiles).expect("old profiles can be removed");
    }
    fs::create_dir(profiles).expect("a folder can be made beside the program");
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            // Otherwise only the first profile would have the names.
            "--compress-strings=no",
            "--quiet",
            "--toggle-collect=*measured_operation*",
            "--dump-before=*announce_measured*",
        ])
        .arg(format!("--callgrind-out-file={}", profiles.join("profile").display()))
        .arg(program)
        .arg(UNDER_CALLGRIND)
        .args(peers.then_some(PEERS))
        .stderr(Stdio::inherit())
        .output()
        .expect("valgrind is installed");
    assert!(output.status.success(), "valgrind failed");
    String::from_utf8(output.stdout).expect("labels are text")
}

fn count(profiles: &Path, at: usize) -> u64 {
    let profile: PathBuf = profiles.join(format!("profile.{}", at + 1));
    let text = fs::read_to_string(&profile).expect("a profile for each operation");
    let total = text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    total.and_then(|total| total.trim().parse().ok()).expect("a profile has a total")
}

struct Callgrind {
    peers: bool,
}

impl Callgrind {
    /// Enough for reused buffers to reach their final size, and for one-time initialisation.
    const WARM_UP: usize = 3;

    fn counts(&self, label: Label) -> bool {
        self.peers || label.who == "ours"
    }
}

impl Instrument for Callgrind {
    fn measure<T>(&mut self, label: Label, mut operation: impl FnMut() -> T) {
        if self.counts(label) {
            for _ in 0..Self::WARM_UP {
                operation();
            }
            drop(measured_operation((), |()| operation()));
            announce_measured(label);
        }
    }

    fn measure_with<I, T>(&mut self, label: Label, mut setup: impl FnMut() -> I, mut operation: impl FnMut(I) -> T) {
        if self.counts(label) {
            for _ in 0..Self::WARM_UP {
                operation(setup());
            }
            drop(measured_operation(setup(), operation));
            announce_measured(label);
        }
    }
}

/// Callgrind counts only inside this function.
#[inline(never)]
fn measured_operation<I, T>(input: I, operation: impl FnOnce(I) -> T) -> T {
    black_box(operation(black_box(input)))
}

/// Callgrind writes a profile when this is called, with the counts since the previous profile.
#[inline(never)]
fn announce_measured(label: Label) {
    match label.who {
        "ours" => println!("{}: {}", label.group, label.case),
        peer => println!("{}: {}{BY}{peer}", label.group, label.case),
    }
}
