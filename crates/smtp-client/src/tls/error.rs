//! Why a handshake failed, in words.

use std::{fmt, io};

use rustls::{AlertDescription, Error, PeerIncompatible, PeerMisbehaved};

use super::{text::printable, verification::VerificationError, verifier::refusal_in};

/// Octets at the start of what the server sent that are kept, to say why it is not TLS.
pub(super) const FIRST_OCTETS: usize = 128;

/// Why TLS failed. [`Display`](fmt::Display) is a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The server answered in clear text. This is the start of its answer.
    Plaintext(String),
    /// The server closed the connection during the handshake.
    Closed,
    /// The connection failed during the handshake.
    Lost(io::ErrorKind),
    /// The server sent this alert: its name in RFC 8446 section 6, or its number.
    Alert(String),
    /// The server shares no TLS version or no algorithm with this client.
    Incompatible(String),
    /// The certificate of the server was refused.
    Certificate(VerificationError),
    /// The server violated the protocol.
    Protocol(String),
}

impl HandshakeError {
    /// Explains an error of rustls. `first` is the start of what the server sent.
    pub(super) fn explain(error: &Error, first: &[u8]) -> Self {
        if let Some(error) = refusal_in(error) {
            return Self::Certificate(error.clone());
        }
        match error {
            Error::AlertReceived(alert) => Self::Alert(alert_name(*alert)),
            Error::PeerIncompatible(why) => Self::Incompatible(incompatibility(why)),
            Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite) => {
                Self::Incompatible("it chose a cipher suite that was not offered".into())
            }
            _ => Self::plaintext(first).unwrap_or_else(|| Self::Protocol(printable(&error.to_string()))),
        }
    }

    /// The connection was closed, or lost in the given way. `first` is the start of what the server sent.
    pub(super) fn lost(how: Option<io::ErrorKind>, first: &[u8]) -> Self {
        Self::plaintext(first).unwrap_or_else(|| how.map_or(Self::Closed, Self::Lost))
    }

    /// An SMTP reply, or other text, instead of a TLS record.
    fn plaintext(first: &[u8]) -> Option<Self> {
        let line = first.split(|octet| matches!(octet, b'\r' | b'\n')).next().unwrap_or_default();
        let is_text = |octet: &u8| *octet == b'\t' || *octet == b' ' || octet.is_ascii_graphic() || !octet.is_ascii();
        // No TLS record begins with a printable character.
        let is_plaintext = line.first().is_some_and(u8::is_ascii_graphic) && line.iter().all(is_text);
        is_plaintext.then(|| Self::Plaintext(printable(&String::from_utf8_lossy(line))))
    }
}

/// Whether octets that should be an SMTP reply are the start of a TLS record. If so, the server expects TLS from the
/// start on this port.
///
/// Most such servers stay silent until a TLS handshake arrives. Others answer clear text with an alert.
pub fn looks_like_tls(octets: &[u8]) -> bool {
    // Content types 20 to 23, and the major version (RFC 8446 section 5.1).
    matches!(octets, [0x14..=0x17, 0x03, ..])
}

/// The names of RFC 8446 section 6, and of older RFCs.
fn alert_name(alert: AlertDescription) -> String {
    use AlertDescription as A;
    let name = match alert {
        A::CloseNotify => "close_notify",
        A::UnexpectedMessage => "unexpected_message",
        A::BadRecordMac => "bad_record_mac",
        A::DecryptionFailed => "decryption_failed",
        A::RecordOverflow => "record_overflow",
        A::HandshakeFailure => "handshake_failure",
        A::BadCertificate => "bad_certificate",
        A::UnsupportedCertificate => "unsupported_certificate",
        A::CertificateRevoked => "certificate_revoked",
        A::CertificateExpired => "certificate_expired",
        A::CertificateUnknown => "certificate_unknown",
        A::IllegalParameter => "illegal_parameter",
        A::UnknownCA => "unknown_ca",
        A::AccessDenied => "access_denied",
        A::DecodeError => "decode_error",
        A::DecryptError => "decrypt_error",
        A::ProtocolVersion => "protocol_version",
        A::InsufficientSecurity => "insufficient_security",
        A::InternalError => "internal_error",
        A::InappropriateFallback => "inappropriate_fallback",
        A::UserCanceled => "user_canceled",
        A::MissingExtension => "missing_extension",
        A::UnsupportedExtension => "unsupported_extension",
        A::UnrecognisedName => "unrecognized_name",
        A::CertificateRequired => "certificate_required",
        A::NoApplicationProtocol => "no_application_protocol",
        other => return u8::from(other).to_string(),
    };
    name.to_owned()
}

