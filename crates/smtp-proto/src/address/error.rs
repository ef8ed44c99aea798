//! What is wrong with a name or an address.

use core::fmt;

use crate::characters::is_atext;

/// Why a name or an address cannot be put into a command.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AddressError {
    /// It is empty.
    Empty,
    /// There is no `@`, or no domain after it.
    NoDomain,
    /// There is nothing before the `@`.
    NoLocalPart,
    /// A control character (CR, LF and NUL included) at this offset, in octets.
    Control(usize),
    /// A character that cannot be seen, or that only changes how others look: bidirectional and other format
    /// characters, fillers, and tags.
    Invisible(char),
    /// A display name and an address in angle brackets, as in a header.
    DisplayName,
    /// Several addresses.
    Several,
    /// An angle bracket, also a quoted one: some servers end the path there.
    AngleBracket,
    /// A space outside of a quoted string.
    Space,
    /// Two dots in a row, outside of a quoted string.
    Dots,
    /// A dot at the start or the end of the local part or the domain.
    EdgeDot,
    /// A character of the local part that is allowed only in a quoted string.
    Unquoted(char),
    /// The local part is neither a dot-string nor a quoted string.
    LocalPart,
    /// The domain is neither a sequence of labels nor an address literal.
    Domain,
    /// A [`Mailbox`](crate::Mailbox) of more than 254 octets, or a [`HelloName`](crate::HelloName) of more than 255.
    TooLong,
    /// A [`HelloName`](crate::HelloName) that is not ASCII.
    NotAscii,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control(at) => return write!(f, "it has a control character at octet {at}"),
            Self::Invisible(character) => {
                return write!(f, "it has the invisible character U+{:04X}", *character as u32);
            }
            Self::Unquoted(character) => return write!(f, "the local part has {character:?} outside of quotes"),
            Self::Empty => "it is empty",
            Self::NoDomain => "it has no @ with a domain after it",
            Self::NoLocalPart => "it has nothing before the @",
            Self::DisplayName => "it has a display name",
            Self::Several => "it has several addresses",
            Self::AngleBracket => "it has an angle bracket, where a server may end the address",
            Self::Space => "it has a space outside of quotes",
            Self::Dots => "it has two dots in a row",
            Self::EdgeDot => "the local part or the domain starts or ends with a dot",
            Self::LocalPart => "the local part is neither a dot-string nor a quoted string",
            Self::Domain => "the domain is neither labels separated by dots nor an address in brackets",
            Self::TooLong => "it is too long: an address has at most 254 octets, a client name 255",
            Self::NotAscii => "it is not ASCII",
        })
    }
}

impl core::error::Error for AddressError {}

impl AddressError {
    /// The most telling error for an address whose local part or domain is invalid. Most likely mistakes come first.
    pub(super) fn of_address(local: &str, domain: &str) -> Self {
        let outside = |wanted: fn(char) -> bool| unquoted(local).chain(domain.chars()).filter(|c| wanted(*c)).count();
        // One more is between the local part and the domain.
        let is_one_address = outside(|c| c == '@') == 0;
        let is_list = outside(|c| matches!(c, ',' | ';')) > 0;
        let is_bracketed = domain.ends_with('>') && outside(|c| c == '<') == 1 && !local.starts_with('<');
        if !is_one_address && is_list {
            Self::Several
        } else if is_bracketed {
            Self::DisplayName
        } else if local.contains(['<', '>']) || domain.contains(['<', '>']) {
            Self::AngleBracket
        } else if !is_one_address && outside(|c| c == ' ') > 0 {
            Self::Several
        } else if local.is_empty() {
            Self::NoLocalPart
        } else if domain.is_empty() {
            Self::NoDomain
        } else if unquoted(local).any(|c| c == ' ') {
            Self::Space
        } else if local.starts_with('"') {
            Self::LocalPart
        } else if let Some(dots) = Self::of_dots(local) {
            dots
        } else if let Some(character) = local.chars().find(|c| *c != '.' && !is_atext(*c)) {
            Self::Unquoted(character)
        } else {
            Self::of_domain(domain)
        }
    }

    /// The most telling error for an invalid domain.
    pub(super) fn of_domain(domain: &str) -> Self {
        if domain.contains(' ') {
            return Self::Space;
        }
        Self::of_dots(domain).unwrap_or(Self::Domain)
    }

    fn of_dots(text: &str) -> Option<Self> {
        if text.starts_with('.') || text.ends_with('.') {
            Some(Self::EdgeDot)
        } else {
            text.contains("..").then_some(Self::Dots)
        }
    }
}

