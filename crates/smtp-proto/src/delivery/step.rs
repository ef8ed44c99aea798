//! What a delivery asks its driver to do, and how it refuses what it did not ask for.

use core::fmt;

use crate::{report::Report, session::Wait};

/// Where to connect to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// Any address of the next hop.
    Any,
    /// The address and port of the connection before.
    Same,
}

/// What is to be done next.
#[derive(Debug)]
pub enum Step<'a> {
    /// Drop the connection, if there is one, and open a new one; then
    /// [`connected`](super::Delivery::connected) or [`connect_failed`](super::Delivery::connect_failed).
    Connect(Place),
    /// Write some of these octets, then [`sent`](super::Delivery::sent). What arrives meanwhile is welcome:
    /// a peer that cannot get rid of its replies may stop reading.
    Transmit(&'a [u8], Wait),
    /// Give [`content`](super::Delivery::content) of at most so many octets, or
    /// [`end_content`](super::Delivery::end_content).
    Content(usize),
    /// Read: [`received`](super::Delivery::received), [`disconnected`](super::Delivery::disconnected), or
    /// [`timed_out`](super::Delivery::timed_out).
    Wait(Wait),
    /// Every recipient has its final status. Drop the connection unless it
    /// [is kept](super::Delivery::is_kept).
    Done(Report<'a>),
}

/// A call that does not fit the moment. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Misuse {
    /// No connection was asked for.
    NotConnecting,
    /// There is no connection.
    NotConnected,
    /// More octets were reported as sent than were to be sent.
    NothingToSend,
    /// No content is wanted now.
    NoContentWanted,
    /// More content than was asked for.
    TooMuchContent,
    /// The delivery is not done.
    NotDone,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotConnecting => "no connection was asked for",
            Self::NotConnected => "there is no connection",
            Self::NothingToSend => "there are not so many octets to send",
            Self::NoContentWanted => "no content is wanted now",
            Self::TooMuchContent => "more content was given than asked for",
            Self::NotDone => "the delivery is not done",
        })
    }
}

impl core::error::Error for Misuse {}