/// What an alert means, and what to do about it.
fn advice(alert: &str) -> &'static str {
    match alert {
        "handshake_failure" | "insufficient_security" => {
            ": it shares no algorithm with this client, or requires a client certificate"
        }
        "protocol_version" => ": it does not speak TLS 1.2 or 1.3",
        "certificate_required" => ": it requires a client certificate",
        "bad_certificate"
        | "unsupported_certificate"
        | "certificate_revoked"
        | "certificate_expired"
        | "certificate_unknown"
        | "unknown_ca"
        | "access_denied" => ": it refuses the client certificate, or requires one",
        "unrecognized_name" => ": it does not have a certificate for this name",
        "internal_error" => ": see the log of the server",
        _ => "",
    }
}

fn incompatibility(why: &PeerIncompatible) -> String {
    use PeerIncompatible as P;
    match why {
        P::ServerDoesNotSupportTls12Or13 | P::ServerTlsVersionIsDisabledByOurConfig => {
            "it does not speak TLS 1.2 or 1.3".into()
        }
        P::NoCipherSuitesInCommon => "it supports none of the offered cipher suites".into(),
        P::NoKxGroupsInCommon => "it supports none of the offered key exchanges".into(),
        P::NoSignatureSchemesInCommon | P::NoCertificateRequestSignatureSchemesInCommon => {
            "it supports none of the offered signature algorithms".into()
        }
        other => format!("{other:?}"),
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plaintext(text) => {
                write!(f, "the server answered in clear text: it does not speak TLS on this port (it sent \"{text}\")")
            }
            Self::Closed => f.write_str("the server closed the connection during the TLS handshake"),
            Self::Lost(kind) => write!(f, "the connection was lost during the TLS handshake: {kind}"),
            Self::Alert(alert) => write!(f, "the server refused TLS with the alert {alert}{}", advice(alert)),
            Self::Incompatible(why) => write!(f, "TLS with the server is not possible: {why}"),
            Self::Certificate(error) => error.fmt(f),
            Self::Protocol(why) => write!(f, "the server violated the TLS protocol: {why}"),
        }
    }
}

impl std::error::Error for HandshakeError {}

/// For errors after the handshake, from [`read`](super::TlsChannel::read).
impl From<HandshakeError> for io::Error {
    fn from(error: HandshakeError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_text_is_recognised() {
        let text = |first: &[u8]| HandshakeError::plaintext(first).map(|error| error.to_string());
        let sentence = "the server answered in clear text: it does not speak TLS on this port (it sent \"220 hi\")";
        assert_eq!(text(b"220 hi\r\n250 ").as_deref(), Some(sentence));
        assert!(text(b"2").is_some());
        for first in [&b""[..], b"\r\n220 hi", b"\x15\x03\x01\x00\x02", b"22\0 hi", b"\x16\x03\x03abc"] {
            assert_eq!(text(first), None, "{first:?}");
        }
    }

    #[test]
    fn tls_is_recognised() {
        assert!(looks_like_tls(b"\x15\x03\x01\x00\x02\x02\x16"));
        assert!(looks_like_tls(b"\x16\x03"));
        assert!(!looks_like_tls(b"\x15"));
        assert!(!looks_like_tls(b"220 hi"));
        assert!(!looks_like_tls(b""));
    }

    #[test]
    fn alerts_have_their_names_and_advice() {
        let shown = |alert| HandshakeError::explain(&Error::AlertReceived(alert), b"\x15\x03").to_string();
        assert_eq!(
            shown(AlertDescription::ProtocolVersion),
            "the server refused TLS with the alert protocol_version: it does not speak TLS 1.2 or 1.3"
        );
        assert_eq!(shown(AlertDescription::DecodeError), "the server refused TLS with the alert decode_error");
        assert_eq!(shown(AlertDescription::Unknown(200)), "the server refused TLS with the alert 200");
    }
}
