#![no_main]
use libfuzzer_sys::fuzz_target;
use smtp_proto_ffi::fuzz::{Input, body};

fuzz_target!(|input: Input<'_>| body(input));
