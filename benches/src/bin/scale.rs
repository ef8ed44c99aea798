//! Measures memory and CPU time of 1,000, 10,000 and 100,000 concurrent deliveries in one process, over a
//! simulated network.
//!
//!     cargo run --profile published -p smtp-benches --bin scale [-- SESSIONS]
//!
//! With an argument, measures only that number. Each measurement runs in its own process.

use std::{
    alloc::System,
    env, fs,
    process::{Command, ExitCode},
};

use smtp_benches::scale::Simulation;
use smtp_proto::Delivery;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The minimum number of deliveries for measuring CPU time. Smaller simulations are repeated.
const DELIVERIES: usize = 200_000;
const MEASURE: &str = "--measure";
const COUNTS: [usize; 3] = [1_000, 10_000, 100_000];

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let sessions = |argument: &str| argument.replace(['_', ','], "").parse().ok().filter(|count| *count > 0);
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => show(&COUNTS),
        [MEASURE, count] => println!("{}", sessions(count).map(measure).expect("a count").to_line()),
        [count] if sessions(count).is_some() => show(&sessions(count).map_or([0], |count| [count])),
        _ => {
            eprintln!("usage: scale [SESSIONS], where SESSIONS is a number above 0");
            return ExitCode::from(64);
        }
    }
    ExitCode::SUCCESS
}

/// The measurements for one number of sessions.
#[derive(Clone, Copy)]
struct Measured {
    sessions: usize,
    /// Octets per session: the value itself, and its share of the peak of all allocations.
    memory: f64,
    /// Nanoseconds of CPU time per delivery, including the simulated network and servers.
    cpu: f64,
    /// Peak resident memory of the process, in octets.
    resident: f64,
}

impl Measured {
    fn to_line(self) -> String {
        format!("{} {} {} {}", self.sessions, self.memory, self.cpu, self.resident)
    }

    fn from_line(line: &str) -> Self {
        let numbers: Vec<f64> = line.split_whitespace().map(|number| number.parse().expect("a number")).collect();
        let [sessions, memory, cpu, resident] = numbers[..] else { panic!("four numbers: {line}") };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a count")]
        Self { sessions: sessions as usize, memory, cpu, resident }
    }
}

fn show(counts: &[usize]) {
    println!(
        "| sessions at once | octets/session | resident MB | CPU us/delivery | CPU / first |\n|---|---|---|---|---|"
    );
    let measured: Vec<_> = counts.iter().map(|count| measure_in_subprocess(*count)).collect();
    for one in &measured {
        let Measured { sessions, memory, cpu, resident } = one;
        let growth = cpu / measured[0].cpu;
        println!("| {sessions} | {memory:.0} | {:.0} | {:.2} | {growth:.2} |", resident / 1e6, cpu / 1e3);
    }
    println!(
        "\nAll messages were delivered once. Where the server hung up, HELO on a second connection delivered them."
    );
    if let [first, .., last] = measured[..] {
        // Memory is proportional. CPU time is assumed to grow by the same factor for each power of ten.
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let (decades, more) = ((last.sessions as f64 / first.sessions as f64).log10(), 1e6 / last.sessions as f64);
        let cpu = last.cpu * (last.cpu / first.cpu).powf(more.log10() / decades);
        println!(
            "Extrapolated, a million sessions would need {:.1} GB, and {:.2} us of CPU time each.",
            last.memory * 1e6 / 1e9,
            cpu / 1e3
        );
    }
}

fn measure_in_subprocess(sessions: usize) -> Measured {
    let program = env::current_exe().expect("the program is a file");
    let output = Command::new(program).args([MEASURE, &sessions.to_string()]).output();
    let output = output.expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Measured::from_line(&String::from_utf8_lossy(&output.stdout))
}

#[allow(clippy::cast_precision_loss, reason = "for display")]
fn measure(sessions: usize) -> Measured {
    let mut simulation = Simulation::new(sessions);
    let heap = Region::new(ALLOCATOR);
    let mut most = 0;
    simulation.run(|| {
        let change = heap.change();
        most = most.max(change.bytes_allocated.saturating_sub(change.bytes_deallocated));
    });
    check(&simulation, sessions);
    let resident = status("VmHWM:") * 1024.0;

    let rounds = DELIVERIES.div_ceil(sessions);
    let before = cpu_time();
    for _ in 0..rounds {
        let mut simulation = Simulation::new(sessions);
        simulation.run(|| ());
        check(&simulation, sessions);
    }
    let cpu = (cpu_time() - before) / (rounds * sessions) as f64;
    Measured { sessions, memory: size_of::<Delivery>() as f64 + most as f64 / sessions as f64, cpu, resident }
}

fn check(simulation: &Simulation, sessions: usize) {
    let outcome = simulation.outcome;
    assert_eq!((outcome.delivered, outcome.most_open), (sessions, sessions));
    assert!(outcome.hung_up >= sessions / 100);
}

/// The CPU time of this process, in nanoseconds.
fn cpu_time() -> f64 {
    let schedule = fs::read_to_string("/proc/self/schedstat").expect("this is Linux");
    schedule.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

/// A number from `/proc/self/status`.
fn status(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("the field exists");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
