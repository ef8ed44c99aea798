//! Names and addresses that are safe to put into a command: every constructor parses, and rejects what RFC 5321
//! section 4.1.2 does not allow. A value with a line break or an extra parameter cannot be built.

mod error;

use alloc::{boxed::Box, format};
use core::{fmt, net::IpAddr, str::FromStr};

pub use error::AddressError;

use crate::characters::{is_atext, is_invisible, is_utf8_text};

/// The longest path, angle brackets included, in octets (RFC 5321 section 4.5.3.1.3).
const MAX_PATH: usize = 256;
/// The longest domain, in octets (RFC 5321 section 4.5.3.1.2).
const MAX_DOMAIN: usize = 255;

/// The client's name in EHLO, HELO or LHLO: a domain or an address literal, in ASCII (RFC 6531 section 3.7.1) and
/// of at most 255 octets (RFC 5321 section 4.5.3.1.2).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HelloName(Box<str>);

/// A mailbox: local part, `@`, and a domain or an address literal.
///
/// An address has at most 254 octets: a path has at most 256, and its angle brackets are two of them (RFC 5321
/// section 4.5.3.1.3). No other limit applies; in particular, a local part may be longer than the 64 octets that RFC
/// 5321 section 4.5.3.1.1 requires servers to accept, and domain labels are not limited to 63 octets.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mailbox {
    address: Box<str>,
    /// Octets of the local part, quotes included.
    local_len: usize,
}

/// The reverse-path: the sender, as MAIL FROM gives it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "the grammar has these two")]
pub enum ReversePath {
    /// `<>`, for notifications: a notification must never cause another one (RFC 5321 section 4.5.5).
    Null,
    /// The sender.
    Mailbox(Mailbox),
}

/// A forward-path: a recipient, as RCPT TO gives it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "the grammar has these two")]
pub enum ForwardPath {
    /// `postmaster` without a domain (RFC 5321 section 4.1.1.3).
    Postmaster,
    /// A recipient.
    Mailbox(Mailbox),
}

impl HelloName {
    /// Parses a domain, or an address literal such as `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
    pub fn new(name: &str) -> Result<Self, AddressError> {
        check_characters(name)?;
        if !name.is_ascii() {
            return Err(AddressError::NotAscii);
        }
        if name.len() > MAX_DOMAIN {
            return Err(AddressError::TooLong);
        }
        if !is_domain(name) {
            return Err(AddressError::of_domain(name));
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is a fully qualified domain: at least two labels of letters, digits and hyphens, the last one
    /// not a number (RFC 5321 section 2.3.5). Servers may refuse any other name that is not an address literal.
    pub fn is_fully_qualified(&self) -> bool {
        let is_plain = |label: &str| is_label(label) && label.bytes().all(|o| o.is_ascii_alphanumeric() || o == b'-');
        match self.0.rsplit_once('.') {
            Some((labels, last)) => {
                let is_number = last.bytes().all(|o| o.is_ascii_digit());
                labels.split('.').all(is_plain) && is_plain(last) && !is_number
            }
            None => false,
        }
    }
}

/// The address literal (RFC 5321 section 4.1.3).
impl From<IpAddr> for HelloName {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => format!("[{address}]").into(),
            IpAddr::V6(address) => format!("[IPv6:{address}]").into(),
        })
    }
}

impl Mailbox {
    /// Parses `local-part@domain`. Both parts may be UTF-8, which requires a server with SMTPUTF8 (RFC 6531).
    pub fn new(address: &str) -> Result<Self, AddressError> {
        check_characters(address)?;
        // A quoted local part can contain an `@`: the domain follows the last one.
        let (local, domain) = address.rsplit_once('@').ok_or(AddressError::NoDomain)?;
        if !(is_dot_string(local) || is_quoted_string(local)) || !is_domain(domain) {
            return Err(AddressError::of_address(local, domain));
        }
        if address.len().saturating_add("<>".len()) > MAX_PATH {
            return Err(AddressError::TooLong);
        }
        Ok(Self { address: address.into(), local_len: local.len() })
    }

