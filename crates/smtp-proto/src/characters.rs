//! Characters: those of addresses, and those that are not seen.

/// `atext` (RFC 5322 section 3.2.3), with non-ASCII characters (RFC 6531 section 3.3).
pub(crate) fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_utf8_text(c)
}

/// `UTF8-non-ascii` (RFC 6531 section 3.3), without spaces.
pub(crate) fn is_utf8_text(character: char) -> bool {
    !character.is_ascii() && !character.is_whitespace()
}

/// Whether a character cannot be seen, or only changes how others look. Variation selectors are allowed, because emoji
/// and ideographs have them.
pub(crate) const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}
