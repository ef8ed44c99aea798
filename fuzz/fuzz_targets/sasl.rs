#![no_main]
use libfuzzer_sys::fuzz_target;
use smtp_testkit::fuzz::targets::sasl::{Input, body};

fuzz_target!(|input: Input| body(input));
