//! The server to connect to: a host and a port, or a Unix socket.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
    str::FromStr,
};

use socket2::SockAddr;

use crate::endpoint::Endpoint;

/// The default port for SMTP.
const SMTP_PORT: u16 = 25;
/// The longest host name, and the longest label in one, in octets (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A host, by name or address, and a port; or a Unix socket.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct NextHop(Place);

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Place {
    Host { name: Box<str>, port: Option<u16> },
    Unix(Box<Path>),
}

/// Why a text is not a valid next hop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NextHopError {
    /// The host is missing.
    Empty,
    /// The host has an ASCII character that is not allowed in one.
    Character(char),
    /// The host is not ASCII. Names are looked up as they are given, without conversion to A-labels.
    NotAscii,
    /// A label of the host is empty or longer than 63 octets, or starts or ends with a hyphen.
    Label,
    /// The host is longer than 253 octets.
    TooLong,
    /// The host looks like an IPv4 address, but is not one.
    Ipv4,
    /// The host has colons, and is not an IPv6 address.
    Ipv6,
    /// The path of a Unix socket is empty, has a NUL, or is longer than the system allows.
    Path,
    /// The text after the colon is not a port.
    Port,
    /// The closing bracket is missing, or is followed by something other than a port.
    Brackets,
    /// Without brackets, the text can be an IPv6 address alone or one with a port.
    Ambiguous {
        /// The whole text as an address.
        whole: Ipv6Addr,
        /// The text before the last colon as an address.
        address: Ipv6Addr,
        /// The text after the last colon as a port.
        port: u16,
    },
}

impl fmt::Display for NextHopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the host is missing")?,
            Self::Character(character) => write!(f, "the host must not contain {character:?}")?,
            Self::NotAscii => f.write_str("the host is not ASCII, write its labels in the xn-- form")?,
            Self::Label => f.write_str(
                "each label of a host name has 1 to 63 characters, and neither starts nor ends with a hyphen",
            )?,
            Self::TooLong => f.write_str("the host name is longer than 253 characters")?,
            Self::Ipv4 => f.write_str("the host looks like an IPv4 address, but is not one")?,
            Self::Ipv6 => f.write_str("the host is not an IPv6 address")?,
            Self::Path => return f.write_str("the path of the Unix socket is empty, has a NUL, or is too long"),
            Self::Port => f.write_str("the port is not a number from 1 to 65535")?,
            Self::Brackets => f.write_str("the brackets do not match, or something other than a port follows them")?,
            Self::Ambiguous { whole, address, port } => {
                return write!(f, "this can be read in two ways, write [{whole}] or [{address}]:{port}");
            }
        }
        f.write_str("; expected HOST, HOST:PORT, [ADDRESS]:PORT or unix:PATH")
    }
}

impl std::error::Error for NextHopError {}

/// Parses `HOST`, `HOST:PORT`, `[HOST]`, `[HOST]:PORT`, or an IPv6 address alone, unless that could be an address with
/// a port; or `unix:PATH`, where an absolute path needs no `unix:`.
///
/// A host is a domain name (RFC 1123 section 2.1, with underscores and an optional dot at the end), an IPv4 address,
/// or an IPv6 address with an optional zone.
impl FromStr for NextHop {
    type Err = NextHopError;

    fn from_str(text: &str) -> Result<Self, NextHopError> {
        if let Some(path) = text.strip_prefix("unix:").or_else(|| text.starts_with('/').then_some(text)) {
            return Self::unix(path);
        }
        let (host, port) = split(text)?;
        check_host(host)?;
        let port = port.map(parse_port).transpose()?;
        Ok(Self(Place::Host { name: host.into(), port }))
    }
}

/// Splits a text into a host and a port.
fn split(text: &str) -> Result<(&str, Option<&str>), NextHopError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(NextHopError::Brackets)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(NextHopError::Brackets),
        };
    }
    match text.split_once(':') {
        None => Ok((text, None)),
        Some((host, port)) if !port.contains(':') => Ok((host, Some(port))),
        Some(_) => {
            check_one_reading(text)?;
            Ok((text, None))
        }
    }
}

