//! The addresses in a field of a header (RFC 5322 section 3.4).

use smtp_proto::{Escaped, ForwardPath};

use crate::addresses;

/// The mailboxes in the body of a field such as `To`, without display names, comments and the names of groups; or why
/// it cannot be understood. Obsolete forms are understood: empty entries, routes, and blanks around `.` and `@`.
pub(crate) fn parse(body: &str) -> Result<Vec<ForwardPath>, String> {
    let mut list = List::default();
    let mut rest = body.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '(' => skip_comment(&mut rest)?,
            '"' => list.push_quoted(&quoted(&mut rest)?),
            '[' => list.push_quoted(&literal(&mut rest)?),
            '<' => list.begin_address()?,
            '>' => list.end_address()?,
            ',' if !list.is_in_address => list.end_entry()?,
            ';' if !list.is_in_address && list.is_in_group => {
                list.end_entry()?;
                list.is_in_group = false;
            }
            ':' if list.is_in_address => list.forget_route()?,
            ':' if !list.is_in_group && list.entry.address.is_none() => {
                // What precedes it is the name of a group.
                list.entry = Entry::default();
                list.is_in_group = true;
            }
            blank if blank.is_ascii_whitespace() => list.entry.has_blank = true,
            other => list.push(other),
        }
    }
    if list.is_in_address {
        return Err("an address has no '>' at its end".to_owned());
    }
    list.end_entry()?;
    Ok(list.mailboxes)
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

#[derive(Default)]
struct List {
    mailboxes: Vec<ForwardPath>,
    entry: Entry,
    is_in_group: bool,
    is_in_address: bool,
}

/// What is known of the current entry.
#[derive(Default)]
struct Entry {
    /// Its text outside of angle brackets: a display name, or an address.
    text: String,
    /// Whether `text` has blanks that cannot be part of an address.
    has_words: bool,
    /// Whether there was a blank before the next character.
    has_blank: bool,
    /// The text in angle brackets.
    address: Option<String>,
}

impl List {
    fn push(&mut self, character: char) {
        let Entry { text, has_words, has_blank, address } = &mut self.entry;
        let text = if self.is_in_address { address.get_or_insert_default() } else { text };
        let is_inner = |character: char| !matches!(character, '.' | '@');
        if *has_blank && is_inner(character) && text.chars().next_back().is_some_and(is_inner) {
            if self.is_in_address {
                // The address is then invalid, and the error says why.
                text.push(' ');
            } else {
                *has_words = true;
            }
        }
        *has_blank = false;
        text.push(character);
    }

    fn push_quoted(&mut self, text: &str) {
        let mut characters = text.chars();
        characters.next().into_iter().for_each(|first| self.push(first));
        let Entry { text, address, .. } = &mut self.entry;
        let text = if self.is_in_address { address.get_or_insert_default() } else { text };
        text.extend(characters);
    }

    fn begin_address(&mut self) -> Result<(), String> {
        if self.is_in_address || self.entry.address.is_some() {
            return Err("an entry has more than one '<'".to_owned());
        }
        (self.is_in_address, self.entry.address, self.entry.has_blank) = (true, Some(String::new()), false);
        Ok(())
    }

    fn end_address(&mut self) -> Result<(), String> {
        if !self.is_in_address {
            return Err("a '>' has no '<' before it".to_owned());
        }
        (self.is_in_address, self.entry.has_blank) = (false, false);
        // Nothing but a comment may follow.
        self.entry.text.clear();
        Ok(())
    }

    /// `<@a,@b:c@d>`: the route is obsolete, and ignored (RFC 5322 section 4.4).
    fn forget_route(&mut self) -> Result<(), String> {
        match &mut self.entry.address {
            Some(route) if route.starts_with('@') => {
                route.clear();
                Ok(())
            }
            _ => Err("an address has ':' outside of quotes".to_owned()),
        }
    }

    fn end_entry(&mut self) -> Result<(), String> {
        let Entry { text, has_words, address, .. } = std::mem::take(&mut self.entry);
        let address = match address {
            Some(_) if !text.is_empty() => return Err(format!("there is {} after an address", shown(&text))),
            Some(address) => address,
            None if text.is_empty() => return Ok(()),
            None if has_words => return Err(format!("{} is a name without an address", shown(&text))),
            None => text,
        };
        let mailbox = addresses::recipient(&address).map_err(|why| format!("{}: {why}", shown(&address)))?;
        self.mailboxes.push(mailbox);
        Ok(())
    }
}

