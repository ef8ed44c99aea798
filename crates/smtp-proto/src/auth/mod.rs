//! Authentication: when, and by which mechanisms (RFC 4954).

mod base64;
mod refusal;

use alloc::vec::Vec;

use crate::{
    mechanisms::{Mechanism, Mechanisms},
    security::Security,
};
pub(crate) use base64::{decode, encode_into, encoded_len, longest_encoded};
pub use refusal::{AfterAuthRefusal, AuthRefusal, after_auth_refusal};

/// Whether the client must authenticate before it sends a message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AuthPolicy {
    /// No authentication.
    Never,
    /// Messages are sent only after authentication.
    Required(Authentication),
}

/// How to authenticate. It has no credentials: the driver holds them, and answers
/// [`Step::Authenticate`](crate::Step::Authenticate).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Authentication {
    mechanisms: Vec<Mechanism>,
    any_order: bool,
    in_clear: bool,
}

impl Authentication {
    /// These mechanisms, in the order of preference: the first one that the server offers is used. Leave out those
    /// that the driver has no credentials for.
    ///
    /// Credentials are sent only over a connection whose server was verified. After a refusal of the credentials, at
    /// most one more mechanism is tried, and none that would send the password after one that did not, or give up
    /// channel binding.
    pub fn new(mechanisms: impl Into<Vec<Mechanism>>) -> Self {
        Self { mechanisms: mechanisms.into(), any_order: false, in_clear: false }
    }

    /// The mechanisms, in the order of preference.
    pub fn mechanisms(&self) -> &[Mechanism] {
        &self.mechanisms
    }

    settings! {
        /// Whether, after a refusal of the credentials, the next mechanism may protect them less: it may send the
        /// password after SCRAM, or be unbound after a bound one. Set this if the caller chose that order explicitly.
        any_order, with_any_order: bool;
        /// Whether credentials may be sent in clear, or to a server that was not verified. Anybody on the path can
        /// then read or use them.
        in_clear, with_in_clear: bool;
    }

    /// The mechanism to use next: the first that is offered, was not tried, and may follow `refused`, the one whose
    /// credentials were refused.
    pub(crate) fn choose(
        &self,
        offered: Mechanisms,
        tried: Mechanisms,
        refused: Option<Mechanism>,
        can_bind: bool,
    ) -> Option<Mechanism> {
        let is_usable = |mechanism: &Mechanism| {
            offered.contains(*mechanism)
                && !tried.contains(*mechanism)
                && (can_bind || !mechanism.is_bound())
                && refused.is_none_or(|refused| self.any_order || may_follow(refused, *mechanism))
        };
        self.mechanisms.iter().copied().find(is_usable)
    }

    /// Whether credentials may be sent over a connection that is secured like this.
    pub(crate) const fn is_allowed_over(&self, security: Security) -> bool {
        match security {
            Security::Verified => true,
            Security::Clear | Security::Unverified => self.in_clear,
        }
    }
}

/// Whether a mechanism protects the credentials as well as the one before.
const fn may_follow(before: Mechanism, next: Mechanism) -> bool {
    let gives_up_secrecy = before.is_scram() && next.sends_secret();
    let gives_up_binding = before.is_bound() && !next.is_bound();
    !gives_up_secrecy && !gives_up_binding
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mechanism::{CramMd5, Login, Plain, ScramSha1, ScramSha256, ScramSha256Plus};

    #[test]
    fn the_first_mechanism_that_is_offered_is_chosen() {
        let wanted = Authentication::new([ScramSha256Plus, ScramSha256, Plain, Login]);
        let set = |names: &str| Mechanisms::from_names(names.as_bytes());
        for (offered, tried, can_bind, expected) in [
            ("LOGIN PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "", true, Some(ScramSha256Plus)),
            ("LOGIN PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "", false, Some(ScramSha256)),
            ("LOGIN PLAIN", "", true, Some(Plain)),
            ("LOGIN PLAIN", "PLAIN", true, Some(Login)),
            ("LOGIN PLAIN", "PLAIN LOGIN", true, None),
            ("CRAM-MD5 X-OWN", "", true, None),
            ("", "", true, None),
        ] {
            assert_eq!(wanted.choose(set(offered), set(tried), None, can_bind), expected, "{offered}, not {tried}");
        }
    }

    #[test]
    fn after_refused_credentials_no_mechanism_protects_them_less_unless_the_caller_chose_that() {
        for (refused, next, is_safe) in [
            (ScramSha256, ScramSha1, true),
            (ScramSha256, CramMd5, true),
            (ScramSha256, Plain, false),
            (ScramSha256, Login, false),
            (ScramSha256Plus, ScramSha256, false),
            (ScramSha256Plus, Plain, false),
            (CramMd5, Plain, true),
            (Plain, Login, true),
            (Login, ScramSha256, true),
        ] {
            let offered = Mechanisms::NONE.with(refused).with(next);
            let wanted = Authentication::new([refused, next]);
            let tried = Mechanisms::NONE.with(refused);
            assert_eq!(
                wanted.choose(offered, tried, Some(refused), true),
                is_safe.then_some(next),
                "{refused:?} {next:?}"
            );
            let explicit = wanted.with_any_order(true);
            assert_eq!(explicit.choose(offered, tried, Some(refused), true), Some(next), "{refused:?} {next:?}");
        }
    }

    #[test]
    fn credentials_need_a_verified_server_unless_the_caller_allows_otherwise() {
        let safe = Authentication::new([Plain]);
        let unsafe_one = safe.clone().with_in_clear(true);
        for (security, is_allowed) in
            [(Security::Clear, false), (Security::Unverified, false), (Security::Verified, true)]
        {
            assert_eq!(safe.is_allowed_over(security), is_allowed);
            assert!(unsafe_one.is_allowed_over(security));
        }
    }
}
