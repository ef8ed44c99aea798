//! Runs the body of the fuzz target over the checked-in inputs, on stable and without libFuzzer.

use std::{fs, path::Path};

use arbitrary::{Arbitrary, Unstructured};
use smtp_proto_ffi::fuzz::{Input, body};

#[test]
fn every_seed_and_every_finding_passes() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    // A copy of this crate in another project has no corpus.
    let Ok(corpus) = fs::read_dir(fuzz.join("corpus/ffi")) else { return println!("skipped: there is no corpus") };
    let findings = fs::read_dir(fuzz.join("regressions/ffi")).into_iter().flatten();
    let mut inputs = 0;
    for entry in corpus.chain(findings) {
        let data = fs::read(entry.unwrap().path()).unwrap();
        if let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(&data)) {
            body(input);
            inputs += 1;
        }
    }
    assert!(inputs > 0, "no input decodes");
}
