//! Instruments that measure the operations.

use std::{hint::black_box, time::Duration};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};

/// Identifies an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label {
    /// The group of the operation.
    pub group: &'static str,
    /// The input.
    pub case: &'static str,
    /// The implementation: `ours`, a crate, or a limit.
    pub who: &'static str,
}

/// Measures operations, one after another.
///
/// The methods are generic so that an indirect call is not measured: it would cost more than parsing a
/// short reply.
pub trait Instrument {
    /// Measures `operation`.
    fn measure<T>(&mut self, label: Label, operation: impl FnMut() -> T);

    /// Measures `operation` on the values of `setup`. Neither `setup` nor dropping the results is measured.
    fn measure_with<I, T>(&mut self, label: Label, setup: impl FnMut() -> I, operation: impl FnMut(I) -> T);
}

/// A group of operations on one input, with equivalent results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Case {
    /// The group of the operations.
    pub group: &'static str,
    /// The input.
    pub case: &'static str,
}

impl Case {
    /// The label of the implementation `who`.
    pub const fn by(self, who: &'static str) -> Label {
        Label { group: self.group, case: self.case, who }
    }
}

/// Measures wall time with criterion.
#[allow(missing_debug_implementations, reason = "criterion's state does not implement it")]
pub struct Stopwatch {
    criterion: Criterion,
    octets: Option<usize>,
}

impl Stopwatch {
    /// How many inputs are made in advance. Few, so that they stay in the cache as in a running client.
    const BATCH: BatchSize = BatchSize::NumIterations(16);

    /// Measures all operations that `work` passes, as the command line asks. Each gets little more than a
    /// second, so that all groups together take a few minutes.
    pub fn run(work: impl FnOnce(&mut Self)) {
        let criterion = Criterion::default()
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_millis(1200))
            .sample_size(40)
            .configure_from_args();
        let mut stopwatch = Self { criterion, octets: None };
        work(&mut stopwatch);
        stopwatch.criterion.final_summary();
    }

    /// From here on, also shows octets per second.
    pub const fn throughput(&mut self, octets: usize) {
        self.octets = Some(octets);
    }

    fn bench(&mut self, label: Label, bench: impl FnMut(&mut criterion::Bencher<'_>)) {
        let mut group = self.criterion.benchmark_group(label.group);
        if let Some(octets) = self.octets {
            group.throughput(Throughput::Bytes(octets as u64));
        }
        group.bench_function(BenchmarkId::new(label.who, label.case), bench);
    }
}

impl Instrument for Stopwatch {
    fn measure<T>(&mut self, label: Label, mut operation: impl FnMut() -> T) {
        self.bench(label, |bencher| bencher.iter(&mut operation));
    }

    fn measure_with<I, T>(&mut self, label: Label, mut setup: impl FnMut() -> I, mut operation: impl FnMut(I) -> T) {
        self.bench(label, |bencher| {
            bencher.iter_batched(&mut setup, |input| black_box(operation(input)), Self::BATCH);
        });
    }
}
