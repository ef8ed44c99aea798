//! How octets are written in a transcript, and how a message appears on the wire.

/// The octets of one written line. CR LF is implied unless the line ends in `\c`; the second value says
/// whether it does.
pub(super) fn line(written: &str) -> Result<(Vec<u8>, bool), String> {
    let (text, unended) = match written.strip_suffix("\\c") {
        // An even number of backslashes before it, so `\c` itself is not escaped.
        Some(text) if text.bytes().rev().take_while(|octet| *octet == b'\\').count() % 2 == 0 => (text, true),
        _ => (written, false),
    };
    let mut octets = unescape(text)?;
    if !unended {
        octets.extend_from_slice(b"\r\n");
    }
    Ok((octets, unended))
}

/// Replaces `\r`, `\n`, `\t`, `\0`, `\\` and `\xNN`. Everything else stands for itself, in UTF-8.
fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        octets.extend_from_slice(before.as_bytes());
        let mut characters = behind.chars();
        let octet = match characters.next() {
            Some('r') => b'\r',
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('0') => 0,
            Some('\\') => b'\\',
            Some('x') => {
                let digits = characters.as_str().get(..2).ok_or("\\x needs two hexadecimal digits")?;
                characters = characters.as_str()[2..].chars();
                u8::from_str_radix(digits, 16)
                    .map_err(|_| format!("\\x{digits} does not have two hexadecimal digits"))?
            }
            Some(other) => return Err(format!("\\{other} is not an escape; write a backslash as \\\\")),
            None => return Err("write a backslash as \\\\".into()),
        };
        octets.push(octet);
        rest = characters.as_str();
    }
    octets.extend_from_slice(rest.as_bytes());
    Ok(octets)
}

/// A message as it goes over the wire with mended line ends, including the final dot. Deliberately simple,
/// so that the encoder can be checked against it.
pub(crate) fn content_on_the_wire(content: &[u8]) -> Vec<u8> {
    let mut mended = Vec::new();
    for (index, octet) in content.iter().enumerate() {
        match octet {
            b'\n' => mended.extend_from_slice(b"\r\n"),
            b'\r' if content.get(index + 1) == Some(&b'\n') => {}
            b'\r' => mended.push(b' '),
            other => mended.push(*other),
        }
    }
    if !mended.is_empty() && !mended.ends_with(b"\r\n") {
        mended.extend_from_slice(b"\r\n");
    }
    let mut wire = Vec::new();
    for line in mended.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_line_end_unless_it_ends_in_c() {
        for (written, octets, unended) in [
            ("250 ok", &b"250 ok\r\n"[..], false),
            ("", b"\r\n", false),
            ("\\c", b"", true),
            ("250\\x20ok\\n\\c", b"250 ok\n", true),
            ("a\\\\c", b"a\\c\r\n", false),
            ("a\\\\\\c", b"a\\", true),
            ("\\0\\t\\xff\u{fc}", b"\0\t\xff\xc3\xbc\r\n", false),
        ] {
            assert_eq!(line(written), Ok((octets.to_vec(), unended)), "{written}");
        }
        for wrong in ["\\q", "a\\", "\\x1", "\\xzz", "\\x\u{fc}1"] {
            assert!(line(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn content_is_mended_stuffed_and_ended() {
        for (content, wire) in [
            (&b""[..], &b".\r\n"[..]),
            (b"a\nb\r\n", b"a\r\nb\r\n.\r\n"),
            (b".a\r.\rb", b"..a . b\r\n.\r\n"),
            (b"\n.\n", b"\r\n..\r\n.\r\n"),
            (b"a\r\r\n.", b"a \r\n..\r\n.\r\n"),
        ] {
            assert_eq!(content_on_the_wire(content), wire);
        }
    }
}
