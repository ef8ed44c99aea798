//! The name that the certificate of a server must have.

use std::{fmt, net::IpAddr, str::FromStr};

use rustls::pki_types;

/// The name that the certificate of the server must have: a host name or an IP address. A host name is also sent to
/// the server in the handshake (SNI), so that it can choose its certificate.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ServerName(pki_types::ServerName<'static>);

/// Why a text is not a valid server name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ServerNameError {
    /// It is empty.
    Empty,
    /// It has an ASCII character that is not allowed in a host name.
    Character(char),
    /// It is not ASCII. Certificates contain such names as A-labels.
    NotAscii,
    /// A label is empty or longer than 63 octets, or starts or ends with a hyphen, or the name is longer than 253.
    Label,
    /// It ends in a number, but is not an IP address.
    Number,
}

impl fmt::Display for ServerNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the server name is missing")?,
            Self::Character(character) => write!(f, "the server name must not contain {character:?}")?,
            Self::NotAscii => f.write_str("the server name is not ASCII, write its labels in the xn-- form")?,
            Self::Label => f.write_str(
                "a host name has up to 253 characters, and each label of it has 1 to 63 characters, and neither starts \
                 nor ends with a hyphen",
            )?,
            Self::Number => f.write_str("the server name ends in a number, but is not an IP address")?,
        }
        f.write_str("; expected a host name or an IP address, without a port")
    }
}

impl std::error::Error for ServerNameError {}

/// Parses a host name, with an optional dot at the end, or an IP address, in brackets or without. The interface of a
/// link-local address (`%eth0`) is dropped: certificates do not contain it.
impl FromStr for ServerName {
    type Err = ServerNameError;

    fn from_str(text: &str) -> Result<Self, ServerNameError> {
        let address = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        let address = address.split_once('%').filter(|(address, _)| address.contains(':')).map_or(address, |(a, _)| a);
        if let Ok(address) = address.parse::<IpAddr>() {
            return Ok(Self::from(address));
        }
        let Ok(name) = pki_types::DnsName::try_from(text) else { return Err(fault_of(text)) };
        Ok(Self(pki_types::ServerName::DnsName(name.to_owned())))
    }
}

/// Why a text is neither a host name nor an address.
fn fault_of(text: &str) -> ServerNameError {
    if text.is_empty() {
        return ServerNameError::Empty;
    }
    if !text.is_ascii() {
        return ServerNameError::NotAscii;
    }
    if let Some(character) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))) {
        return ServerNameError::Character(character);
    }
    // It would be a valid name with another last label.
    let name = text.strip_suffix('.').unwrap_or(text);
    if text.len() <= 253 && pki_types::DnsName::try_from(format!("{name}.z")).is_ok() {
        return ServerNameError::Number;
    }
    ServerNameError::Label
}

impl From<IpAddr> for ServerName {
    fn from(address: IpAddr) -> Self {
        Self(pki_types::ServerName::IpAddress(address.into()))
    }
}

impl ServerName {
    pub(super) const fn from_rustls(name: pki_types::ServerName<'static>) -> Self {
        Self(name)
    }

    pub(super) const fn as_rustls(&self) -> &pki_types::ServerName<'static> {
        &self.0
    }
}

/// The name, without the dot at its end, or the address, without brackets.
impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_str())
    }
}

impl fmt::Debug for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerName({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_name_is_a_host_name_or_an_address() {
        for (text, shown) in [
            ("mx.example.net", "mx.example.net"),
            ("mx.example.net.", "mx.example.net"),
            ("_smtp.mx_1.xn--bcher-kva.example", "_smtp.mx_1.xn--bcher-kva.example"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("[2001:DB8::25]", "2001:db8::25"),
            ("fe80::1%eth0", "fe80::1"),
        ] {
            let name = text.parse::<ServerName>().map(|name| name.to_string());
            assert_eq!(name.as_deref(), Ok(shown), "{text:?}");
        }
    }

    #[test]
    fn anything_else_is_rejected_with_a_reason() {
        use ServerNameError::{Character, Empty, Label, NotAscii, Number};
        for (text, error) in [
            ("", Empty),
            ("b\u{fc}cher.example", NotAscii),
            ("mx.example.net:25", Character(':')),
            ("[mx.example.net]", Character('[')),
            ("*.example.net", Character('*')),
            ("a b", Character(' ')),
            (".", Label),
            ("a..b", Label),
            ("-a.b", Label),
            ("a-.b", Label),
            (&"a".repeat(64), Label),
            (&["a"; 200].join("."), Label),
            ("1.2.3", Number),
            ("127.0.0.256", Number),
            ("mx.0x1f", Number),
        ] {
            assert_eq!(text.parse::<ServerName>(), Err(error), "{text:?}");
        }
        let sentence = NotAscii.to_string();
        assert!(sentence.contains("xn--"), "{sentence}");
    }
}
