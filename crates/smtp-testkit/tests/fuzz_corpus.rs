//! Runs the bodies of the fuzz targets over the checked-in inputs, on stable and without libFuzzer.

use std::{fs, path::Path};

use smtp_testkit::fuzz::TARGETS;

#[test]
fn every_seed_and_every_finding_passes() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    for &(name, run) in TARGETS {
        let corpus = files(&fuzz.join("corpus").join(name));
        assert!(!corpus.is_empty(), "there is no corpus for {name}");
        let findings = files(&fuzz.join("regressions").join(name));
        let undecodable = corpus.iter().chain(&findings).filter(|data| !run(data)).count();
        println!("{name}: {} seeds, {} findings, {undecodable} no longer decode", corpus.len(), findings.len());
    }
}

/// The contents of all files in a directory; empty if the directory does not exist.
fn files(directory: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries.map(|entry| fs::read(entry.expect("an entry").path()).expect("a file")).collect()
}
