use super::{blocks::BLOCK, *};
use alloc::vec;

fn encoded(pieces: &[&[u8]], line_endings: LineEndings) -> Result<Vec<u8>, ContentError> {
    let mut encoder = ContentEncoder::new(line_endings, Body::SevenBit);
    let mut out = Vec::new();
    for piece in pieces {
        encoder.encode(piece, &mut out)?;
    }
    encoder.finish(&mut out)?;
    Ok(out)
}

#[test]
fn content_is_mended_stuffed_and_ended_the_same_for_every_split() {
    for (content, wire) in [
        (&b""[..], &b".\r\n"[..]),
        (b"\r\n", b"\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a\n", b"a\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".a\r\n..b\r\nc.", b"..a\r\n...b\r\nc.\r\n.\r\n"),
        (b"a\n.\nb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\n.\r\nb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r.\rb", b"a . b\r\n.\r\n"),
        (b"a\r\n.\rb", b"a\r\n.. b\r\n.\r\n"),
        (b"a\r.\r\nb", b"a .\r\nb\r\n.\r\n"),
        (b"a\r\r\n.\r\r\nb", b"a \r\n.. \r\nb\r\n.\r\n"),
        (b"\r", b" \r\n.\r\n"),
        (b"\n\r", b"\r\n \r\n.\r\n"),
    ] {
        for first in 0..=content.len() {
            for second in first..=content.len() {
                let pieces = [&content[..first], &content[first..second], &content[second..]];
                assert_eq!(encoded(&pieces, LineEndings::Mend).unwrap(), wire, "{}", crate::Escaped(content));
            }
        }
    }
}

#[test]
fn strict_policy_reports_the_position_of_the_fault_for_every_split() {
    for (content, fault) in [
        (&b"a\nb"[..], ContentError::BareLf(1)),
        (b"\n", ContentError::BareLf(0)),
        (b"a\r\nb\rc", ContentError::BareCr(4)),
        (b"a\r", ContentError::BareCr(1)),
        (b"\r\r\n", ContentError::BareCr(0)),
        (b"abc\xe9\n", ContentError::EightBit(3)),
        (b"ab\n\xe9", ContentError::BareLf(2)),
        (b"\0", ContentError::EightBit(0)),
    ] {
        for at in 0..=content.len() {
            let pieces = [&content[..at], &content[at..]];
            assert_eq!(encoded(&pieces, LineEndings::Strict), Err(fault), "{}", crate::Escaped(content));
        }
    }
}

#[test]
fn after_a_fault_nothing_is_written_and_the_fault_is_repeated() {
    for (content, fault) in [
        (&b"a\nb"[..], ContentError::BareLf(1)),
        (b"a\rb", ContentError::BareCr(1)),
        (b"a\xe9b", ContentError::EightBit(1)),
        // At the end.
        (b"ab\r", ContentError::BareCr(2)),
    ] {
        let mut encoder = ContentEncoder::new(LineEndings::Strict, Body::SevenBit);
        let mut out = Vec::new();
        let faulted = encoder.encode(content, &mut out).and_then(|()| encoder.finish(&mut out));
        assert_eq!(faulted, Err(fault));
        let written = out.clone();
        for more in [&b"\nmore\r\n"[..], b"\xe9", b""] {
            assert_eq!(encoder.encode(more, &mut out), Err(fault));
        }
        assert_eq!(encoder.finish(&mut out), Err(fault));
        assert_eq!(out, written);
    }
}

#[test]
fn a_long_line_is_measured_without_its_end_however_it_is_cut() {
    for (before, line, expected) in [(0, 998, None), (0, 999, Some(999)), (700, 2000, Some(2000)), (511, 998, None)] {
        // The line lies across the end of a chunk.
        let mut content = b"12345678\r\n".repeat((CHUNK - 696) / 10);
        content.extend([vec![b'a'; before], b"\r\n".to_vec(), vec![b'b'; line], b"\r\nc\n".to_vec()].concat());
        content.extend_from_slice(&b"12345678\r\n".repeat(100));
        for piece in [
            1,
            7,
            SMALL_BLOCK,
            SMALL_BLOCK + 2,
            BLOCK - 1,
            BLOCK,
            BLOCK + 1,
            CHUNK - 1,
            CHUNK,
            CHUNK + 1,
            content.len(),
        ] {
            let mut encoder = ContentEncoder::new(LineEndings::Mend, Body::EightBit);
            let mut out = Vec::new();
            for piece in content.chunks(piece) {
                encoder.encode(piece, &mut out).unwrap();
            }
            encoder.finish(&mut out).unwrap();
            assert_eq!(encoder.longest_line(), expected, "{before} {line} {piece}");
        }
    }
}

#[test]
fn blocks_and_chunks_are_encoded_like_single_octets() {
    let lines: [&[u8]; 7] = [b"a line of text\r\n", b".dot\r\n", b"bare\n", b"stray\rcr\r\n", b"\r\n", b"x", b"\r"];
    // The lines in many orders, at every offset of a block, and sometimes across the end of a chunk.
    for seed in 0..2_000_usize {
        let mut content = vec![b'x'; if seed % 16 == 0 { CHUNK - 600 } else { 0 }];
        content.extend(vec![b'.'; seed % 520]);
        for step in 0..60 {
            let quiet = seed.wrapping_mul(step + 7).wrapping_mul(2_654_435_761) >> 9;
            content.extend_from_slice(if quiet % 5 < 3 { lines[0] } else { lines[quiet % 7] });
        }
        let single: Vec<&[u8]> = content.chunks(1).collect();
        assert_eq!(encoded(&[&content], LineEndings::Mend), encoded(&single, LineEndings::Mend));
        assert_eq!(encoded(&[&content], LineEndings::Strict), encoded(&single, LineEndings::Strict));
    }
}

#[test]
fn an_exact_size_is_that_of_the_wire_without_doubled_dots_for_every_split() {
    for (content, size) in [(&b""[..], 0), (b"a", 3), (b".\n..\r\nx", 10), (b"a\rb", 5), (b"a\r", 4), (b"\n\n.\r\n", 7)]
    {
        for exact in 0..size + 3 {
            let expected = match exact {
                _ if exact == size => Ok(()),
                _ if exact < size => Err(ContentError::TooLong { size: exact }),
                _ => Err(ContentError::TooShort { size: exact, found: size }),
            };
            for cut in 0..=content.len() {
                let mut out = Vec::new();
                let mut encoder = ContentEncoder::new(LineEndings::Mend, Body::SevenBit).with_exact_size(exact);
                let ended = encoder
                    .encode(&content[..cut], &mut out)
                    .and_then(|()| encoder.encode(&content[cut..], &mut out))
                    .and_then(|()| encoder.finish(&mut out));
                assert_eq!(ended, expected, "{content:?} cut at {cut}");
                assert_eq!(out.ends_with(b".\r\n") && ended.is_ok(), exact == size);
                assert_eq!(encoder.finish(&mut out).is_err(), exact != size, "the fault is repeated");
            }
        }
    }
}

#[test]
fn of_two_faults_the_earlier_one_is_reported_for_every_split() {
    let content = b"abc\xe9def\xe9";
    for (exact, expected) in [(2, ContentError::TooLong { size: 2 }), (3, ContentError::EightBit(3))] {
        for cut in 0..=content.len() {
            let mut out = Vec::new();
            let mut encoder = ContentEncoder::new(LineEndings::Mend, Body::SevenBit).with_exact_size(exact);
            let first = encoder.encode(&content[..cut], &mut out);
            let fault = first.and_then(|()| encoder.encode(&content[cut..], &mut out));
            assert_eq!(fault, Err(expected), "cut at {cut}");
        }
    }
}

#[test]
fn for_bdat_only_line_ends_change_for_every_split() {
    for (content, wire) in [
        (&b""[..], &b""[..]),
        (b".", b".\r\n"),
        (b"a\n.\r\nb", b"a\r\n.\r\nb\r\n"),
        (b".\r.\r\n", b". .\r\n"),
        (b"a\r", b"a \r\n"),
        (b"\r\n.\r\n", b"\r\n.\r\n"),
    ] {
        for at in 0..=content.len() {
            let mut encoder =
                ContentEncoder::for_bdat(LineEndings::Mend, Body::SevenBit).with_exact_size(wire.len() as u64);
            let mut out = Vec::new();
            encoder.encode(&content[..at], &mut out).unwrap();
            encoder.encode(&content[at..], &mut out).unwrap();
            encoder.finish(&mut out).unwrap();
            assert_eq!(out, wire, "{}", crate::Escaped(content));
        }
    }
}

#[test]
fn for_bdat_blocks_are_encoded_like_single_octets() {
    let lines: [&[u8]; 7] = [b"a line of text\r\n", b".dot\r\n", b"bare\n", b"stray\rcr\r\n", b"\r\n", b"x", b"\r"];
    let encoded = |pieces: &[&[u8]], line_endings| {
        let mut encoder = ContentEncoder::for_bdat(line_endings, Body::EightBit);
        let mut out = Vec::new();
        pieces.iter().try_for_each(|piece| encoder.encode(piece, &mut out))?;
        encoder.finish(&mut out).map(|()| (out, encoder.longest_line()))
    };
    for seed in 0..500_usize {
        let mut content = vec![b'x'; if seed % 16 == 0 { CHUNK - 600 } else { 0 }];
        content.extend(vec![b'.'; seed % 520]);
        for step in 0..60 {
            let quiet = seed.wrapping_mul(step + 7).wrapping_mul(2_654_435_761) >> 9;
            content.extend_from_slice(if quiet % 5 < 3 { lines[0] } else { lines[quiet % 7] });
        }
        let single: Vec<&[u8]> = content.chunks(1).collect();
        for line_endings in [LineEndings::Mend, LineEndings::Strict] {
            assert_eq!(encoded(&[&content], line_endings), encoded(&single, line_endings));
        }
    }
}

#[test]
fn binary_content_is_not_changed() {
    let content = b"a\nb\r\0\xff\r\n.\r\n";
    for line_endings in [LineEndings::Mend, LineEndings::Strict] {
        let mut encoder = ContentEncoder::for_bdat(line_endings, Body::Binary).with_exact_size(content.len() as u64);
        let mut out = Vec::new();
        encoder.encode(content, &mut out).unwrap();
        encoder.finish(&mut out).unwrap();
        assert_eq!(out, content);
        assert!(encoder.with_exact_size(4).encode(b"more", &mut out).is_err());
    }
}
