//! Encodes content in blocks, as drivers do.

use smtp_proto::{Body, ContentEncoder, LONGEST_LINE, LineEndings};

#[test]
fn a_long_line_among_other_lines_is_measured() {
    let longest = usize::try_from(LONGEST_LINE).unwrap();
    for len in [longest - 1, longest, longest + 1, 2 * longest, 5000] {
        for before in [0, 1, 500, 505, 510, 511, 512, 513, 990, 1000] {
            let line = |len| [vec![b'x'; len], b"\r\n".to_vec()].concat();
            let content = [line(before), line(len), line(70).repeat(40)].concat();
            for piece in [512, 700, content.len()] {
                let mut encoder = ContentEncoder::new(LineEndings::Strict, Body::SevenBit);
                let mut wire = Vec::new();
                for piece in content.chunks(piece) {
                    encoder.encode(piece, &mut wire).unwrap();
                }
                encoder.finish(&mut wire).unwrap();
                let found = encoder.longest_line().unwrap_or_default();
                let longer = [len, before].into_iter().filter(|len| *len > longest).max().unwrap_or_default();
                assert_eq!(found, longer as u64, "{len} behind {before}, in pieces of {piece}");
                assert_eq!(wire, [&content[..], b".\r\n"].concat());
            }
        }
    }
}
