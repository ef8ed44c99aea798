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
///
/// A `Client` is for one AUTH command. To repeat AUTH, such as without the initial response after a reply of 500 or
/// 501 to it, make a new `Client` with a new nonce.
#[must_use = "the exchange is verified only when `finish` is called"]
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
    /// `nonce`: octets from a secure random number generator, new for each exchange. Only SCRAM uses it and `binding`.
    pub fn new(
        mechanism: Mechanism,
        credentials: &Credentials,
        binding: ChannelBinding<'_>,
        nonce: &[u8; 18],
    ) -> Result<Self, SetupError> {
        let state = State::new(mechanism, credentials, binding, nonce)?;
        Ok(Self { mechanism, state })
    }

    /// The mechanism of this exchange.
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The first message, until it is taken. `None` after that, and for LOGIN and CRAM-MD5, which await a challenge.
    ///
    /// Look at its length to decide how to send it:
    ///
    /// - If AUTH and the message in base64 fit into a command line of 512 octets (RFC 4954 section 4), call
    ///   [`Client::initial_response`] and send the message along with AUTH.
    /// - Otherwise send AUTH alone. The server asks for the message with an empty challenge; answer it with
    ///   [`Client::respond`].
    ///
    /// Looking at the message does not count as sending it: [`Client::finish`] fails until it is taken.
    pub const fn first_message(&self) -> Option<&Response> {
        match &self.state {
            State::First { message, .. } => Some(message),
            State::Running(_) | State::Failed(_) => None,
        }
    }

    /// Takes the first message, to send along with AUTH. From then on it counts as sent. `None` if it was taken
    /// already, and for LOGIN and CRAM-MD5, which await a challenge.
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

    /// The answer to a challenge, both without base64. If the first message was not taken yet, the challenge must be
    /// empty, and this takes it.
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Response, SaslError> {
        let state = mem::replace(&mut self.state, State::Failed(SaslError::UnexpectedChallenge));
        let (state, result) = match state.respond(challenge) {
            Ok((exchange, response)) => (State::Running(exchange), Ok(response)),
            Err(error) => (State::Failed(error), Err(error)),
        };
        self.state = state;
        result
    }

    /// Call it when the server reports success: fails if that is too early, such as before the first message was
    /// taken. A server that uses SCRAM must have proved that it knows the password; until it has, it can be anybody.
    pub fn finish(self) -> Result<(), SaslError> {
        match self.state {
            State::Running(exchange) if exchange.is_complete() => Ok(()),
            State::Running(_) | State::First { .. } => Err(SaslError::UnexpectedSuccess),
            State::Failed(error) => Err(error),
        }
    }

    /// Why the server refused the token of XOAUTH2 or OAUTHBEARER: the value of `status` in its JSON, such as
    /// `invalid_token` or `401`. `None` if the server has not refused it.
    ///
    /// At most 64 characters of `A-Z`, `a-z`, `0-9`, `_`, `-` and `.`; empty if the server gave no such value. It is
    /// not authenticated, and a hostile server can put a part of the token there.
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
        nonce: &[u8; 18],
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