/// The characters outside of quoted strings.
fn unquoted(text: &str) -> impl Iterator<Item = char> {
    let (mut quoted, mut escaped) = (false, false);
    text.chars().filter(move |character| {
        let was_quoted = quoted;
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        !was_quoted && *character != '"'
    })
}

#[cfg(test)]
mod tests {
    use super::super::{HelloName, Mailbox};
    use super::*;

    #[test]
    fn the_most_likely_mistake_is_named() {
        use AddressError::{
            AngleBracket, DisplayName, Domain, Dots, EdgeDot, LocalPart, NoDomain, NoLocalPart, Several, Space,
            Unquoted,
        };
        for (address, error) in [
            ("Bob <b@x>", DisplayName),
            ("\"Bob\" <b@x>", DisplayName),
            ("\"Doe, John\" <b@x>", DisplayName),
            ("Doe, John <b@x>", DisplayName),
            ("b@x <b@x>", DisplayName),
            ("a@x,b@x", Several),
            ("a@x; b@x", Several),
            ("a@x b@x", Several),
            (&["a@x"; 100].join(","), Several),
            ("Bob <b@x>, Al <a@x>", Several),
            ("<a@x>,<b@x>", Several),
            ("a@b@c", Unquoted('@')),
            ("a,b@c", Unquoted(',')),
            ("a(b)@c", Unquoted('(')),
            ("a\u{a0}b@c", Unquoted('\u{a0}')),
            ("a b@c", Space),
            ("a@b c", Space),
            ("a..b@c", Dots),
            ("a@b..c", Dots),
            (".a@b", EdgeDot),
            ("a.@b", EdgeDot),
            ("a@b.", EdgeDot),
            ("@b", NoLocalPart),
            ("a@", NoDomain),
            ("a", NoDomain),
            ("<a@b>", AngleBracket),
            ("<a@b", AngleBracket),
            ("a@b>", AngleBracket),
            ("a> NOTIFY=NEVER@b", AngleBracket),
            ("a@b> AUTH=<", AngleBracket),
            ("\"u> NOTIFY=NEVER\"@to.test", AngleBracket),
            ("\"a\\<b\"@c", AngleBracket),
            ("\"a\"b@c", LocalPart),
            ("\"a\u{a0}\"@c", LocalPart),
            ("a@b,", Domain),
            ("a@-b", Domain),
        ] {
            assert_eq!(Mailbox::new(address), Err(error), "{address:?}");
        }
        assert_eq!(HelloName::new("a b"), Err(Space));
        assert!(Mailbox::new("\"b c\"@to.test").is_ok());
    }

    #[test]
    fn what_is_quoted_is_left_out_with_its_quotes() {
        for (text, expected) in
            [("a\"b\"c", "ac"), ("\"a\\\"b\"c", "c"), ("a\\\"b\"", "a\\"), ("\"a\\\\\"b", "b"), ("\"a", "")]
        {
            assert_eq!(unquoted(text).collect::<alloc::string::String>(), expected, "{text}");
        }
    }

    #[test]
    fn characters_that_fool_a_reader_are_refused_everywhere() {
        let ranges = [
            '\u{ad}'..='\u{ad}',
            '\u{61c}'..='\u{61c}',
            '\u{180e}'..='\u{180e}',
            '\u{200b}'..='\u{200f}',
            '\u{202a}'..='\u{202e}',
            '\u{2060}'..='\u{2064}',
            '\u{2066}'..='\u{206f}',
            '\u{feff}'..='\u{feff}',
            '\u{fff9}'..='\u{fffb}',
            '\u{e0000}'..='\u{e007f}',
        ];
        for character in ranges.into_iter().flatten() {
            let texts = [
                alloc::format!("a{character}@b"),
                alloc::format!("\"a{character}\"@b"),
                alloc::format!("a@b{character}"),
                alloc::format!("a@[1{character}]"),
            ];
            for text in texts {
                assert_eq!(Mailbox::new(&text), Err(AddressError::Invisible(character)), "{text:?}");
            }
            let name = alloc::format!("a{character}");
            assert_eq!(HelloName::new(&name), Err(AddressError::Invisible(character)), "{name:?}");
        }
        for character in '\u{80}'..='\u{9f}' {
            assert_eq!(Mailbox::new(&alloc::format!("a{character}@b")), Err(AddressError::Control(1)));
        }
        assert!(
            Mailbox::new("\u{2764}\u{fe0f}@\u{5d3}\u{5d5}\u{5d0}\u{5e8}.example").is_ok(),
            "what can be seen is not"
        );
    }
}
