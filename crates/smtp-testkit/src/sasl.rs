//! Authentication with made-up credentials and a fixed nonce, so that transcripts can name every octet.
//!
//! An exchange is described by its challenges alone: it is computed anew each time, so that a play can be copied.

pub(crate) mod scram;
mod server;

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
};

use smtp_proto::{AuthRequest, Authenticate, Mechanism, MisuseError};
use smtp_sasl::{ChannelBinding, Client, Credentials};

pub use self::server::Server;
use crate::Machine;

/// The user.
pub const USER: &str = "alice";

/// The password.
pub const PASSWORD: &str = "correct horse";

/// The token for XOAUTH2 and OAUTHBEARER.
pub const TOKEN: &str = "ya29.token";

/// In base64: `AAECAwQFBgcICQoLDA0ODxAR`.
const NONCE: [u8; 18] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];

/// What TLS exports for channel binding.
const EXPORTED: [u8; 32] = [7; 32];

/// The state of an exchange.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    token_length: usize,
    /// Whether the first message went along with AUTH.
    is_first_taken: bool,
    challenges: Vec<Vec<u8>>,
}

/// What the client does with a request.
enum Answer {
    Octets(Vec<u8>),
    Nothing,
    Error(String),
}

impl Exchange {
    /// An exchange whose token has at least this many octets.
    #[must_use]
    pub fn with_token_length(mut self, octets: usize) -> Self {
        self.token_length = octets;
        self
    }

    /// Answers a request of the machine.
    pub fn answer(&mut self, machine: &mut dyn Machine, step: &Request) -> Result<(), MisuseError> {
        match step {
            Request::Start(mechanism, room) => {
                self.challenges.clear();
                let first = match self.run(*mechanism, |client| {
                    client.first_message().map_or(Answer::Nothing, |first| Answer::Octets(first.octets().to_vec()))
                }) {
                    Answer::Error(why) => return machine.auth_abandon(&why),
                    Answer::Octets(first) => Some(first),
                    Answer::Nothing => None,
                };
                let first = first.filter(|first| room.is_some_and(|room| first.len() <= room));
                self.is_first_taken = first.is_some();
                machine.auth_start(first.as_deref())
            }
            Request::Challenge(mechanism, challenge) => {
                self.challenges.push(challenge.clone());
                match self.run(*mechanism, |_| Answer::Nothing) {
                    Answer::Octets(response) => machine.auth_response(&response),
                    Answer::Nothing => machine.auth_response(b""),
                    Answer::Error(why) => machine.auth_abandon(&why),
                }
            }
            Request::Success(mechanism) => match self.run(*mechanism, |_| Answer::Nothing) {
                Answer::Error(why) => machine.auth_abandon(&why),
                _ => match self.finish(*mechanism) {
                    Ok(()) => machine.auth_complete(),
                    Err(why) => machine.auth_abandon(&why),
                },
            },
        }
    }

    fn client(&self, mechanism: Mechanism) -> Result<Client, String> {
        let known = smtp_sasl::Mechanism::ALL.iter().copied().find(|known| known.name() == mechanism.name());
        let mechanism = known.ok_or("the client does not have this mechanism")?;
        let token = format!("{TOKEN}{}", "x".repeat(self.token_length.saturating_sub(TOKEN.len())));
        let credentials = match mechanism {
            smtp_sasl::Mechanism::XOAuth2 | smtp_sasl::Mechanism::OAuthBearer => Credentials::token(USER, &token),
            smtp_sasl::Mechanism::External => Ok(Credentials::external()),
            _ => Credentials::password(USER, PASSWORD),
        };
        let binding =
            if mechanism.is_bound() { ChannelBinding::TlsExporter(&EXPORTED) } else { ChannelBinding::Unsupported };
        let credentials = credentials.map_err(|error| error.to_string())?;
        Client::new(mechanism, &credentials, binding, &NONCE).map_err(|error| error.to_string())
    }

    /// Repeats the exchange so far. Returns the response to the last challenge, or what `first` returns if there is
    /// none. SCRAM is slow on purpose, so the result is remembered.
    fn run(&self, mechanism: Mechanism, first: impl Fn(&Client) -> Answer) -> Answer {
        if self.challenges.is_empty() {
            return self.client(mechanism).map_or_else(Answer::Error, |client| first(&client));
        }
        match remembered(self, mechanism, "", || self.repeat(mechanism).map(|(_, response)| response)) {
            Ok(response) => Answer::Octets(response),
            Err(why) => Answer::Error(why),
        }
    }

    fn repeat(&self, mechanism: Mechanism) -> Result<(Client, Vec<u8>), String> {
        let mut client = self.client(mechanism)?;
        if self.is_first_taken {
            client.initial_response();
        }
        let mut response = Vec::new();
        for challenge in &self.challenges {
            response = client.respond(challenge).map_err(|error| error.to_string())?.octets().to_vec();
        }
        Ok((client, response))
    }

    fn finish(&self, mechanism: Mechanism) -> Result<(), String> {
        let finish = || {
            let (client, _) = self.repeat(mechanism)?;
            client.finish().map(|()| Vec::new()).map_err(|error| error.to_string())
        };
        remembered(self, mechanism, "finish", finish).map(drop)
    }
}

/// A request of the machine, without its borrows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// To start, with an initial response of at most this many octets.
    Start(Mechanism, Option<usize>),
    /// To answer a challenge.
    Challenge(Mechanism, Vec<u8>),
    /// To agree to the server's success.
    Success(Mechanism),
}

impl From<&Authenticate<'_>> for Request {
    fn from(step: &Authenticate<'_>) -> Self {
        match step.request {
            AuthRequest::Start { initial } => Self::Start(step.mechanism, initial),
            AuthRequest::Challenge(challenge) => Self::Challenge(step.mechanism, challenge.to_vec()),
            AuthRequest::Success => Self::Success(step.mechanism),
        }
    }
}

type Computed = Result<Vec<u8>, String>;

fn remembered(exchange: &Exchange, mechanism: Mechanism, what: &str, compute: impl Fn() -> Computed) -> Computed {
    static RESULTS: OnceLock<Mutex<HashMap<String, Computed>>> = OnceLock::new();
    if !mechanism.name().starts_with("SCRAM-") {
        return compute();
    }
    let key = format!("{mechanism:?} {what} {exchange:?}");
    let results = RESULTS.get_or_init(Mutex::default);
    let known = results.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    known.unwrap_or_else(|| {
        let computed = compute();
        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
        // An endless stream of new challenges must not fill the memory.
        if results.len() > 10_000 {
            results.clear();
        }
        results.insert(key, computed.clone());
        computed
    })
}
