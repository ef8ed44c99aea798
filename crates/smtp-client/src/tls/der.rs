//! Reading DER (X.690), as far as certificates need it.

/// Universal tags.
pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// A constructed context-specific tag, `[number]`.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// One element: its tag and its contents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) contents: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements within.
    pub(super) const fn elements(self) -> Elements<'a> {
        Elements(self.contents)
    }
}

/// Elements that follow each other. Ends at the first one that is malformed.
#[derive(Clone, Debug)]
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Elements<'a> {
    /// The next element, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// The next element if it has this tag. Otherwise it remains the next one.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.0.first() == Some(&tag) { self.next() } else { None }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (&[tag, first], mut rest) = self.0.split_first_chunk()?;
        // Tags above 30 take more octets. Certificates have none.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let len = match first {
            0..=0x7f => usize::from(first),
            // A certificate in TLS is shorter than 16 MiB.
            0x81..=0x83 => {
                let (octets, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
                rest = after;
                octets.iter().fold(0, |len, octet| len << 8 | usize::from(*octet))
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some(Element { tag, contents })
    }
}

/// An object identifier as numbers with dots between them.
pub(super) fn dotted(oid: &[u8]) -> String {
    let mut numbers = Vec::new();
    let mut number = 0_u64;
    for octet in oid {
        number = number.wrapping_shl(7) | u64::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.push(first.to_string());
                number -= first * 40;
            }
            numbers.push(number.to_string());
            number = 0;
        }
    }
    numbers.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_one_after_another() {
        let mut elements = Elements(&[0x02, 0x01, 0x07, 0x30, 0x81, 0x02, 0x05, 0x00]);
        assert_eq!(elements.optional(SEQUENCE), None);
        assert_eq!(elements.expect(INTEGER), Some(Element { tag: INTEGER, contents: &[7] }));
        let sequence = elements.expect(SEQUENCE).unwrap();
        assert_eq!(sequence.elements().collect::<Vec<_>>(), [Element { tag: 5, contents: &[] }]);
        assert_eq!(elements.next(), None);
    }

    #[test]
    fn malformed_input_ends_the_elements() {
        for octets in [
            &[][..],
            &[0x30],
            &[0x30, 0x01],
            &[0x30, 0x80, 0x00],
            &[0x30, 0x82, 0x01],
            &[0x30, 0x84, 0x00, 0x00, 0x00, 0x00],
            &[0x30, 0x83, 0xff, 0xff, 0xff, 0x00],
            &[0x1f, 0x01, 0x00],
        ] {
            assert_eq!(Elements(octets).next(), None, "{octets:02x?}");
        }
    }

    #[test]
    fn an_object_identifier_is_shown_with_dots() {
        assert_eq!(dotted(&[0x55, 0x04, 0x03]), "2.5.4.3");
        assert_eq!(dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01]), "1.2.840.113549.1.9.1");
        assert_eq!(dotted(&[0x88, 0x37]), "2.999");
        assert_eq!(dotted(&[0xff; 40]), "");
    }
}
