//! Who logs in, and how that is proved.

use alloc::boxed::Box;
use core::fmt;

use crate::{
    error::{Field, SetupError},
    mechanism::Mechanism,
    secret::Secret,
};

/// Who logs in, and how that is proved. Passwords and tokens are wiped on drop; Debug prints `***`.
///
/// Text is UTF-8. Only SCRAM prepares it (SASLprep, RFC 4013), as its RFC asks; other mechanisms send it as it is,
/// and the server prepares it (RFC 4616 section 2).
#[derive(Clone)]
pub struct Credentials {
    proof: Proof,
    authorization: Option<Box<str>>,
}

/// The kinds of credentials, each with all that it needs.
#[derive(Clone)]
pub(crate) enum Proof {
    Password { user: Box<str>, password: Secret },
    Token { user: Box<str>, token: Secret, server: Option<(Box<str>, u16)> },
    External,
}

impl Credentials {
    /// A user name, and a password without NUL; neither is empty. Names must not have control characters, line or
    /// paragraph separators or bidirectional controls.
    pub fn password(user: &str, password: &str) -> Result<Self, SetupError> {
        let password = checked(Field::Password, password, |character| character != '\0')?;
        Ok(Self {
            proof: Proof::Password { user: name(Field::User, user)?, password: Secret::new(password.as_bytes()) },
            authorization: None,
        })
    }

    /// A user name as for a password, and an OAuth 2.0 bearer token of visible ASCII; neither is empty.
    /// Tokens expire: get a new one for each connection.
    pub fn token(user: &str, token: &str) -> Result<Self, SetupError> {
        let token = checked(Field::Token, token, |character| character.is_ascii_graphic())?;
        Ok(Self {
            proof: Proof::Token { user: name(Field::User, user)?, token: Secret::new(token.as_bytes()), server: None },
            authorization: None,
        })
    }

    /// For EXTERNAL: the connection identifies the client.
    pub const fn external() -> Self {
        Self { proof: Proof::External, authorization: None }
    }

    /// Acts as somebody else than who logs in. PLAIN, SCRAM, EXTERNAL and OAUTHBEARER can carry that. The same
    /// characters are allowed as in a user name.
    ///
    /// OAUTHBEARER carries one name only: this one is sent in place of the user name, and the token says who logs in.
    pub fn with_authorization_identity(self, identity: &str) -> Result<Self, SetupError> {
        Ok(Self { authorization: Some(name(Field::AuthorizationIdentity, identity)?), ..self })
    }

    /// Names the server in OAUTHBEARER, where a token provider wants that (RFC 7628 section 3.1). XOAUTH2 cannot
    /// carry it and leaves it out. Credentials without a token are refused.
    pub fn with_server(self, host: &str, port: u16) -> Result<Self, SetupError> {
        let host = checked(Field::Host, host, |character| character.is_ascii_graphic())?;
        match self.proof {
            Proof::Token { user, token, .. } => {
                Ok(Self { proof: Proof::Token { user, token, server: Some((host.into(), port)) }, ..self })
            }
            Proof::Password { .. } | Proof::External => Err(SetupError::WrongCredentials(Mechanism::OAuthBearer)),
        }
    }

    /// The password or the token, to keep it out of logs; `None` for EXTERNAL.
    pub fn secret(&self) -> Option<&[u8]> {
        match &self.proof {
            Proof::Password { password: secret, .. } | Proof::Token { token: secret, .. } => Some(secret),
            Proof::External => None,
        }
    }

    pub(crate) const fn proof(&self) -> &Proof {
        &self.proof
    }

    /// Whom to act as, if that is not who logs in.
    pub(crate) fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    /// For a mechanism that cannot say whom to act as.
    pub(crate) const fn without_authorization(&self, mechanism: Mechanism) -> Result<(), SetupError> {
        match self.authorization {
            None => Ok(()),
            Some(_) => Err(SetupError::AuthorizationIdentity(mechanism)),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// A name: control characters would separate fields (NUL, and 1 in XOAUTH2), and it must be safe to show a name within
/// one line of other text.
fn name(field: Field, text: &str) -> Result<Box<str>, SetupError> {
    checked(field, text, |character| !is_unsafe_in_names(character)).map(Box::from)
}

/// Control characters, line and paragraph separators, and the controls of bidirectional text (UAX 9 section 2).
const fn is_unsafe_in_names(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

fn checked(field: Field, text: &str, allowed: impl Fn(char) -> bool) -> Result<&str, SetupError> {
    match text {
        "" => Err(SetupError::Empty(field)),
        _ if text.chars().all(allowed) => Ok(text),
        _ => Err(SetupError::Forbidden(field)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn text_that_could_end_a_field_is_refused() {
        use SetupError::{Empty, Forbidden, WrongCredentials};
        let token = || Credentials::token("x", "x").unwrap();
        for (found, expected) in [
            (Credentials::password("", "x"), Empty(Field::User)),
            (Credentials::password("x", ""), Empty(Field::Password)),
            (Credentials::password("u\0", "x"), Forbidden(Field::User)),
            (Credentials::password("u\r\n", "x"), Forbidden(Field::User)),
            (Credentials::password("x", "pass\0word"), Forbidden(Field::Password)),
            (Credentials::token("", "x"), Empty(Field::User)),
            (Credentials::token("x", ""), Empty(Field::Token)),
            (Credentials::token("u\x01auth=Bearer y", "x"), Forbidden(Field::User)),
            (Credentials::token("x", "token\n"), Forbidden(Field::Token)),
            (Credentials::token("x", "t\0"), Forbidden(Field::Token)),
            (Credentials::token("x", "two tokens"), Forbidden(Field::Token)),
            (Credentials::token("x", "t\u{e9}"), Forbidden(Field::Token)),
            (Credentials::external().with_authorization_identity(""), Empty(Field::AuthorizationIdentity)),
            (Credentials::external().with_authorization_identity("\0"), Forbidden(Field::AuthorizationIdentity)),
            (token().with_server("", 25), Empty(Field::Host)),
            (token().with_server("host\x01", 25), Forbidden(Field::Host)),
            (Credentials::external().with_server("host", 25), WrongCredentials(Mechanism::OAuthBearer)),
            (
                Credentials::password("x", "x").unwrap().with_server("host", 25),
                WrongCredentials(Mechanism::OAuthBearer),
            ),
        ] {
            assert_eq!(found.unwrap_err(), expected);
        }
        assert!(token().with_server("host", 25).is_ok());
    }

    #[test]
    fn a_name_cannot_change_the_text_around_it() {
        for character in [
            '\u{7f}', '\u{80}', '\u{85}', '\u{9f}', '\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}',
            '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}',
        ] {
            let name = format!("u{character}");
            let forbidden = |field| Some(SetupError::Forbidden(field));
            assert_eq!(Credentials::password(&name, "x").err(), forbidden(Field::User));
            assert_eq!(Credentials::token(&name, "x").err(), forbidden(Field::User));
            let identity = Credentials::external().with_authorization_identity(&name);
            assert_eq!(identity.err(), forbidden(Field::AuthorizationIdentity));
        }
    }

    #[test]
    fn other_text_is_accepted() {
        for text in ["user", "user@host", "a b", "a=b,c", "J\u{fc}rgen", "\u{1f511}"] {
            assert!(Credentials::password(text, text).is_ok(), "{text}");
        }
        assert!(Credentials::password("x", "tab\tand line\r\n").is_ok());
    }

    #[test]
    fn nothing_is_shown() {
        let credentials = Credentials::password("user", "pencil").unwrap();
        assert_eq!(format!("{credentials:?}"), "Credentials(***)");
    }
}
