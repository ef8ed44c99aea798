//! Exit statuses, numbered as in sysexits.

use std::process::ExitCode;

use smtp_proto::{Cause, Report, Status};

/// How the program ended, the least important first. Of several messages, the greatest status counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum ExitStatus {
    /// Every recipient was delivered.
    Ok,
    /// `play`: a promise was broken, or the message did not arrive as it should.
    NotGood,
    /// A recipient failed permanently.
    Unavailable,
    /// A message that cannot be sent as it is.
    DataErr,
    /// A recipient is deferred or unconfirmed.
    TempFail,
    /// A file that cannot be read.
    NoInput,
    /// A temporary file that cannot be created or written.
    CantCreate,
    /// An internal error, or a report that cannot be written.
    Software,
    /// Invalid arguments.
    Usage,
}

impl ExitStatus {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::NotGood => 1,
            Self::Usage => 64,
            Self::DataErr => 65,
            Self::NoInput => 66,
            Self::Unavailable => 69,
            Self::Software => 70,
            Self::CantCreate => 73,
            Self::TempFail => 75,
        }
    }
}

impl From<Report<'_>> for ExitStatus {
    fn from(report: Report<'_>) -> Self {
        let one = |status, cause| match (status, cause) {
            (Status::Delivered, _) => Self::Ok,
            (Status::Deferred | Status::Unconfirmed, _) => Self::TempFail,
            (Status::Failed, Cause::Needs { .. } | Cause::TooLarge(_) | Cause::Content(_)) => Self::DataErr,
            (Status::Failed, _) => Self::Unavailable,
        };
        report.recipients().map(|recipient| one(recipient.status, recipient.cause)).max().unwrap_or(Self::Ok)
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        status.code().into()
    }
}
