//! What proves who the client is.

use smtp_proto::Mechanism;
use smtp_sasl::{Credentials, SetupError};

/// What a mechanism proves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Proof {
    Password,
    Token,
    Certificate,
}

impl Proof {
    pub(crate) const fn of(mechanism: Mechanism) -> Self {
        match mechanism {
            Mechanism::XOAuth2 | Mechanism::OAuthBearer => Self::Token,
            Mechanism::External => Self::Certificate,
            _ => Self::Password,
        }
    }

    /// The credentials of a user.
    pub(crate) fn credentials(self, user: &str, secret: &str) -> Result<Credentials, SetupError> {
        match self {
            Self::Password => Credentials::password(user, secret),
            Self::Token => Credentials::token(user, secret),
            Self::Certificate if user.is_empty() => Ok(Credentials::external()),
            Self::Certificate => Credentials::external().with_authorization_identity(user),
        }
    }
}
