//! Credentials, and what they answer to a server.

use std::{fmt, sync::Arc};

use smtp_proto::{AuthRequest, Authenticate, Delivery, Mechanism, Mechanisms, MisuseError};
use smtp_sasl::{ChannelBinding, Client, Credentials, Response, SaslError};

use crate::tls::{self, TlsChannel};

/// Where a client gets its credentials from.
///
/// It is asked once for each connection on which the server offers a mechanism to use, because tokens expire.
pub trait CredentialSource: fmt::Debug + Send + Sync {
    /// The credentials, or why there are none. The reason goes into the report, so it must not contain a secret.
    fn credentials(&self) -> Result<Credentials, String>;
}

/// The same credentials for each connection.
impl CredentialSource for Credentials {
    fn credentials(&self) -> Result<Credentials, String> {
        Ok(self.clone())
    }
}

/// The authentication on one connection.
#[derive(Default, Debug)]
pub(crate) struct Exchange {
    credentials: Option<Credentials>,
    running: Option<Client>,
}

impl Exchange {
    /// Answers what `delivery` asks for.
    pub(crate) fn answer(
        &mut self,
        delivery: &mut Delivery,
        source: Option<&Arc<dyn CredentialSource>>,
        tls: Option<&TlsChannel>,
    ) -> Result<(), MisuseError> {
        let smtp_proto::Step::Authenticate(Authenticate { mechanism, request, .. }) = delivery.poll() else {
            return Ok(());
        };
        match request {
            AuthRequest::Start { initial } => match self.start(delivery, mechanism, source, tls) {
                Ok(mut client) => {
                    let fits = client
                        .first_message()
                        .is_some_and(|first| initial.is_some_and(|most| first.octets().len() <= most));
                    let first = if fits { client.initial_response() } else { None };
                    self.running = Some(client);
                    delivery.auth_start(first.as_ref().map(Response::octets))
                }
                Err(why) => delivery.auth_abandon(&why),
            },
            AuthRequest::Challenge(challenge) => {
                let answer = self.running.as_mut().map(|client| client.respond(challenge));
                match answer {
                    Some(Ok(response)) => delivery.auth_response(response.octets()),
                    Some(Err(error)) => delivery.auth_abandon(&error.to_string()),
                    None => delivery.auth_abandon("the server sent a challenge before the exchange began"),
                }
            }
            AuthRequest::Success => match self.running.take().map(Client::finish) {
                Some(Ok(())) => delivery.auth_complete(),
                Some(Err(error)) => delivery.auth_abandon(&error.to_string()),
                None => delivery.auth_abandon(&SaslError::UnexpectedSuccess.to_string()),
            },
        }
    }

    fn start(
        &mut self,
        delivery: &mut Delivery,
        mechanism: Mechanism,
        source: Option<&Arc<dyn CredentialSource>>,
        tls: Option<&TlsChannel>,
    ) -> Result<Client, String> {
        let name = mechanism.name();
        let mechanism = smtp_sasl::Mechanism::from_name(name.as_bytes())
            .ok_or_else(|| format!("this client does not implement {name}"))?;
        let credentials = if let Some(credentials) = &self.credentials {
            credentials
        } else {
            let source = source.ok_or("this client has no credentials")?;
            self.credentials.insert(source.credentials()?)
        };
        if let Some(secret) = credentials.secret() {
            delivery.hide(secret);
        }
        let bound = tls.and_then(TlsChannel::binding);
        let offered = delivery.capabilities().auth.unwrap_or_default();
        let binding = match (&bound, mechanism.is_bound()) {
            (Some(bound), true) => ChannelBinding::from(bound),
            (Some(_), false) if !may_offer_bound(offered) => ChannelBinding::NotOffered,
            (Some(_) | None, _) => ChannelBinding::Unsupported,
        };
        let nonce = tls::nonce().map_err(|()| "the system has no random numbers")?;
        Client::new(mechanism, credentials, binding, &nonce).map_err(|error| error.to_string())
    }
}

/// Whether the server offers a mechanism that is bound to TLS, or may do so by a name that is not known.
fn may_offer_bound(offered: Mechanisms) -> bool {
    offered.has_others() || offered.iter().any(Mechanism::is_bound)
}
