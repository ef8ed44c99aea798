//! One exchange, with any mechanism.

use core::{fmt, mem};

use crate::{
    channel_binding::ChannelBinding,
    cram_md5::CramMd5,
    credentials::{Credentials, Proof},
    error::{SaslError, SetupError},
    login::Login,
    mechanism::Mechanism,
    oauth::OAuth,
    plain,
    scram::{Hash, Scram},
    secret::Response,
};

/// The client's side of one exchange. Debug shows the mechanism and nothing else.
///
/// Any call is safe at any time. After an error the exchange is over: every further call gives the same error.
pub struct Client {
    mechanism: Mechanism,
    state: State,
}

enum State {
    /// The first message was not handed out yet.
    First { message: Response, then: Exchange },
    /// Challenges are answered as they come.
    Running(Exchange),
    /// Nothing more is sent.
    Failed(SaslError),
}

/// Where a mechanism is.
enum Exchange {
    /// PLAIN and EXTERNAL: the first message is the only one.
    Complete,
    Login(Login),
    CramMd5(CramMd5),
    OAuth(OAuth),
    Scram(Scram),
}

impl Client {
    /// An exchange with these credentials.
    ///
    /// `nonce`: at least [`MIN_NONCE`](crate::MIN_NONCE) octets from a secure random number generator, new for each
    /// exchange. Only SCRAM uses it, and `binding`.
    pub fn new(
        mechanism: Mechanism,
        credentials: &Credentials,
        binding: ChannelBinding<'_>,
        nonce: &[u8],
    ) -> Result<Self, SetupError> {
        let state = State::new(mechanism, credentials, binding, nonce)?;
        Ok(Self { mechanism, state })
    }

    /// The mechanism of this exchange.
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The first message, for a mechanism that begins with one, and only once. `None` for LOGIN and CRAM-MD5, which
    /// await a challenge.
    ///
    /// Send it along with AUTH, or in answer to the first challenge, which is empty then. If you call
    /// [`Client::respond`] with that challenge instead, it gives the same message.
    pub fn initial_response(&mut self) -> Option<Response> {
        match mem::replace(&mut self.state, State::Failed(SaslError::UnexpectedChallenge)) {
            State::First { message, then } => {
                self.state = State::Running(then);
                Some(message)
            }
            other => {
                self.state = other;
                None
            }
        }
    }

    /// The answer to a challenge, both without base64.
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Response, SaslError> {
        let state = mem::replace(&mut self.state, State::Failed(SaslError::UnexpectedChallenge));
        let (state, result) = match state.respond(challenge) {
            Ok((exchange, response)) => (State::Running(exchange), Ok(response)),
            Err(error) => (State::Failed(error), Err(error)),
        };
        self.state = state;
        result
    }

    /// Call it when the server reports success: fails if that is too early. A server that uses SCRAM must have proved
    /// that it knows the password; until it has, it can be anybody.
    pub fn finish(self) -> Result<(), SaslError> {
        match self.state {
            State::Running(exchange) if exchange.is_complete() => Ok(()),
            State::Running(_) | State::First { .. } => Err(SaslError::UnexpectedSuccess),
            State::Failed(error) => Err(error),
        }
    }

    /// Why the server refused the token of XOAUTH2 or OAUTHBEARER, in its words (often JSON, and empty if it gave
    /// none): one line without control characters, and without the token.
    pub fn server_error(&self) -> Option<&str> {
        match &self.state {
            State::Running(Exchange::OAuth(OAuth::Refused { reason })) => Some(reason),
            State::Running(_) | State::First { .. } | State::Failed(_) => None,
        }
    }
}

