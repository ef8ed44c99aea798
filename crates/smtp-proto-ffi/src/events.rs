//! Where to connect to, and what happened on a connection.

use smtp_proto::{Cancel, Disconnect, Place, TlsVersion};

use crate::choices::choices;

/// Where to connect to.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_place {
    /// Any address of the next hop.
    SMTP_PLACE_ANY = 1,
    /// The address and port of the previous connection.
    SMTP_PLACE_SAME = 2,
}

/// How a connection was lost. A read or write that would block, that timed out or that was interrupted does not lose
/// it.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_disconnect {
    /// The peer closed the connection.
    SMTP_DISCONNECT_CLOSED = 1,
    /// The peer reset the connection.
    SMTP_DISCONNECT_RESET = 2,
    /// A write failed. Read what has arrived before you report this.
    SMTP_DISCONNECT_WRITE_FAILED = 3,
    /// A read failed.
    SMTP_DISCONNECT_READ_FAILED = 4,
}

/// Why the caller cancels a delivery.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_cancel {
    /// The delivery was interrupted, such as by a signal.
    SMTP_CANCEL_INTERRUPTED = 1,
    /// The whole delivery took longer than the caller allows.
    SMTP_CANCEL_DEADLINE = 2,
    /// The peer reads the content more slowly than the caller allows.
    SMTP_CANCEL_TOO_SLOW = 3,
    /// The content could not be read to its end.
    SMTP_CANCEL_CONTENT_UNREADABLE = 4,
    /// The content has changed since the delivery began.
    SMTP_CANCEL_CONTENT_CHANGED = 5,
}

/// The version of TLS.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_tls_version {
    /// TLS 1.2 (RFC 5246).
    SMTP_TLS_1_2 = 12,
    /// TLS 1.3 (RFC 8446).
    SMTP_TLS_1_3 = 13,
}

choices! {
    smtp_place = Place { SMTP_PLACE_ANY = Place::Any, SMTP_PLACE_SAME = Place::Same }
    smtp_disconnect = Disconnect {
        SMTP_DISCONNECT_CLOSED = Disconnect::Closed,
        SMTP_DISCONNECT_RESET = Disconnect::Reset,
        SMTP_DISCONNECT_WRITE_FAILED = Disconnect::WriteFailed,
        SMTP_DISCONNECT_READ_FAILED = Disconnect::ReadFailed,
    }
    smtp_cancel = Cancel {
        SMTP_CANCEL_INTERRUPTED = Cancel::Interrupted,
        SMTP_CANCEL_DEADLINE = Cancel::Deadline,
        SMTP_CANCEL_TOO_SLOW = Cancel::TooSlow,
        SMTP_CANCEL_CONTENT_UNREADABLE = Cancel::ContentUnreadable,
        SMTP_CANCEL_CONTENT_CHANGED = Cancel::ContentChanged,
    }
    smtp_tls_version = TlsVersion { SMTP_TLS_1_2 = TlsVersion::Tls12, SMTP_TLS_1_3 = TlsVersion::Tls13 }
}
