//! The server to connect to: a host and a port.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    str::FromStr,
};

/// The default port for SMTP.
const SMTP_PORT: u16 = 25;

/// A host, by name or address, and a port.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct NextHop {
    host: Box<str>,
    port: Option<u16>,
}

/// Why a text is not a valid next hop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NextHopError {
    /// The host is missing, or has a character that is not allowed in a host.
    Host,
    /// The text after the colon is not a port.
    Port,
    /// The closing bracket is missing, or is followed by something other than a port.
    Brackets,
}

impl fmt::Display for NextHopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "not a valid host",
            Self::Port => "the port is not a number from 1 to 65535",
            Self::Brackets => "an IPv6 address with a port is written [ADDRESS]:PORT",
        })
    }
}

impl std::error::Error for NextHopError {}

/// Parses `HOST`, `HOST:PORT`, `[ADDRESS]`, `[ADDRESS]:PORT`, or an IPv6 address alone.
impl FromStr for NextHop {
    type Err = NextHopError;

    fn from_str(text: &str) -> Result<Self, NextHopError> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest.split_once(']').ok_or(NextHopError::Brackets)?;
            match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if rest.is_empty() => (host, None),
                None => return Err(NextHopError::Brackets),
            }
        } else {
            match text.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                // More than one colon: an IPv6 address.
                _ => (text, None),
            }
        };
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || "[]@<>".contains(c)) {
            return Err(NextHopError::Host);
        }
        let port = match port.map(str::parse) {
            None => None,
            Some(Ok(0) | Err(_)) => return Err(NextHopError::Port),
            Some(Ok(port)) => Some(port),
        };
        Ok(Self { host: host.into(), port })
    }
}

impl From<SocketAddr> for NextHop {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().to_string().into(), port: Some(address.port()) }
    }
}

impl NextHop {
    /// Sets the port, unless one was given.
    #[must_use]
    pub fn with_default_port(mut self, port: u16) -> Self {
        self.port.get_or_insert(port);
        self
    }

    /// The host as it was given, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; 25 if none was given.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(SMTP_PORT)
    }

    /// The socket address, if the host is an IP address.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.host.parse().ok().map(|host: IpAddr| SocketAddr::new(host, self.port()))
    }

    /// All addresses of the host, IPv4 and IPv6, in the order the system prefers. Blocks.
    pub(crate) fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let addresses: Vec<_> = (self.host(), self.port()).to_socket_addrs()?.collect();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        Ok(addresses)
    }
}

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port())
        } else {
            write!(f, "{}:{}", self.host, self.port())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_hop_is_a_host_with_an_optional_port() {
        for (text, shown) in [
            ("mx.example.net", "mx.example.net:25"),
            ("mx.example.net:2525", "mx.example.net:2525"),
            ("127.0.0.1:26", "127.0.0.1:26"),
            ("[::1]:2525", "[::1]:2525"),
            ("[::1]", "[::1]:25"),
            ("::1", "[::1]:25"),
        ] {
            assert_eq!(text.parse::<NextHop>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn an_invalid_host_or_port_is_rejected() {
        for (text, error) in [
            ("", NextHopError::Host),
            (":25", NextHopError::Host),
            ("a b", NextHopError::Host),
            ("a\r\nb:25", NextHopError::Host),
            ("user@host", NextHopError::Host),
            ("host:", NextHopError::Port),
            ("host:0", NextHopError::Port),
            ("host:65536", NextHopError::Port),
            ("host:smtp", NextHopError::Port),
            ("[::1", NextHopError::Brackets),
            ("[::1]25", NextHopError::Brackets),
        ] {
            assert_eq!(text.parse::<NextHop>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_default_port_does_not_replace_a_given_one() {
        let with_default = |text: &str| text.parse::<NextHop>().unwrap().with_default_port(24).port();
        assert_eq!((with_default("host"), with_default("host:2424")), (24, 2424));
    }
}
