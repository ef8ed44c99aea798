//! Handshakes and authentication in a play.

use smtp_proto::{Secured, Step};

use super::{Connection, Player, Wrong, misuse};
use crate::{sasl::Request, transcript::Handshake};

impl Player<'_> {
    pub(super) fn shake_hands(&mut self, handshake: &Handshake) -> Result<(), Wrong> {
        let Step::Secure(secure) = self.delivery.poll() else {
            return Err(format!("expected the client to ask for a handshake, but it {}", self.step()));
        };
        // An unverified server does not count where it must be verified.
        let is_accepted = match handshake {
            Handshake::Secured { unverified, .. } => unverified.is_none() || !secure.must_verify,
            Handshake::Fails(_) => false,
        };
        if is_accepted {
            let is_first = self.connection.client.is_empty();
            let greeting = if is_first { Vec::new() } else { b"220\r\n".to_vec() };
            let is_verified = matches!(handshake, Handshake::Secured { unverified: None, .. });
            self.connection = Connection { server: greeting, is_secured: true, is_verified, ..Connection::default() };
            self.is_secure_host = true;
        }
        let shaken = match handshake {
            Handshake::Fails(why) => self.delivery.secure_failed(why),
            Handshake::Secured { version, unverified, can_bind } => {
                let facts = match unverified {
                    None => Secured::verified(*version),
                    Some(why) => Secured::unverified(*version, why),
                };
                self.delivery.secured(facts.with_channel_binding(*can_bind))
            }
        };
        shaken.map_err(misuse)
    }

    /// Answers every request of the authentication.
    pub(super) fn authenticate(&mut self) -> Result<(), Wrong> {
        while let Step::Authenticate(step) = self.delivery.poll() {
            let request = Request::from(&step);
            self.exchange.answer(&mut self.delivery, &request).map_err(misuse)?;
        }
        Ok(())
    }
}