/// Refuses an IPv6 address whose last group can also be a port. `::1` is accepted, because `::` is not an
/// address to connect to.
fn check_one_reading(text: &str) -> Result<(), NextHopError> {
    let Ok(whole) = text.parse::<Ipv6Addr>() else { return Ok(()) };
    let Some((before, Ok(port))) = text.rsplit_once(':').map(|(before, port)| (before, parse_port(port))) else {
        return Ok(());
    };
    // In `2001:db8::25`, the address before the port would be `2001:db8::`.
    let address = before.parse().or_else(|_| format!("{before}:").parse());
    match address {
        Ok(address) if !whole.is_loopback() => Err(NextHopError::Ambiguous { whole, address, port }),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn parse_port(text: &str) -> Result<u16, NextHopError> {
    // `u16` would also take a sign.
    let port = text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    port.filter(|port| *port != 0).ok_or(NextHopError::Port)
}

fn check_host(host: &str) -> Result<(), NextHopError> {
    if host.contains(':') {
        return check_ipv6(host);
    }
    if host.is_empty() {
        return Err(NextHopError::Empty);
    }
    if !host.is_ascii() {
        return Err(NextHopError::NotAscii);
    }
    if let Some(character) = host.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))) {
        return Err(NextHopError::Character(character));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.len() > MAX_NAME {
        return Err(NextHopError::TooLong);
    }
    if name.split('.').any(|label| !(1..=MAX_LABEL).contains(&label.len()) || edged_with_hyphen(label)) {
        return Err(NextHopError::Label);
    }
    // The system may read such a name as an address: `1.2.3` as 1.2.0.3.
    if name.rsplit('.').next().is_some_and(is_number) && host.parse::<Ipv4Addr>().is_err() {
        return Err(NextHopError::Ipv4);
    }
    Ok(())
}

fn edged_with_hyphen(label: &str) -> bool {
    label.starts_with('-') || label.ends_with('-')
}

/// Whether a label is a decimal or hexadecimal number, which no top-level domain is.
fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x").or_else(|| label.strip_prefix("0X")) {
        Some(digits) => digits.bytes().all(|octet| octet.is_ascii_hexdigit()),
        None => label.bytes().all(|octet| octet.is_ascii_digit()),
    }
}

/// An address, with the interface it is reached through if it is a link-local one (RFC 4007 section 11).
fn check_ipv6(host: &str) -> Result<(), NextHopError> {
    let (address, zone) = host.split_once('%').map_or((host, None), |(address, zone)| (address, Some(zone)));
    let is_zone = |zone: &str| {
        !zone.is_empty() && zone.bytes().all(|o| o.is_ascii_alphanumeric() || matches!(o, b'-' | b'_' | b'.'))
    };
    if address.parse::<Ipv6Addr>().is_ok() && zone.is_none_or(is_zone) { Ok(()) } else { Err(NextHopError::Ipv6) }
}

impl From<SocketAddr> for NextHop {
    fn from(address: SocketAddr) -> Self {
        Self(Place::Host { name: address.ip().to_string().into(), port: Some(address.port()) })
    }
}

impl NextHop {
    /// The Unix socket with this path.
    pub fn unix(path: impl Into<PathBuf>) -> Result<Self, NextHopError> {
        let path = path.into();
        let octets = path.as_os_str().as_encoded_bytes();
        let is_valid = !octets.is_empty() && !octets.contains(&0) && SockAddr::unix(&path).is_ok();
        if is_valid { Ok(Self(Place::Unix(path.into()))) } else { Err(NextHopError::Path) }
    }

    /// Sets the port, unless one was given. A Unix socket has none.
    #[must_use]
    pub fn with_default_port(mut self, default: u16) -> Self {
        if let Place::Host { port, .. } = &mut self.0 {
            port.get_or_insert(default);
        }
        self
    }

    /// The host as it was given, without brackets; `localhost` for a Unix socket.
    pub fn host(&self) -> &str {
        match &self.0 {
            Place::Host { name, .. } => name,
            Place::Unix(_) => "localhost",
        }
    }

    /// The port; 25 if none was given, and `None` for a Unix socket.
    pub fn port(&self) -> Option<u16> {
        match &self.0 {
            Place::Host { port, .. } => Some(port.unwrap_or(SMTP_PORT)),
            Place::Unix(_) => None,
        }
    }

    /// The same for all texts that mean the same: in lower case, and with its port.
    #[cfg(feature = "tokio")]
    pub(crate) fn in_one_form(self) -> Self {
        match self.0 {
            Place::Host { name, port } => {
                Self(Place::Host { name: name.to_ascii_lowercase().into(), port: port.or(Some(SMTP_PORT)) })
            }
            Place::Unix(_) => self,
        }
    }

    /// What to connect to, if no name has to be looked up.
    pub(crate) fn endpoint(&self) -> Option<Endpoint> {
        match (&self.0, self.port()) {
            (Place::Unix(path), _) => Some(Endpoint::Unix(path.to_path_buf())),
            (Place::Host { name, .. }, Some(port)) => {
                name.parse().ok().map(|host: IpAddr| SocketAddr::new(host, port).into())
            }
            (Place::Host { .. }, None) => None,
        }
    }

