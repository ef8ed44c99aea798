//! The server, as a host with a port or as a URL.

use std::str::FromStr;

use smtp_client::{NextHop, NextHopError};

/// The default port for implicit TLS (RFC 8314 section 7.3).
pub(crate) const SUBMISSIONS_PORT: u16 = 465;

/// The server to connect to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ServerAddress {
    /// `HOST[:PORT]`
    Plain(NextHop),
    /// `smtp://HOST[:PORT]`
    Smtp(NextHop),
    /// `smtps://HOST[:PORT]`
    Smtps(NextHop),
    /// It has a user name, perhaps with a password. It is an error, but must not be shown like other errors.
    WithUser,
}

impl FromStr for ServerAddress {
    type Err = NextHopError;

    fn from_str(text: &str) -> Result<Self, NextHopError> {
        if text.contains('@') {
            return Ok(Self::WithUser);
        }
        let (scheme, rest) = text.split_once("://").map_or((None, text), |(scheme, rest)| (Some(scheme), rest));
        let host = || rest.strip_suffix('/').unwrap_or(rest).parse();
        match scheme.map(str::to_ascii_lowercase).as_deref() {
            None => rest.parse().map(Self::Plain),
            Some("smtp") => host().map(Self::Smtp),
            Some("smtps") => host().map(|next_hop: NextHop| Self::Smtps(next_hop.with_default_port(SUBMISSIONS_PORT))),
            Some(_) => text.parse().map(Self::Plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_the_host_the_port_and_whether_tls_is_implicit() {
        let hop = |text: &str| text.parse::<NextHop>().unwrap();
        for (text, expected) in [
            ("mx.example", Some(ServerAddress::Plain(hop("mx.example")))),
            ("smtp://mx.example", Some(ServerAddress::Smtp(hop("mx.example")))),
            ("SMTP://mx.example:26/", Some(ServerAddress::Smtp(hop("mx.example:26")))),
            ("smtps://mx.example", Some(ServerAddress::Smtps(hop("mx.example:465")))),
            ("smtps://[::1]:26", Some(ServerAddress::Smtps(hop("[::1]:26")))),
            ("smtps://user:secret@mx.example", Some(ServerAddress::WithUser)),
            ("user:secret@mx.example", Some(ServerAddress::WithUser)),
            ("http://mx.example", None),
            ("smtp://mx.example/path", None),
            ("smtp://", None),
            ("mx.example/", None),
        ] {
            assert_eq!(text.parse::<ServerAddress>().ok(), expected, "{text}");
        }
    }
}
