//! The interface shared by [`Delivery`] and [`Watched`].

use smtp_proto::{Cancel, Delivery, Disconnect, Envelope, KnownHost, MisuseError, Secured, Step};

use crate::Watched;

/// Implemented by [`Delivery`] and [`Watched`]. A driver that is generic over it works with both.
pub trait Machine {
    /// The next thing to do.
    fn poll(&mut self) -> Step<'_>;
    /// A new connection is open.
    fn connected(&mut self) -> Result<(), MisuseError>;
    /// No connection could be opened.
    fn connect_failed(&mut self, why: &str) -> Result<(), MisuseError>;
    /// The first `octets` of the octets to be transmitted were handed over.
    fn sent(&mut self, octets: usize) -> Result<(), MisuseError>;
    /// These octets arrived.
    fn received(&mut self, octets: &[u8]) -> Result<(), MisuseError>;
    /// The connection is lost.
    fn disconnected(&mut self, how: Disconnect) -> Result<(), MisuseError>;
    /// The timeout has passed.
    fn timed_out(&mut self) -> Result<(), MisuseError>;
    /// The next octets of the message.
    fn content(&mut self, octets: &[u8]) -> Result<(), MisuseError>;
    /// The message has no more octets.
    fn end_content(&mut self) -> Result<(), MisuseError>;
    /// The content is at its start again.
    fn rewound(&mut self) -> Result<(), MisuseError>;
    /// The content cannot be read again.
    fn cannot_rewind(&mut self) -> Result<(), MisuseError>;
    /// Cancels the delivery.
    fn cancel(&mut self, why: Cancel);
    /// Starts the next message.
    fn deliver_next(&mut self, envelope: Envelope) -> Result<(), MisuseError>;
    /// Ends a kept connection with QUIT.
    fn quit(&mut self) -> Result<(), MisuseError>;
    /// This is known about the server that the delivery will connect to.
    fn know(&mut self, host: KnownHost) -> Result<(), MisuseError>;
    /// The TLS handshake has completed.
    fn secured(&mut self, facts: Secured<'_>) -> Result<(), MisuseError>;
    /// The TLS handshake failed.
    fn secure_failed(&mut self, why: &str) -> Result<(), MisuseError>;
    /// Starts an authentication.
    fn auth_start(&mut self, initial: Option<&[u8]>) -> Result<(), MisuseError>;
    /// Answers a challenge.
    fn auth_response(&mut self, response: &[u8]) -> Result<(), MisuseError>;
    /// The authentication is complete.
    fn auth_complete(&mut self) -> Result<(), MisuseError>;
    /// Gives up the authentication.
    fn auth_abandon(&mut self, why: &str) -> Result<(), MisuseError>;
    /// Hides a secret.
    fn hide(&mut self, secret: &[u8]);
    /// The delivery itself, with its report.
    fn delivery(&self) -> &Delivery;
}

/// Forwards to the methods of the same names.
macro_rules! machine {
    ($type:ty, $delivery:expr) => {
        impl Machine for $type {
            fn poll(&mut self) -> Step<'_> {
                <$type>::poll(self)
            }

            fn connected(&mut self) -> Result<(), MisuseError> {
                <$type>::connected(self)
            }

            fn connect_failed(&mut self, why: &str) -> Result<(), MisuseError> {
                <$type>::connect_failed(self, why)
            }

            fn sent(&mut self, octets: usize) -> Result<(), MisuseError> {
                <$type>::sent(self, octets)
            }

            fn received(&mut self, octets: &[u8]) -> Result<(), MisuseError> {
                <$type>::received(self, octets)
            }

            fn disconnected(&mut self, how: Disconnect) -> Result<(), MisuseError> {
                <$type>::disconnected(self, how)
            }

            fn timed_out(&mut self) -> Result<(), MisuseError> {
                <$type>::timed_out(self)
            }

            fn content(&mut self, octets: &[u8]) -> Result<(), MisuseError> {
                <$type>::content(self, octets)
            }

            fn end_content(&mut self) -> Result<(), MisuseError> {
                <$type>::end_content(self)
            }

            fn rewound(&mut self) -> Result<(), MisuseError> {
                <$type>::rewound(self)
            }

            fn cannot_rewind(&mut self) -> Result<(), MisuseError> {
                <$type>::cannot_rewind(self)
            }

            fn cancel(&mut self, why: Cancel) {
                <$type>::cancel(self, why);
            }

            fn deliver_next(&mut self, envelope: Envelope) -> Result<(), MisuseError> {
                <$type>::deliver_next(self, envelope)
            }

            fn quit(&mut self) -> Result<(), MisuseError> {
                <$type>::quit(self)
            }

            fn know(&mut self, host: KnownHost) -> Result<(), MisuseError> {
                <$type>::know(self, host)
            }

            fn secured(&mut self, facts: Secured<'_>) -> Result<(), MisuseError> {
                <$type>::secured(self, facts)
            }

            fn secure_failed(&mut self, why: &str) -> Result<(), MisuseError> {
                <$type>::secure_failed(self, why)
            }

            fn auth_start(&mut self, initial: Option<&[u8]>) -> Result<(), MisuseError> {
                <$type>::auth_start(self, initial)
            }

            fn auth_response(&mut self, response: &[u8]) -> Result<(), MisuseError> {
                <$type>::auth_response(self, response)
            }

            fn auth_complete(&mut self) -> Result<(), MisuseError> {
                <$type>::auth_complete(self)
            }

            fn auth_abandon(&mut self, why: &str) -> Result<(), MisuseError> {
                <$type>::auth_abandon(self, why)
            }

            fn hide(&mut self, secret: &[u8]) {
                <$type>::hide(self, secret);
            }

            fn delivery(&self) -> &Delivery {
                $delivery(self)
            }
        }
    };
}

machine!(Delivery, |delivery| delivery);
machine!(Watched, Watched::delivery);
