//! A driver for smoltcp. It needs neither std nor an operating system: the program beside it shows how it is used.
#![no_std]

mod driver;

pub use driver::{Driver, Progress};
