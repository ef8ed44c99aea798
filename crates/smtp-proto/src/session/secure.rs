//! TLS and authentication of a session.

use alloc::vec::Vec;

use zeroize::Zeroize;

use super::{Session, SessionError, order::Phase, state::State, unanswered::Due};
use crate::{
    auth::{encode_into, encoded_len, longest_encoded},
    mechanisms::Mechanism,
    security::Security,
    stage::Stage,
};

/// The longest command line, with its line end (RFC 4954 section 4).
const COMMAND_LINE: usize = 512;

impl Session {
    /// How the connection is secured.
    pub const fn security(&self) -> Security {
        self.security
    }

    /// Whether the server has accepted an authentication.
    pub const fn is_authenticated(&self) -> bool {
        self.is_authenticated
    }

    /// Reports that a TLS handshake has completed: after STARTTLS was accepted, or before the greeting. Everything
    /// learned before it is forgotten (RFC 3207 section 4.2).
    pub fn secured(&mut self, security: Security) -> Result<(), SessionError> {
        match (&self.state, self.unanswered.oldest()) {
            (State::Handshake, _) => self.state = State::Commands(Phase::BeforeHello),
            (State::Commands(Phase::BeforeHello), Some(Due { stage: Stage::Greeting, .. }))
                if self.security == Security::Clear && self.decoder.held().is_empty() => {}
            _ => return Err(SessionError::Order),
        }
        self.decoder.clear();
        self.capabilities = crate::Capabilities::default();
        self.forget_keywords();
        self.security = security;
        self.progressed();
        Ok(())
    }

    /// How many octets an initial response may have, so that the AUTH command is not too long.
    pub(crate) fn longest_initial_response(mechanism: Mechanism) -> usize {
        // One octet is the space before the response.
        longest_encoded(COMMAND_LINE.saturating_sub(auth_line(mechanism, 0)).saturating_sub(1))
    }

    /// Appends AUTH to the output, with an initial response if there is one. Its reply is then due: 235 is success, and
    /// 334 asks for a [response](Self::auth_response). The timeout starts over: the time to compute a response is not
    /// the peer's fault.
    pub fn authenticate(&mut self, mechanism: Mechanism, initial: Option<&[u8]>) -> Result<(), SessionError> {
        let State::Commands(phase) = &mut self.state else { return Err(SessionError::Order) };
        if *phase != Phase::None || self.is_authenticated {
            return Err(SessionError::Order);
        }
        if self.unanswered.newest().is_some() {
            return Err(SessionError::Unanswered);
        }
        if !self.capabilities.auth.unwrap_or_default().contains(mechanism) {
            return Err(SessionError::NotOffered("AUTH"));
        }
        *phase = Phase::Auth;
        let len = auth_line(mechanism, initial.map_or(0, |initial| encoded_len(initial.len()).max(1)));
        let line = self.output.secret(len);
        line.extend_from_slice(b"AUTH ");
        line.extend_from_slice(mechanism.name().as_bytes());
        if initial.is_some() {
            line.push(b' ');
        }
        self.send_secret(initial, b"=", len);
        self.progressed();
        Ok(())
    }

    /// Appends the response to a challenge to the output. Its reply is then due.
    pub fn auth_response(&mut self, response: &[u8]) -> Result<(), SessionError> {
        self.answer_challenge()?;
        let len = encoded_len(response.len()).saturating_add(2);
        let _ = self.output.secret(len);
        self.send_secret(Some(response), b"", len);
        self.progressed();
        Ok(())
    }

    /// Appends `*` to the output: the client cancels the authentication. The server's refusal is then due.
    pub fn cancel_auth(&mut self) -> Result<(), SessionError> {
        self.answer_challenge()?;
        self.output.octets().extend_from_slice(b"*\r\n");
        self.unanswered.push(Due::new(Stage::Auth, 3), 3);
        Ok(())
    }

    /// Replies that contain this secret, as it is or in base64, are cut off after their codes, on this connection and
    /// all later ones. What is sent to authenticate is hidden like this anyway, in base64. Only fingerprints are kept,
    /// those of the latest 256 secrets.
    pub fn hide(&mut self, secret: &[u8]) {
        let mut encoded = Vec::with_capacity(encoded_len(secret.len()));
        encode_into(secret, &mut encoded);
        let hidden = self.hidden.get_or_insert_default();
        hidden.add(secret);
        hidden.add(&encoded);
        encoded.zeroize();
    }

    /// Whether these octets contain a secret that was sent or [hidden](Self::hide).
    pub fn is_hidden(&self, octets: &[u8]) -> bool {
        self.hidden.as_ref().is_some_and(|hidden| hidden.is_in(octets))
    }

    /// Whether anything is hidden.
    pub(crate) fn hides(&self) -> bool {
        self.hidden.as_ref().is_some_and(|hidden| !hidden.is_empty())
    }

    fn answer_challenge(&mut self) -> Result<(), SessionError> {
        match &mut self.state {
            State::Commands(phase @ Phase::AuthChallenge) => {
                *phase = Phase::Auth;
                Ok(())
            }
            _ => Err(SessionError::Order),
        }
    }

    /// Appends a response in base64, or `empty` if it is empty, and the line end. `len` is that of the whole line.
    fn send_secret(&mut self, response: Option<&[u8]>, empty: &[u8], len: usize) {
        let line = self.output.octets();
        let start = line.len();
        match response {
            Some([]) => line.extend_from_slice(empty),
            Some(response) => encode_into(response, line),
            None => {}
        }
        if let (Some(encoded), Some(_)) = (line.get(start..), response.filter(|response| !response.is_empty())) {
            self.hidden.get_or_insert_default().add(encoded);
        }
        line.extend_from_slice(b"\r\n");
        self.unanswered.push(Due::new(Stage::Auth, len), len);
    }
}

/// The length of the AUTH command with an initial response of this many octets in base64; none if zero.
fn auth_line(mechanism: Mechanism, response: usize) -> usize {
    let fixed = "AUTH \r\n".len().saturating_add(mechanism.name().len());
    if response == 0 { fixed } else { fixed.saturating_add(1).saturating_add(response) }
}
