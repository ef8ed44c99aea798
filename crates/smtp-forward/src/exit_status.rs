//! Exit statuses, numbered as in sysexits.

use std::process::ExitCode;

use smtp_proto::{Cancel, Cause, Report, Status};

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
    /// Every recipient that was not delivered is deferred because the server refused the credentials.
    NoPerm,
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
            Self::NoPerm => 77,
        }
    }
}

/// How the reason begins for which a message is not tried after the server refused the credentials.
pub(crate) const NO_MORE_LOGINS: &str = "not tried, so that the account is not locked: ";

/// Whether a recipient is deferred because the server refused the credentials (535).
pub(crate) fn is_refused_login(cause: Cause<'_>) -> bool {
    match cause {
        Cause::AuthRefused { reply, .. } => reply.code().get() == 535,
        Cause::Cancelled(Cancel::Other(why)) => why.starts_with(NO_MORE_LOGINS),
        _ => false,
    }
}

impl ExitStatus {
    /// The status of both together. A recipient that is deferred for its credentials must not be taken for one that
    /// failed.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        match (self.min(other), self.max(other)) {
            (Self::NotGood | Self::Unavailable | Self::DataErr, Self::NoPerm) => Self::TempFail,
            (_, worst) => worst,
        }
    }
}

impl From<Report<'_>> for ExitStatus {
    fn from(report: Report<'_>) -> Self {
        let one = |status, cause| match (status, cause) {
            (Status::Delivered, _) => Self::Ok,
            (Status::Deferred, cause) if is_refused_login(cause) => Self::NoPerm,
            (Status::Deferred | Status::Unconfirmed, _) => Self::TempFail,
            (Status::Failed, Cause::Needs { .. } | Cause::NotOffered(_) | Cause::TooLarge(_) | Cause::Content(_)) => {
                Self::DataErr
            }
            (Status::Failed, _) => Self::Unavailable,
        };
        report.recipients().map(|recipient| one(recipient.status, recipient.cause)).fold(Self::Ok, Self::and)
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        status.code().into()
    }
}