    /// All addresses of the host, IPv4 and IPv6, in the order the system prefers. Blocks.
    pub(crate) fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let addresses: Vec<_> = (self.host(), self.port().unwrap_or(SMTP_PORT)).to_socket_addrs()?.collect();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        Ok(addresses)
    }
}

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Unix(path) => write!(f, "{}", Endpoint::Unix(path.to_path_buf())),
            Place::Host { name, port } => {
                let port = port.unwrap_or(SMTP_PORT);
                if name.contains(':') { write!(f, "[{name}]:{port}") } else { write!(f, "{name}:{port}") }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_hop_is_a_host_with_an_optional_port() {
        let label = "a".repeat(63);
        let longest = [&label[..], &label, &label, &label[..61]].join(".");
        for (text, shown) in [
            ("mx.example.net", "mx.example.net:25"),
            ("mx.example.net:2525", "mx.example.net:2525"),
            ("mx.example.net.", "mx.example.net.:25"),
            ("_smtp.mx_1.xn--bcher-kva.example", "_smtp.mx_1.xn--bcher-kva.example:25"),
            ("1.2.3.example", "1.2.3.example:25"),
            ("0xfg", "0xfg:25"),
            ("127.0.0.1:26", "127.0.0.1:26"),
            ("[mx.example.net]:26", "mx.example.net:26"),
            ("[::1]:2525", "[::1]:2525"),
            ("[::1]", "[::1]:25"),
            ("::1", "[::1]:25"),
            ("::", "[::]:25"),
            ("2001:db8::", "[2001:db8::]:25"),
            ("2001:db8::c", "[2001:db8::c]:25"),
            ("2001:db8:0:0:0:0:0:25", "[2001:db8:0:0:0:0:0:25]:25"),
            ("::ffff:192.0.2.1", "[::ffff:192.0.2.1]:25"),
            ("[fe80::1%eth0]:26", "[fe80::1%eth0]:26"),
            ("fe80::1%eth0", "[fe80::1%eth0]:25"),
            (&longest, &format!("{longest}:25")),
            ("/run/dovecot/lmtp", "/run/dovecot/lmtp"),
            ("unix:/run/lmtp", "/run/lmtp"),
            ("unix:lmtp", "lmtp"),
        ] {
            assert_eq!(text.parse::<NextHop>().map(|next_hop| next_hop.to_string()).as_deref(), Ok(shown), "{text:?}");
        }
    }

    #[test]
    fn an_invalid_host_or_port_is_rejected() {
        use NextHopError::{Brackets, Character, Empty, Ipv4, Ipv6, Label, NotAscii, Path, Port, TooLong};
        let label = "a".repeat(63);
        for (text, error) in [
            ("", Empty),
            (":25", Empty),
            ("[]:25", Empty),
            ("a b", Character(' ')),
            ("a,b", Character(',')),
            ("127.0.0.1/mail", Character('/')),
            ("run/lmtp", Character('/')),
            ("unix:", Path),
            ("unix:a\0b", Path),
            (&format!("/{}", "a".repeat(200)), Path),
            ("a\r\nb:25", Character('\r')),
            ("a\u{1b}[31m", Character('\u{1b}')),
            ("user@host", Character('@')),
            ("a%b", Character('%')),
            ("b\u{fc}cher.example", NotAscii),
            ("a\u{202e}b", NotAscii),
            ("a\u{e0041}b", NotAscii),
            (".", Label),
            ("a..b", Label),
            (".a", Label),
            ("a.-b", Label),
            ("a-.b", Label),
            (&format!("a{label}.b"), Label),
            (&[&label[..]; 4].join("."), TooLong),
            ("127.0.0.256", Ipv4),
            ("127.0.0.1.", Ipv4),
            ("127.0.0.01", Ipv4),
            ("1.2.3", Ipv4),
            ("1", Ipv4),
            ("0x7f000001", Ipv4),
            ("127.0.0.1.5:25", Ipv4),
            ("127.0.0.1:25:25", Ipv6),
            ("::1:65536", Ipv6),
            ("[a:25]", Ipv6),
            ("[::1%]", Ipv6),
            ("[::1%a b]", Ipv6),
            ("[::1%\u{202e}]", Ipv6),
            ("host:", Port),
            ("host:0", Port),
            ("host:65536", Port),
            ("host:+25", Port),
            ("host:smtp", Port),
            ("[::1]:", Port),
            ("[::1", Brackets),
            ("[::1]25", Brackets),
        ] {
            assert_eq!(text.parse::<NextHop>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn an_ipv6_address_that_may_end_in_a_port_is_rejected_with_both_readings() {
        for (text, readings) in [
            ("::1:2525", "[::1:2525] or [::1]:2525"),
            ("2001:db8::25", "[2001:db8::25] or [2001:db8::]:25"),
            ("::25", "[::25] or [::]:25"),
            ("1:2:3:4:5:6::8", "[1:2:3:4:5:6:0:8] or [1:2:3:4:5:6::]:8"),
        ] {
            let error = text.parse::<NextHop>().unwrap_err().to_string();
            assert_eq!(error, format!("this can be read in two ways, write {readings}"), "{text:?}");
        }
    }

    #[test]
    fn a_default_port_does_not_replace_a_given_one() {
        let with_default = |text: &str| text.parse::<NextHop>().unwrap().with_default_port(24).port();
        let ports = ["host", "host:2424", "/run/lmtp"].map(with_default);
        assert_eq!(ports, [Some(24), Some(2424), None]);
    }
}
