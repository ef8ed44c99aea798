//! Finds blocks of a message that can be copied unchanged.

/// The size of a block in octets. It is small because a block that cannot be copied is examined a second time.
pub(super) const BLOCK: usize = 128;
/// The size of the blocks behind the last block that fits, which leave fewer lines to be copied one by one.
pub(super) const SMALL_BLOCK: usize = 32;

/// Splits `text` after the blocks at its start that can be copied unchanged. The first octet is not checked: the caller
/// knows that it can be copied.
///
/// Not inlined, so that the octets it compares with stay in registers.
#[inline(never)]
pub(super) fn split_plain_blocks(text: &[u8]) -> (&[u8], &[u8]) {
    let rest = after_plain_blocks::<BLOCK>(text);
    let rest = if has_block(rest) { rest } else { after_plain_blocks::<SMALL_BLOCK>(rest) };
    split_before_half_line_end(text, rest)
}

/// The same for BDAT, where dots do not matter.
#[inline(never)]
pub(super) fn split_mended_blocks(text: &[u8]) -> (&[u8], &[u8]) {
    let rest = after_mended_blocks::<BLOCK>(text);
    let rest = if has_block(rest) { rest } else { after_mended_blocks::<SMALL_BLOCK>(rest) };
    split_before_half_line_end(text, rest)
}

/// Whether `text` has a block, and the two octets behind it that are examined with it.
const fn has_block(text: &[u8]) -> bool {
    text.len() >= BLOCK + 2
}

#[inline]
fn after_plain_blocks<const LEN: usize>(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let Some((block, behind)) = rest.split_first_chunk::<LEN>() {
        let next = rest.get(1..).and_then(<[u8]>::first_chunk);
        let after = rest.get(2..).and_then(<[u8]>::first_chunk);
        match (next, after) {
            (Some(next), Some(after)) if is_plain(block, next, after) => rest = behind,
            _ => break,
        }
    }
    rest
}

#[inline]
fn after_mended_blocks<const LEN: usize>(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let Some((block, behind)) = rest.split_first_chunk::<LEN>() {
        match rest.get(1..).and_then(<[u8]>::first_chunk) {
            Some(next) if is_mended(block, next) => rest = behind,
            Some(_) | None => break,
        }
    }
    rest
}

/// Splits `text` before its part `rest`, but not between a CR and a LF: the CR is left to the caller.
fn split_before_half_line_end<'a>(text: &'a [u8], rest: &[u8]) -> (&'a [u8], &'a [u8]) {
    let len = text.len().saturating_sub(rest.len());
    let half = usize::from(text.get(..len).is_some_and(|blocks| blocks.ends_with(b"\r")));
    text.split_at_checked(len.saturating_sub(half)).unwrap_or((&[], text))
}

/// Whether the block has no bare CR and no bare LF; `next` is the block one octet later.
fn is_mended<const LEN: usize>(block: &[u8; LEN], next: &[u8; LEN]) -> bool {
    let any = block
        .iter()
        .zip(next)
        .fold(0, |any, (octet, next)| any | (u8::from(*octet == b'\r') ^ u8::from(*next == b'\n')));
    any == 0
}

/// Whether the block has no bare CR, no bare LF and no line end before a dot; `next` and `after` are the block one
/// and two octets later. Uses numbers instead of `bool`, so that it compiles to vector instructions.
fn is_plain<const LEN: usize>(block: &[u8; LEN], next: &[u8; LEN], after: &[u8; LEN]) -> bool {
    let any = block.iter().zip(next).zip(after).fold(0, |any, ((octet, next), after)| {
        let line_end = u8::from(*next == b'\n');
        any | (u8::from(*octet == b'\r') ^ line_end) | (line_end & u8::from(*after == b'.'))
    });
    any == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn blocks_that_can_be_copied_unchanged_are_found() {
        for (text, expected) in [
            (&b""[..], true),
            (b"a.b", true),
            (b"a\r\nb\r\n\r\nc", true),
            // The octet before the first is not known here.
            (b"\n.", true),
            (b"a\nb", false),
            (b"a\nb\nc", false),
            (b"a\rb", false),
            (b"a\r\n.", false),
            (b"a\nb\r\n.", false),
        ] {
            let mut octets = [b'x'; BLOCK + 2];
            octets[..text.len()].copy_from_slice(text);
            let at = |start: usize| octets[start..].first_chunk().unwrap();
            assert_eq!(is_plain::<BLOCK>(at(0), at(1), at(2)), expected, "{}", crate::Escaped(text));
        }
        let two = 2 * BLOCK;
        let halves = [(BLOCK - 2, two), (BLOCK - 1, two), (BLOCK, two), (two - 1, two - 1), (two, two)];
        for (place, len) in halves.into_iter().chain([(0, two), (two + 1, two)]) {
            let mut octets = [b'x'; 2 * BLOCK + 2 + SMALL_BLOCK - 1];
            octets[place..place + 2].copy_from_slice(b"\r\n");
            let (plain, behind) = split_plain_blocks(&octets);
            assert_eq!((plain.len(), [plain, behind].concat()), (len, octets.to_vec()), "{place}");
        }
        for (len, expected) in [
            (SMALL_BLOCK + 1, 0),
            (SMALL_BLOCK + 2, SMALL_BLOCK),
            (BLOCK + 1, BLOCK - SMALL_BLOCK),
            (BLOCK + 2, BLOCK),
            (BLOCK + SMALL_BLOCK + 1, BLOCK),
            (BLOCK + SMALL_BLOCK + 2, BLOCK + SMALL_BLOCK),
        ] {
            let octets = vec![b'x'; len];
            assert_eq!(split_plain_blocks(&octets).0.len(), expected, "{len}");
        }
    }
}