    /// The whole address, without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// The local part, with its quotes if it has any.
    pub fn local_part(&self) -> &str {
        self.address.get(..self.local_len).unwrap_or_default()
    }

    /// The domain or address literal after the `@`.
    pub fn domain(&self) -> &str {
        self.address.get(self.local_len.saturating_add(1)..).unwrap_or_default()
    }
}

impl ReversePath {
    /// The address without angle brackets; empty for the null reverse-path.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Null => "",
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }
}

impl ForwardPath {
    /// The address without angle brackets.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Postmaster => "postmaster",
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }
}

impl FromStr for HelloName {
    type Err = AddressError;

    fn from_str(name: &str) -> Result<Self, AddressError> {
        Self::new(name)
    }
}

impl FromStr for Mailbox {
    type Err = AddressError;

    fn from_str(address: &str) -> Result<Self, AddressError> {
        Self::new(address)
    }
}

/// The empty string and `<>` are the null reverse-path. Angle brackets around an address are removed.
impl FromStr for ReversePath {
    type Err = AddressError;

    fn from_str(path: &str) -> Result<Self, AddressError> {
        match without_brackets(path) {
            "" => Ok(Self::Null),
            address => Mailbox::new(address).map(Self::Mailbox),
        }
    }
}

/// `postmaster` without a domain is accepted in any case. Angle brackets around an address are removed.
impl FromStr for ForwardPath {
    type Err = AddressError;

    fn from_str(path: &str) -> Result<Self, AddressError> {
        match without_brackets(path) {
            name if name.eq_ignore_ascii_case("postmaster") => Ok(Self::Postmaster),
            address => Mailbox::new(address).map(Self::Mailbox),
        }
    }
}

macro_rules! show_as_str {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "<{}>", self.as_str())
            }
        }
    )*};
}
show_as_str!(HelloName Mailbox ReversePath ForwardPath);

impl From<Mailbox> for ReversePath {
    fn from(mailbox: Mailbox) -> Self {
        Self::Mailbox(mailbox)
    }
}

impl From<Mailbox> for ForwardPath {
    fn from(mailbox: Mailbox) -> Self {
        Self::Mailbox(mailbox)
    }
}

fn without_brackets(path: &str) -> &str {
    path.strip_prefix('<').and_then(|path| path.strip_suffix('>')).unwrap_or(path)
}

fn check_characters(text: &str) -> Result<(), AddressError> {
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    match text.char_indices().find(|(_, character)| character.is_control()) {
        Some((at, _)) => Err(AddressError::Control(at)),
        None => match text.chars().find(|character| is_invisible(*character)) {
            Some(character) => Err(AddressError::Invisible(character)),
            None => Ok(()),
        },
    }
}

/// `Domain = sub-domain *("." sub-domain)`, or an address literal. Underscores are allowed because real host names
/// have them.
fn is_domain(domain: &str) -> bool {
    let literal = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match literal {
        // `dcontent = %d33-90 / %d94-126`
        Some(content) => {
            !content.is_empty()
                && content.bytes().all(|o| matches!(o, 33..=90 | 94..=126))
                && !content.contains(['<', '>'])
        }
        None => domain.split('.').all(is_label),
    }
}

fn is_label(label: &str) -> bool {
    let edge = |octet: Option<u8>| octet.is_some_and(|o| o != b'-');
    edge(label.bytes().next())
        && edge(label.bytes().last())
        && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || is_utf8_text(c))
}