fn shown(text: &str) -> String {
    format!("'{}'", Escaped(text.as_bytes()))
}

/// Skips a comment, which may contain others.
fn skip_comment(rest: &mut Rest<'_>) -> Result<(), String> {
    let mut depth = 1_usize;
    while let Some(character) = rest.next() {
        match character {
            '\\' => drop(rest.next()),
            '(' => depth = depth.saturating_add(1),
            ')' if depth == 1 => return Ok(()),
            ')' => depth -= 1,
            _ => {}
        }
    }
    Err("a comment has no ')' at its end".to_owned())
}

/// The quoted string that has begun, with its quotes.
fn quoted(rest: &mut Rest<'_>) -> Result<String, String> {
    let mut text = String::from('"');
    while let Some(character) = rest.next() {
        text.push(character);
        match character {
            '\\' => text.extend(rest.next()),
            '"' => return Ok(text),
            _ => {}
        }
    }
    Err("a quoted string has no '\"' at its end".to_owned())
}

/// The address literal that has begun, with its brackets.
fn literal(rest: &mut Rest<'_>) -> Result<String, String> {
    let mut text = String::from('[');
    for character in rest {
        text.push(character);
        if character == ']' {
            return Ok(text);
        }
    }
    Err("an address literal has no ']' at its end".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_comments_and_groups_are_left_out() {
        for (body, expected) in [
            ("bob@example.net", &["bob@example.net"][..]),
            (" Bob <bob@example.net>, carol@example.net ", &["bob@example.net", "carol@example.net"]),
            ("\"Builder, Bob\" <bob@example.net>", &["bob@example.net"]),
            ("Bob (a, (nested) \\) <x@y>) <bob@example.net>", &["bob@example.net"]),
            ("bob@example.net (Bob, the builder)", &["bob@example.net"]),
            ("undisclosed-recipients:;", &[]),
            ("Friends: bob@example.net, Carol <carol@x>;, dave@x", &["bob@example.net", "carol@x", "dave@x"]),
            (",, bob@example.net ,", &["bob@example.net"]),
            ("bob . builder @ example . net", &["bob.builder@example.net"]),
            ("\"a, b\"@example.net", &["\"a, b\"@example.net"]),
            ("\"a\\\"b\"@example.net", &["\"a\\\"b\"@example.net"]),
            ("<@one,@two:bob@example.net>", &["bob@example.net"]),
            ("bob@[192.0.2.1]", &["bob@[192.0.2.1]"]),
            ("bob@[IPv6:2001:db8::1]", &["bob@[IPv6:2001:db8::1]"]),
            ("=?utf-8?q?B=C3=B6b?= <bob@example.net>", &["bob@example.net"]),
            ("J\u{fc}rgen <j\u{fc}rgen@example.net>", &["j\u{fc}rgen@example.net"]),
            ("postmaster", &["postmaster"]),
            ("", &[]),
        ] {
            let found: Vec<_> = parse(body).unwrap().iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{body:?}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_explained() {
        for (body, expected) in [
            ("Bob Builder", "'BobBuilder' is a name without an address"),
            ("bob", "'bob': it has no @ with a domain after it; expected LOCAL-PART@DOMAIN, or postmaster alone"),
            ("Bob <bob@example.net", "an address has no '>' at its end"),
            ("bob@example.net>", "a '>' has no '<' before it"),
            ("<a@b> <c@d>", "an entry has more than one '<'"),
            ("<a@b> c@d", "there is 'c@d' after an address"),
            ("Bob (b@x", "a comment has no ')' at its end"),
            ("\"Bob <b@x>", "a quoted string has no '\"' at its end"),
            ("b@[192.0.2.1", "an address literal has no ']' at its end"),
            ("<bob:b@x>", "an address has ':' outside of quotes"),
            ("<>", "'': it is empty; expected an address"),
        ] {
            assert_eq!(parse(body).unwrap_err(), expected, "{body:?}");
        }
        assert!(parse("<a b@x>").unwrap_err().contains("space outside of quotes"));
    }
}
