//! Arguments on the transactions that a message is divided into.

use std::num::NonZeroU32;

use clap::{Args, ValueEnum};
use smtp_proto::Config;

#[derive(Args, Debug)]
pub(crate) struct Transactions {
    /// How many recipients a transaction may have; further ones get another one, with the whole message. Every server
    /// must accept 100 (RFC 5321 section 4.5.3.1.8) [default: as many as the server accepts]
    #[arg(long, value_name = "N")]
    max_recipients: Option<NonZeroU32>,
    /// What to do with the limits that the server announces (LIMITS, RFC 9422)
    #[arg(long, value_name = "POLICY", default_value = "obey")]
    limits: Limits,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Limits {
    Obey,
    Ignore,
}

impl Transactions {
    /// The configuration with these arguments.
    pub(crate) fn set(&self, config: Config) -> Config {
        config
            .with_max_recipients(self.max_recipients.map(NonZeroU32::get))
            .with_ignore_limits(self.limits == Limits::Ignore)
    }
}
