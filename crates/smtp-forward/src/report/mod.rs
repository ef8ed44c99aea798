//! Reports on messages, as text and as JSON.

pub(crate) mod json;
pub(crate) mod many;
pub(crate) mod people;
pub(crate) mod reasons;

use std::fmt::{self, Display};

use serde::Serialize;
use smtp_proto::{Cause, Disconnect, Need, Report};

/// Which of several messages a report is about. With several connections, reports may come out of order.
#[derive(Serialize, Debug)]
pub(crate) struct Which {
    /// Counts from 1.
    pub(crate) number: usize,
    /// Its name, escaped.
    pub(crate) file: String,
}

impl Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {}, {}", self.number, self.file)
    }
}

/// What the user can do about a message that was not sent.
pub(crate) fn hint(report: Report<'_>) -> Option<&'static str> {
    let needs_8bit = |cause| matches!(cause, Cause::Needs { needs, .. } if needs.contains(Need::EightBitMime));
    let any = report.recipients().any(|recipient| needs_8bit(recipient.cause));
    any.then_some("`--8bit send` sends 8-bit content without announcing it.\n")
}

pub(crate) const fn how_lost(how: Disconnect) -> &'static str {
    match how {
        Disconnect::Closed => "the server closed the connection",
        Disconnect::Reset => "the server reset the connection",
        Disconnect::WriteFailed => "writing failed",
        _ => "reading failed",
    }
}
