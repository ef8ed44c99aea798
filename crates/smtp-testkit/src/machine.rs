//! The interface shared by [`Delivery`] and [`Watched`].

use smtp_proto::{Cancel, Delivery, Disconnect, Envelope, MisuseError, Step};

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
    /// Cancels the delivery.
    fn cancel(&mut self, why: Cancel);
    /// Starts the next message.
    fn deliver_next(&mut self, envelope: Envelope) -> Result<(), MisuseError>;
    /// Ends a kept connection with QUIT.
    fn quit(&mut self) -> Result<(), MisuseError>;
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

            fn cancel(&mut self, why: Cancel) {
                <$type>::cancel(self, why);
            }

            fn deliver_next(&mut self, envelope: Envelope) -> Result<(), MisuseError> {
                <$type>::deliver_next(self, envelope)
            }

            fn quit(&mut self) -> Result<(), MisuseError> {
                <$type>::quit(self)
            }

            fn delivery(&self) -> &Delivery {
                $delivery(self)
            }
        }
    };
}

machine!(Delivery, |delivery| delivery);
machine!(Watched, Watched::delivery);
