//! Breaking text into lines by its width on a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Breaks `text` into lines of at most `most` columns, at spaces if possible.
pub(super) fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if width(&line) + width(word.trim_end()) > most && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for character in word.chars() {
            if width(&line) + character.width().unwrap_or(0) > most && !line.is_empty() {
                // The line break replaces the space.
                if character == ' ' {
                    continue;
                }
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_wide_as_they_look() {
        for (text, most, expected) in [
            ("250 ok", 10, &["250 ok"][..]),
            ("one two three", 8, &["one two", "three"]),
            ("abcdefghij", 4, &["abcd", "efgh", "ij"]),
            ("\u{90f5}\u{4ef6}\u{90f5}\u{4ef6}", 5, &["\u{90f5}\u{4ef6}", "\u{90f5}\u{4ef6}"]),
            ("", 4, &[""]),
        ] {
            assert_eq!(wrap(text, most), expected, "{text}");
        }
    }
}
