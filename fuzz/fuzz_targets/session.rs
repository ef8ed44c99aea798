#![no_main]
use libfuzzer_sys::fuzz_target;
use smtp_testkit::fuzz::targets::session::{Input, body};

fuzz_target!(|input: Input<'_>| body(input));