impl State {
    fn new(
        mechanism: Mechanism,
        credentials: &Credentials,
        binding: ChannelBinding<'_>,
        nonce: &[u8],
    ) -> Result<Self, SetupError> {
        let authorization = credentials.authorization();
        let scram = |hash, user, password| {
            let (scram, message) = Scram::new(hash, (user, password), authorization, binding.of(mechanism)?, nonce)?;
            Ok(Self::First { message, then: Exchange::Scram(scram) })
        };
        match (mechanism, credentials.proof()) {
            (Mechanism::Plain, Proof::Password { user, password }) => {
                Ok(Self::First { message: plain::message(authorization, user, password), then: Exchange::Complete })
            }
            (Mechanism::Login, Proof::Password { user, password }) => {
                credentials.without_authorization(mechanism)?;
                Ok(Self::Running(Exchange::Login(Login::new(user, password))))
            }
            (Mechanism::CramMd5, Proof::Password { user, password }) => {
                credentials.without_authorization(mechanism)?;
                Ok(Self::Running(Exchange::CramMd5(CramMd5::new(user, password))))
            }
            (Mechanism::ScramSha1 | Mechanism::ScramSha1Plus, Proof::Password { user, password }) => {
                scram(Hash::Sha1, user, password)
            }
            (Mechanism::ScramSha256 | Mechanism::ScramSha256Plus, Proof::Password { user, password }) => {
                scram(Hash::Sha256, user, password)
            }
            (Mechanism::OAuthBearer, Proof::Token { user, token, server }) => {
                let server = server.as_ref().map(|(host, port)| (&**host, *port));
                let (oauth, message) = OAuth::bearer(authorization.unwrap_or(user), token, server);
                Ok(Self::First { message, then: Exchange::OAuth(oauth) })
            }
            (Mechanism::XOAuth2, Proof::Token { user, token, .. }) => {
                credentials.without_authorization(mechanism)?;
                let (oauth, message) = OAuth::xoauth2(user, token);
                Ok(Self::First { message, then: Exchange::OAuth(oauth) })
            }
            (Mechanism::External, Proof::External) => {
                let message = Response::concat(&[authorization.unwrap_or_default().as_bytes()]);
                Ok(Self::First { message, then: Exchange::Complete })
            }
            (_, Proof::Password { .. } | Proof::Token { .. } | Proof::External) => {
                Err(SetupError::WrongCredentials(mechanism))
            }
        }
    }

    fn respond(self, challenge: &[u8]) -> Result<(Exchange, Response), SaslError> {
        match (self, challenge) {
            // RFC 4954 section 4: the server asks for the first message by an empty challenge.
            (Self::First { message, then }, []) => Ok((then, message)),
            (Self::First { .. }, _) => Err(SaslError::UnexpectedChallenge),
            (Self::Running(exchange), _) => exchange.respond(challenge),
            (Self::Failed(error), _) => Err(error),
        }
    }
}

impl Exchange {
    fn respond(self, challenge: &[u8]) -> Result<(Self, Response), SaslError> {
        match self {
            Self::Complete => Err(SaslError::UnexpectedChallenge),
            Self::Login(login) => login.respond().map(|(next, response)| (Self::Login(next), response)),
            Self::CramMd5(cram) => cram.respond(challenge).map(|(next, response)| (Self::CramMd5(next), response)),
            Self::OAuth(oauth) => oauth.respond(challenge).map(|(next, response)| (Self::OAuth(next), response)),
            Self::Scram(scram) => scram.respond(challenge).map(|(next, response)| (Self::Scram(next), response)),
        }
    }

    /// Whether success may follow.
    const fn is_complete(&self) -> bool {
        match self {
            Self::Complete
            | Self::Login(Login::Complete)
            | Self::CramMd5(CramMd5::Complete)
            | Self::OAuth(OAuth::Sent { .. })
            | Self::Scram(Scram::Verified) => true,
            Self::Login(Login::AwaitUserPrompt { .. } | Login::AwaitPasswordPrompt { .. })
            | Self::CramMd5(CramMd5::AwaitChallenge { .. })
            | Self::OAuth(OAuth::Refused { .. })
            | Self::Scram(Scram::AwaitServerFirst(_) | Scram::AwaitServerFinal { .. }) => false,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}
