//! What can be wrong, by who is at fault: the caller or the server.

use core::fmt;

use crate::mechanism::Mechanism;

/// A part of the credentials.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Field {
    /// Who logs in.
    User,
    /// The password.
    Password,
    /// The bearer token.
    Token,
    /// Whom to act as.
    AuthorizationIdentity,
    /// The name of the server.
    Host,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user name",
            Self::Password => "password",
            Self::Token => "token",
            Self::AuthorizationIdentity => "authorization identity",
            Self::Host => "host name",
        })
    }
}

/// Why an exchange cannot begin. Never caused by what the server sent, and nothing has been sent.
///
/// Report it. If SCRAM cannot begin, do not use a mechanism that sends the secret instead, unless the caller chose
/// that explicitly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SetupError {
    /// A part of the credentials is empty.
    Empty(Field),
    /// A part of the credentials has a character that is not allowed in it: NUL anywhere; a control character, a line
    /// or paragraph separator or a bidirectional control in a name; anything but visible ASCII in a token or a host
    /// name.
    Forbidden(Field),
    /// SCRAM needs SASLprep for text that is not ASCII, and the crate was built without the feature `std`.
    NotAscii(Field),
    /// SASLprep (RFC 4013) does not allow this text, and SCRAM needs it.
    NotPreparable(Field),
    /// The mechanism needs credentials of another kind, such as a token in place of a password.
    WrongCredentials(Mechanism),
    /// The mechanism cannot carry an authorization identity; without it the client would act as somebody else.
    AuthorizationIdentity(Mechanism),
    /// The mechanism is bound to the channel, and no channel binding was given.
    NoChannelBinding(Mechanism),
    /// The data for `tls-server-end-point` does not have the length of a hash: 28, 32, 48 or 64 octets.
    CertificateHashLength,
    /// A channel binding was given to the variant of SCRAM that does not use it. Say instead whether the server
    /// offered `-PLUS`.
    UnusedChannelBinding(Mechanism),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(field) => write!(f, "the {field} is empty"),
            Self::Forbidden(field) => write!(f, "the {field} has a character that is not allowed in it"),
            Self::NotAscii(field) => write!(f, "the {field} is not ASCII, and SASLprep is not built in"),
            Self::NotPreparable(field) => write!(f, "the {field} has text that SASLprep does not allow"),
            Self::WrongCredentials(mechanism) => {
                write!(f, "{} needs credentials of another kind", mechanism.name())
            }
            Self::AuthorizationIdentity(mechanism) => {
                write!(f, "{} cannot carry an authorization identity", mechanism.name())
            }
            Self::NoChannelBinding(mechanism) => write!(f, "{} needs a channel binding", mechanism.name()),
            Self::CertificateHashLength => {
                f.write_str("the certificate hash for tls-server-end-point has a wrong length")
            }
            Self::UnusedChannelBinding(mechanism) => write!(f, "{} does not use a channel binding", mechanism.name()),
        }
    }
}

impl core::error::Error for SetupError {}

/// Why an exchange failed. The server caused it: send no more responses, and cancel the exchange.
///
/// After [`SaslError::Refused`] you may try another mechanism, within limits. A refusal is not authenticated, so an
/// attacker on the path can send one. After it, unless the caller chose that order explicitly:
///
/// - never go from SCRAM to a mechanism that sends the secret ([`Mechanism::sends_secret`]);
/// - never go from a `-PLUS` mechanism to one that is not bound ([`Mechanism::is_bound`]).
///
/// After any other error end the session: the server, or somebody on the path to it, cannot be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SaslError {
    /// A challenge that the mechanism has no answer to: one too many, or one that should be empty.
    UnexpectedChallenge,
    /// The server reported success before the exchange was complete, before it had proved that it knows the
    /// password, or after it had refused the token.
    UnexpectedSuccess,
    /// The challenge does not follow the grammar of the mechanism.
    Malformed,
    /// The challenge has an extension that must be understood (`m=`, RFC 5802 section 5.1).
    MandatoryExtension,
    /// The server's nonce does not begin with ours, adds nothing to it, or is longer than 1,024 octets.
    Nonce,
    /// The salt is empty or not base64.
    Salt,
    /// Fewer rounds than [`MIN_ROUNDS`](crate::MIN_ROUNDS): the proof would make the password easier to guess.
    TooFewRounds,
    /// More rounds than [`MAX_ROUNDS`](crate::MAX_ROUNDS).
    TooManyRounds,
    /// The server's signature is wrong: it does not know the password, or messages were changed on the way.
    Signature,
    /// The server refused (`e=`), with a reason that RFC 5802 section 7 defines; any other reason is `other-error`.
    ///
    /// A server may send `other-error` in place of any reason, so this can be a channel binding mismatch too.
    Refused(&'static str),
    /// The server refused because of the channel binding: somebody may be between it and us.
    BindingRefused(&'static str),
}

impl fmt::Display for SaslError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnexpectedChallenge => "the server sent a challenge that the mechanism does not expect",
            Self::UnexpectedSuccess => "the server reported success before the exchange was complete",
            Self::Malformed => "the server's challenge is malformed",
            Self::MandatoryExtension => "the server requires an extension of SCRAM that is not supported",
            Self::Nonce => "the server's nonce does not continue ours",
            Self::Salt => "the server's salt is empty or not base64",
            Self::TooFewRounds => "the server asks for too few rounds, which would make the password easier to guess",
            Self::TooManyRounds => "the server asks for too many rounds",
            Self::Signature => "the server could not prove that it knows the password",
            Self::Refused(reason) => return write!(f, "the server refused: {reason}"),
            Self::BindingRefused(reason) => return write!(f, "the server refused the channel binding: {reason}"),
        })
    }
}

impl core::error::Error for SaslError {}
