//! TLS with servers in the same process: what is accepted, what is said, and that no octet is lost.

mod bindings;
mod certificates;
mod configuration;
mod failures;
mod moving;
mod resumption;
mod server;
mod trust;
mod wire;
