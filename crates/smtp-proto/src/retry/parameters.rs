//! What follows if a server refuses parameters, or does not offer the extension of one.

use crate::{
    outcome::{Hello, Status},
    reply::{Code, Severity},
};

/// Whether a refused MAIL or RCPT carried parameters that the message can do without.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "it did or did not")]
pub enum Carried {
    /// None, or the command was already sent again without them.
    Needed,
    /// RET, ENVID, NOTIFY other than NEVER, ORCPT beside it, a time limit that only notifies, or AUTH.
    Optional,
}

/// What follows when MAIL or RCPT was refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "it is sent again or not")]
pub enum AfterParameters {
    /// The refusal applies to the command.
    Settle,
    /// The command is sent again without the parameters that the message can do without: after RSET if it is MAIL.
    Without,
}

/// What follows when MAIL or RCPT was refused. 501 and 555 may be about a parameter (RFC 5321 section 4.1.1.11), even
/// if the server offers its extension.
pub const fn after_parameters(code: Code, carried: Carried) -> AfterParameters {
    match (code.get(), carried) {
        (501 | 555, Carried::Optional) => AfterParameters::Without,
        (_, Carried::Optional | Carried::Needed) => AfterParameters::Settle,
    }
}

/// The status of a recipient who needs an extension that is not offered after this hello. `ehlo_refusal`: how EHLO was
/// refused before it, on the same connection. After a hang-up on EHLO, nobody knows what the server offers.
pub const fn status_without_extension(hello: Hello, ehlo_refusal: Option<Severity>) -> Status {
    match (hello, ehlo_refusal) {
        (Hello::Ehlo | Hello::Lhlo, _) | (Hello::Helo, Some(Severity::Permanent)) => Status::Failed,
        (Hello::Helo, None | Some(Severity::Transient)) => Status::Deferred,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Permanent, Transient};

    #[test]
    fn only_501_and_555_are_about_parameters() {
        for number in 400..600 {
            let code = Code::new(number).unwrap();
            let expected = if matches!(number, 501 | 555) { AfterParameters::Without } else { AfterParameters::Settle };
            assert_eq!(after_parameters(code, Carried::Optional), expected, "{number}");
            assert_eq!(after_parameters(code, Carried::Needed), AfterParameters::Settle, "{number}");
        }
    }

    #[test]
    fn a_hang_up_on_ehlo_does_not_make_a_missing_extension_permanent() {
        for (hello, refusal, expected) in [
            (Hello::Ehlo, None, Status::Failed),
            (Hello::Lhlo, None, Status::Failed),
            (Hello::Helo, Some(Permanent), Status::Failed),
            (Hello::Helo, Some(Transient), Status::Deferred),
            (Hello::Helo, None, Status::Deferred),
        ] {
            assert_eq!(status_without_extension(hello, refusal), expected);
        }
    }
}
