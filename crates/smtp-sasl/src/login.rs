//! LOGIN: the server asks for the user name, then for the password, in any language. The prompts are not read.

use alloc::boxed::Box;

use crate::{
    error::SaslError,
    secret::{Response, Secret},
};

pub(crate) enum Login {
    AwaitUserPrompt { user: Box<str>, password: Secret },
    AwaitPasswordPrompt { password: Secret },
    Complete,
}

impl Login {
    pub(crate) fn new(user: &str, password: &Secret) -> Self {
        Self::AwaitUserPrompt { user: user.into(), password: password.clone() }
    }

    pub(crate) fn respond(self) -> Result<(Self, Response), SaslError> {
        match self {
            Self::AwaitUserPrompt { user, password } => {
                Ok((Self::AwaitPasswordPrompt { password }, Response::concat(&[user.as_bytes()])))
            }
            Self::AwaitPasswordPrompt { password } => Ok((Self::Complete, Response::concat(&[&password]))),
            Self::Complete => Err(SaslError::UnexpectedChallenge),
        }
    }
}
