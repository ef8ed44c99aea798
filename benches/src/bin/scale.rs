//! How many sessions fit into one process, and what each costs: memory and CPU time of 1,000, 10,000
//! and 100,000 deliveries that are all under way at once, over a simulated network.
//!
//!     cargo run --profile published -p smtp-benches --bin scale [-- SESSIONS]
//!
//! With a number, only that many. Each count is taken in a process of its own.

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

/// How many deliveries CPU time is measured over at least: fewer sessions run more often.
const DELIVERIES: usize = 200_000;
const IN_A_PROCESS_OF_ITS_OWN: &str = "--measure";
const COUNTS: [usize; 3] = [1_000, 10_000, 100_000];

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let sessions = |argument: &str| argument.replace(['_', ','], "").parse().ok().filter(|count| *count > 0);
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => show(&COUNTS),
        [IN_A_PROCESS_OF_ITS_OWN, count] => println!("{}", sessions(count).map(measure).expect("a count").to_line()),
        [count] if sessions(count).is_some() => show(&sessions(count).map_or([0], |count| [count])),
        _ => {
            eprintln!("usage: scale [SESSIONS], where SESSIONS is a number above 0");
            return ExitCode::from(64);
        }
    }
    ExitCode::SUCCESS
}

/// What was measured of one count of sessions.
#[derive(Clone, Copy)]
struct Measured {
    sessions: usize,
    /// Octets a session: the value, and what it has allocated, when all sessions together had most.
    memory: f64,
    /// Nanoseconds of CPU time a delivery, with what the network and the servers take.
    cpu: f64,
    /// Octets that the process had at most.
    resident: f64,
}

impl Measured {
    fn to_line(self) -> String {
        format!("{} {} {} {}", self.sessions, self.memory, self.cpu, self.resident)
    }

    fn from_line(line: &str) -> Self {
        let numbers: Vec<f64> = line.split_whitespace().map(|number| number.parse().expect("a number")).collect();
        let [sessions, memory, cpu, resident] = numbers[..] else { panic!("four numbers: {line}") };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was a count")]
        Self { sessions: sessions as usize, memory, cpu, resident }
    }
}

fn show(counts: &[usize]) {
    println!(
        "| sessions at once | octets a session | resident MB | CPU us a delivery | CPU / first |\n|---|---|---|---|---|"
    );
    let measured: Vec<_> = counts.iter().map(|count| measure_in_a_process_of_its_own(*count)).collect();
    for one in &measured {
        let Measured { sessions, memory, cpu, resident } = one;
        let growth = cpu / measured[0].cpu;
        println!("| {sessions} | {memory:.0} | {:.0} | {:.2} | {growth:.2} |", resident / 1e6, cpu / 1e3);
    }
    println!("\nAll were delivered once, those on which the server hung up by HELO on a second connection.");
    if let [first, .., last] = measured[..] {
        // Memory is in proportion; CPU time grows as it did with each ten times as many.
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let (decades, more) = ((last.sessions as f64 / first.sessions as f64).log10(), 1e6 / last.sessions as f64);
        let cpu = last.cpu * (last.cpu / first.cpu).powf(more.log10() / decades);
        println!(
            "A million would need {:.1} GB, and {:.2} us of CPU time each if it goes on growing so.",
            last.memory * 1e6 / 1e9,
            cpu / 1e3
        );
    }
}

fn measure_in_a_process_of_its_own(sessions: usize) -> Measured {
    let program = env::current_exe().expect("the program is a file");
    let output = Command::new(program).args([IN_A_PROCESS_OF_ITS_OWN, &sessions.to_string()]).output();
    let output = output.expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Measured::from_line(&String::from_utf8_lossy(&output.stdout))
}

#[allow(clippy::cast_precision_loss, reason = "to be shown")]
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

/// Nanoseconds that this process has had of a processor.
fn cpu_time() -> f64 {
    let schedule = fs::read_to_string("/proc/self/schedstat").expect("this is Linux");
    schedule.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

/// A number from what Linux says of this process.
fn status(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("it is there");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
