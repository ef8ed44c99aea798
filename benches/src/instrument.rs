//! What measures the operations.

use std::{hint::black_box, time::Duration};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};

/// Which operation is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label {
    /// What is done.
    pub group: &'static str,
    /// On which input.
    pub case: &'static str,
    /// By whom: `ours`, a crate, or a limit.
    pub who: &'static str,
}

/// Measures operations, one after another.
///
/// The methods are generic so that no indirect call is measured along: it would cost more than a
/// short reply does.
pub trait Instrument {
    /// Measures `operation`.
    fn measure<T>(&mut self, label: Label, operation: impl FnMut() -> T);

    /// Measures `operation` alone, on what `setup` makes; what comes out is dropped unmeasured.
    fn measure_with<I, T>(&mut self, label: Label, setup: impl FnMut() -> I, operation: impl FnMut(I) -> T);
}

/// A group of operations on one input, whose results mean the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Case {
    /// What is done.
    pub group: &'static str,
    /// On which input.
    pub case: &'static str,
}

impl Case {
    /// The same, done by `who`.
    pub const fn by(self, who: &'static str) -> Label {
        Label { group: self.group, case: self.case, who }
    }
}

/// Wall time, by criterion.
#[allow(missing_debug_implementations, reason = "criterion's state has none")]
pub struct Stopwatch {
    criterion: Criterion,
    octets: Option<usize>,
}

impl Stopwatch {
    /// How many inputs are made ahead: few, so that they stay in the cache as in a running client.
    const BATCH: BatchSize = BatchSize::NumIterations(16);

    /// Measures all that `work` hands in, as the command line asks. All groups together are to take
    /// a few minutes, so each operation has little more than a second.
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

    /// From here on, octets per second are shown too.
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
