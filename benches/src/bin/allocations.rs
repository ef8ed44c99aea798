//! Counts the allocations of every operation, of ours and of the peers, and compares ours with
//! `benches/allocations.txt`. With `--bless` it writes that file.
//!
//! A reallocation counts as an allocation.

use std::{alloc::System, hint::black_box, process::ExitCode};

use smtp_benches::{Instrument, Label, baseline::Baseline};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let mut counter = Counter::default();
    smtp_benches::all(&mut counter);
    println!("| group | case | who | allocations | octets allocated |\n|---|---|---|---|---|");
    for Count { label: Label { group, case, who }, allocations, octets } in &counter.counts {
        println!("| {group} | {case} | {who} | {allocations} | {octets} |");
    }
    println!();
    let ours = counter.counts.iter().filter(|count| count.label.who == "ours");
    let lines: Vec<_> =
        ours.map(|count| (count.label.group.to_owned() + ": " + count.label.case, count.allocations)).collect();
    Baseline { file: "allocations.txt", margin: 0.0, of: None }.hold(&lines)
}

#[derive(Default)]
struct Counter {
    counts: Vec<Count>,
}

struct Count {
    label: Label,
    allocations: u64,
    octets: usize,
}

impl Counter {
    /// Enough for reused buffers to reach their final size.
    const WARM_UP: usize = 3;

    fn count<T>(&mut self, label: Label, operation: impl FnOnce() -> T) {
        let region = Region::new(ALLOCATOR);
        let output = black_box(operation());
        let change = region.change();
        drop(output);
        let allocations = (change.allocations + change.reallocations) as u64;
        self.counts.push(Count { label, allocations, octets: change.bytes_allocated });
    }
}

impl Instrument for Counter {
    fn measure<T>(&mut self, label: Label, mut operation: impl FnMut() -> T) {
        for _ in 0..Self::WARM_UP {
            operation();
        }
        self.count(label, operation);
    }

    fn measure_with<I, T>(&mut self, label: Label, mut setup: impl FnMut() -> I, mut operation: impl FnMut(I) -> T) {
        for _ in 0..Self::WARM_UP {
            operation(setup());
        }
        let input = setup();
        self.count(label, || operation(input));
    }
}
