//! Displays text up to a maximum length, without formatting the rest.

use core::fmt::{self, Write};

/// How much of a long text is shown, in characters.
const SHORT: usize = 500;

/// Displays a text, or its start and an ellipsis.
pub(super) struct Bounded<T> {
    text: T,
    characters: usize,
}

impl<T> Bounded<T> {
    /// The first 500 characters.
    pub(super) const fn short(text: T) -> Self {
        Self { text, characters: SHORT }
    }

    /// All of it.
    pub(super) const fn whole(text: T) -> Self {
        Self { text, characters: usize::MAX }
    }
}

impl<T: fmt::Display> fmt::Display for Bounded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut start = Start { out: f, left: self.characters, is_cut: false };
        match write!(start, "{}", self.text) {
            // The error only stopped the formatting.
            Err(_) if start.is_cut => f.write_char('…'),
            other => other,
        }
    }
}

/// Accepts `left` characters, and then fails.
struct Start<'f, 'g> {
    out: &'f mut fmt::Formatter<'g>,
    left: usize,
    is_cut: bool,
}

impl Write for Start<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut characters = text.char_indices();
        match characters.nth(self.left) {
            None => {
                self.left = self.left.saturating_sub(text.chars().count());
                self.out.write_str(text)
            }
            Some((end, _)) => {
                self.left = 0;
                self.is_cut = true;
                self.out.write_str(text.get(..end).unwrap_or(text))?;
                Err(fmt::Error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};

    fn shown(text: &str, characters: usize) -> alloc::string::String {
        // Writes in pieces, as most texts are written.
        struct Pieces<'a>(&'a str);
        impl fmt::Display for Pieces<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.split_inclusive(' ').try_for_each(|piece| f.write_str(piece))
            }
        }
        Bounded { text: Pieces(text), characters }.to_string()
    }

    #[test]
    fn a_long_text_is_cut_off_between_characters() {
        for (characters, expected) in
            [(0, "…"), (2, "ä …"), (3, "ä b…"), (4, "ä bc…"), (6, "ä bc d"), (usize::MAX, "ä bc d")]
        {
            assert_eq!(shown("ä bc d", characters), expected, "{characters}");
        }
        assert_eq!(format!("{}", Bounded::short("x".repeat(501))).chars().count(), 501);
    }
}
