//! What a report must say about TLS.

use smtp_proto::{TlsReport, TlsVersion};

/// What a report must say about TLS on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TlsFact {
    None,
    NotOffered,
    Refused(u16),
    Secured {
        version: TlsVersion,
        is_verified: bool,
    },
    /// Something that this oracle does not know.
    Other,
}

impl From<TlsReport<'_>> for TlsFact {
    fn from(report: TlsReport<'_>) -> Self {
        match report {
            TlsReport::NotWanted => Self::None,
            TlsReport::NotOffered => Self::NotOffered,
            TlsReport::Refused(reply) => Self::Refused(reply.code().get()),
            TlsReport::Secured { version, unverified } => Self::Secured { version, is_verified: unverified.is_none() },
            _ => Self::Other,
        }
    }
}
