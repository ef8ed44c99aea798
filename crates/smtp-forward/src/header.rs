//! Whether a message has a header.

/// Looks for a header field before the first empty line, in pieces of any size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HeaderSearch(State);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    AtLineStart,
    /// A line has only a CR so far.
    AfterCr,
    InName,
    /// In the blanks that the obsolete syntax allows before the colon (RFC 5322 section 4.5).
    AfterName,
    /// In a line that is not a field.
    InOtherLine,
    Found,
    Missing,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    /// A character of a field name (RFC 5322 section 3.6.8).
    Name,
    Colon,
    Blank,
    Cr,
    Lf,
    Other,
}

impl HeaderSearch {
    pub(crate) const fn new() -> Self {
        Self(State::AtLineStart)
    }

    pub(crate) fn add(&mut self, piece: &[u8]) {
        for octet in piece {
            if matches!(self.0, State::Found | State::Missing) {
                return;
            }
            self.0 = next(self.0, class(*octet));
        }
    }

    pub(crate) const fn has_found(self) -> bool {
        matches!(self.0, State::Found)
    }
}

const fn class(octet: u8) -> Class {
    match octet {
        b':' => Class::Colon,
        b' ' | b'\t' => Class::Blank,
        b'\r' => Class::Cr,
        b'\n' => Class::Lf,
        33..=126 => Class::Name,
        0..=32 | 127..=255 => Class::Other,
    }
}

const fn next(state: State, class: Class) -> State {
    match (state, class) {
        (State::Found, _) | (State::InName | State::AfterName, Class::Colon) => State::Found,
        (State::Missing, _) | (State::AtLineStart | State::AfterCr, Class::Lf) => State::Missing,
        (State::AtLineStart | State::InName, Class::Name) => State::InName,
        (State::InName | State::AfterName, Class::Blank) => State::AfterName,
        (State::AtLineStart, Class::Cr) => State::AfterCr,
        (State::InName | State::AfterName | State::InOtherLine, Class::Lf) => State::AtLineStart,
        (State::AtLineStart, Class::Colon | Class::Blank | Class::Other)
        | (State::InName, Class::Cr | Class::Other)
        | (State::AfterName, Class::Name | Class::Cr | Class::Other)
        | (State::AfterCr | State::InOtherLine, Class::Name | Class::Colon | Class::Blank | Class::Cr | Class::Other) => {
            State::InOtherLine
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_field_before_the_first_empty_line() {
        for (content, has_header) in [
            ("Subject: x\n\nhello\n", true),
            ("Subject:\r\n", true),
            ("Subject :x", true),
            ("From a@b Mon Jan 1\nSubject: x\n", true),
            ("hello\nX-Late: x\n", true),
            ("\rSubject: x\nTo: y\n", true),
            ("", false),
            ("hello\nworld\n", false),
            ("hello\n\nSubject: x\n", false),
            ("\nSubject: x\n", false),
            ("\r\nSubject: x\n", false),
            (" Subject: x\n", false),
            (": x\n", false),
            ("two words: x\n", false),
            ("caf\u{e9}: x\n", false),
        ] {
            for at in 0..=content.len() {
                let mut search = HeaderSearch::new();
                search.add(&content.as_bytes()[..at]);
                search.add(&content.as_bytes()[at..]);
                assert_eq!(search.has_found(), has_header, "{content:?} split at {at}");
            }
        }
    }
}
