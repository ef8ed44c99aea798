#![no_main]
use libfuzzer_sys::fuzz_target;
use smtp_testkit::fuzz::targets::ehlo_disconnect::{Input, body};

fuzz_target!(|input: Input<'_>| body(input));
