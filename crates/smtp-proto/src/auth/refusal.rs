//! What follows a refusal of AUTH (RFC 4954 sections 4 and 6).

use crate::{
    reply::{Code, Severity},
    security::Security,
};

/// How AUTH was refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AuthRefusal {
    /// 4yz, such as 432 (the password must be changed) or 454 (the server cannot check it now).
    Temporary,
    /// 500 or 501 to AUTH with an initial response. Some servers do not understand that form.
    InitialResponse,
    /// 504, 534 or 538: the mechanism is not supported, too weak, or needs TLS. Also 500, 501 and 502 to AUTH alone.
    Mechanism,
    /// 535: the credentials are not valid.
    Credentials,
    /// Any other 5yz.
    Other,
}

impl AuthRefusal {
    /// The refusal with this code; `None` if the code is not a refusal. `initial`: whether the command had an initial
    /// response.
    pub const fn of(code: Code, initial: bool) -> Option<Self> {
        match (code.severity(), code.get(), initial) {
            (None, _, _) => None,
            (Some(Severity::Transient), _, _) => Some(Self::Temporary),
            (Some(Severity::Permanent), 500 | 501, true) => Some(Self::InitialResponse),
            (Some(Severity::Permanent), 500..=502 | 504 | 534 | 538, _) => Some(Self::Mechanism),
            (Some(Severity::Permanent), 535, _) => Some(Self::Credentials),
            (Some(Severity::Permanent), _, _) => Some(Self::Other),
        }
    }
}

/// What follows a refusal of AUTH.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AfterAuthRefusal {
    /// The same mechanism, without the initial response.
    Alone,
    /// The next mechanism that was not tried.
    NextMechanism,
    /// The next mechanism that was not tried and protects the credentials as well.
    OneMore,
    /// The message is deferred.
    Defer,
}

/// What follows a refusal of AUTH. `refused_before`: whether the server refused the credentials with another mechanism
/// on this connection. More than two attempts could lock the account.
pub const fn after_auth_refusal(refusal: AuthRefusal, security: Security, refused_before: bool) -> AfterAuthRefusal {
    match (refusal, security, refused_before) {
        (AuthRefusal::InitialResponse, _, _) => AfterAuthRefusal::Alone,
        (AuthRefusal::Mechanism, _, false) => AfterAuthRefusal::NextMechanism,
        // Whoever can pretend to be the server could ask for one mechanism after the other.
        (AuthRefusal::Credentials, Security::Verified, false) => AfterAuthRefusal::OneMore,
        (AuthRefusal::Credentials, Security::Clear | Security::Unverified, _)
        | (AuthRefusal::Credentials | AuthRefusal::Mechanism, _, true)
        | (AuthRefusal::Temporary | AuthRefusal::Other, _, _) => AfterAuthRefusal::Defer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_leads_to_its_row() {
        use AuthRefusal::{Credentials, InitialResponse, Mechanism, Other, Temporary};
        for (code, with_initial, alone) in [
            (235, None, None),
            (334, None, None),
            (432, Some(Temporary), Some(Temporary)),
            (454, Some(Temporary), Some(Temporary)),
            (500, Some(InitialResponse), Some(Mechanism)),
            (501, Some(InitialResponse), Some(Mechanism)),
            (502, Some(Mechanism), Some(Mechanism)),
            (503, Some(Other), Some(Other)),
            (504, Some(Mechanism), Some(Mechanism)),
            (530, Some(Other), Some(Other)),
            (534, Some(Mechanism), Some(Mechanism)),
            (535, Some(Credentials), Some(Credentials)),
            (538, Some(Mechanism), Some(Mechanism)),
            (554, Some(Other), Some(Other)),
        ] {
            let code = Code::new(code).unwrap();
            assert_eq!(AuthRefusal::of(code, true), with_initial, "{code}");
            assert_eq!(AuthRefusal::of(code, false), alone, "{code}");
        }
    }

    #[test]
    fn every_cell_of_the_table_holds() {
        use AfterAuthRefusal::{Alone, Defer, NextMechanism, OneMore};
        // On a verified connection, on another one, and after a refusal of the credentials.
        for (refusal, expected) in [
            (AuthRefusal::Temporary, [Defer, Defer, Defer]),
            (AuthRefusal::InitialResponse, [Alone, Alone, Alone]),
            (AuthRefusal::Mechanism, [NextMechanism, NextMechanism, Defer]),
            (AuthRefusal::Credentials, [OneMore, Defer, Defer]),
            (AuthRefusal::Other, [Defer, Defer, Defer]),
        ] {
            let found = [
                after_auth_refusal(refusal, Security::Verified, false),
                after_auth_refusal(refusal, Security::Clear, false),
                after_auth_refusal(refusal, Security::Verified, true),
            ];
            assert_eq!(found, expected, "{refusal:?}");
            let unverified = after_auth_refusal(refusal, Security::Unverified, false);
            assert_eq!(unverified, after_auth_refusal(refusal, Security::Clear, false));
        }
    }
}