/// `Dot-string = Atom *("." Atom)`
fn is_dot_string(local: &str) -> bool {
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`, without angle brackets: a server that does not know quoted strings
/// ends the path at the first one.
fn is_quoted_string(local: &str) -> bool {
    let Some(content) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    let mut characters = content.chars();
    while let Some(character) = characters.next() {
        let quoted = match character {
            '"' => return false,
            '\\' => match characters.next() {
                Some(quoted) => quoted,
                None => return false,
            },
            other => other,
        };
        let is_text = quoted == ' ' || quoted.is_ascii_graphic() || is_utf8_text(quoted);
        if !is_text || matches!(quoted, '<' | '>') {
            return false;
        }
    }
    true
}

impl AsRef<str> for Mailbox {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_splits_at_its_last_at_sign() {
        for (address, local, domain) in [
            ("a@example.com", "a", "example.com"),
            ("\"b@evil.example\"@example.com", "\"b@evil.example\"", "example.com"),
            ("\"a b\\\"c\"@[192.0.2.1]", "\"a b\\\"c\"", "[192.0.2.1]"),
            ("user+tag@host_name.example", "user+tag", "host_name.example"),
            ("jürgen@bücher.example", "jürgen", "bücher.example"),
            ("x@[IPv6:2001:db8::1]", "x", "[IPv6:2001:db8::1]"),
        ] {
            let mailbox = Mailbox::new(address).unwrap();
            assert_eq!((mailbox.local_part(), mailbox.domain()), (local, domain));
        }
    }

    #[test]
    fn an_address_that_could_end_or_change_a_command_is_rejected() {
        use AddressError::{AngleBracket, Control, Domain, Empty, LocalPart, NoDomain, TooLong};
        let long = alloc::format!("{}@example.com", "a".repeat(250));
        for (address, error) in [
            ("", Empty),
            ("postmaster", NoDomain),
            ("a@b\r\nRCPT TO:<c@d>", Control(3)),
            ("a\0@b", Control(1)),
            ("\"a\nb\"@c", Control(2)),
            ("\"\\\r\"@c", Control(2)),
            ("\"a\"b\"@c", LocalPart),
            ("\"a\\\"@c", LocalPart),
            ("a@[]", Domain),
            ("a@[1>2]", AngleBracket),
            ("a@[1 2]", AddressError::Space),
            ("\"a\\", NoDomain),
            ("\"a\\@b", LocalPart),
            (&*long, TooLong),
        ] {
            assert_eq!(Mailbox::new(address), Err(error), "{address:?}");
        }
    }

    #[test]
    fn paths_are_parsed_with_or_without_angle_brackets() {
        assert_eq!("".parse(), Ok(ReversePath::Null));
        assert_eq!("<>".parse(), Ok(ReversePath::Null));
        assert_eq!("<a@b>".parse(), Ok(ReversePath::Mailbox(Mailbox::new("a@b").unwrap())));
        assert_eq!("Postmaster".parse(), Ok(ForwardPath::Postmaster));
        assert_eq!("<>".parse::<ForwardPath>(), Err(AddressError::Empty));
        assert_eq!("<POSTMASTER>".parse::<ForwardPath>().unwrap().as_str(), "postmaster");
        let mailbox: Mailbox = "a@b".parse().unwrap();
        assert_eq!(AsRef::<str>::as_ref(&mailbox), "a@b");
        assert_eq!("a@b".parse(), Ok(ForwardPath::from(mailbox.clone())));
        assert_eq!("a@b".parse(), Ok(ReversePath::from(mailbox)));
    }

    #[test]
    fn a_hello_name_is_an_ascii_domain_or_address_literal() {
        for name in ["mx.example.com", "[192.0.2.1]", "localhost", "host_1"] {
            assert!(HelloName::new(name).is_ok(), "{name}");
        }
        assert_eq!("mx.example".parse::<HelloName>().unwrap().as_str(), "mx.example");
        assert_eq!(HelloName::new("bücher.example"), Err(AddressError::NotAscii));
        for (len, expected) in [(255, None), (256, Some(AddressError::TooLong)), (257, Some(AddressError::TooLong))] {
            assert_eq!(HelloName::new(&"a".repeat(len)).err(), expected, "{len}");
        }
        for name in ["", "a b", "bücher.example", "a\r\nMAIL", "[", "a]", "-x"] {
            assert!(HelloName::new(name).is_err(), "{name}");
        }
    }
}
