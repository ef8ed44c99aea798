//! Decodes replies that arrive in pieces. It finds line ends first and parses only complete lines, so the result does
//! not depend on how the input is split, and each octet is examined once.

use alloc::vec::Vec;
use core::fmt;

use super::{
    Reply,
    error::ReplyError,
    limits::ReplyLimits,
    scan::{self, Scan},
};
use crate::{escape::Escaped, limits::Limits};

/// Decodes replies that arrive in pieces.
///
/// If the input has a complete reply, the result borrows from the input. Only an incomplete reply is copied, into a
/// buffer that is reused.
///
/// Empty lines before a reply are skipped, because some servers send them. They are not part of the reply but count
/// towards its limit, so an endless stream of them is an error.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReplyDecoder {
    /// The limits for the current reply. Empty lines that were skipped before it have been subtracted.
    limits: ReplyLimits,
    /// `limits.reply` before any subtraction.
    reply_limit: usize,
    /// The octets of an incomplete reply, or of the one that was returned last.
    held: Vec<u8>,
    scan: Scan,
}

impl ReplyDecoder {
    /// A decoder for one connection. It uses [`Limits::reply_line`] and [`Limits::reply`].
    pub const fn new(limits: &Limits) -> Self {
        Self {
            limits: ReplyLimits { line: limits.reply_line(), reply: limits.reply() },
            reply_limit: limits.reply(),
            held: Vec::new(),
            scan: Scan { line_start: 0, code: None, returned: false },
        }
    }

    /// Decodes one reply from the start of `input`. Returns how many octets were consumed, and the reply; `None` if
    /// it is not complete yet, and all input was consumed.
    ///
    /// After an error, the rest of the stream is meaningless. Call [`ReplyDecoder::clear`] before you decode another
    /// stream.
    #[inline]
    pub fn decode<'a>(&'a mut self, input: &'a [u8]) -> (usize, Result<Option<Reply<'a>>, ReplyError>) {
        if self.scan.returned {
            self.clear();
        }
        if self.held.is_empty() {
            // Most replies. They cost no call, and their parts stay in registers.
            if let Some(reply) = scan::one_line(input, self.limits) {
                self.limits.reply = self.reply_limit;
                return (reply.octets().len(), Ok(Some(reply)));
            }
            self.decode_whole(input)
        } else if self.goes_on_with_line(input) {
            (input.len(), Ok(None))
        } else {
            self.decode_behind_held(input)
        }
    }

    /// Decodes any reply from its start. Copies nothing if it is complete.
    ///
    /// Neither this nor `decode_behind_held` is inlined, so that `decode` itself is small enough to be. That saves a
    /// third of the time for input that arrives octet by octet.
    #[inline(never)]
    fn decode_whole<'a>(&mut self, input: &'a [u8]) -> (usize, Result<Option<Reply<'a>>, ReplyError>) {
        let mut scan = Scan::default();
        match scan.advance(input, self.limits) {
            Ok(Some((code, len))) => {
                self.limits.reply = self.reply_limit;
                let octets = input.get(..len).unwrap_or_default();
                (len, Ok(Some(Reply::from_decoded(code, octets))))
            }
            Ok(None) => {
                self.scan = scan;
                self.held.extend_from_slice(input);
                (input.len(), Ok(None))
            }
            Err(fault) => self.skip_or_fail(input, fault),
        }
    }

    /// Looks for empty lines only after decoding has failed, so that they cost nothing if there are none.
    #[cold]
    fn skip_or_fail<'a>(
        &mut self,
        input: &'a [u8],
        fault: ReplyError,
    ) -> (usize, Result<Option<Reply<'a>>, ReplyError>) {
        match self.limits.empty_lines(input) {
            0 => {
                self.clear();
                (input.len(), Err(fault))
            }
            skipped => self.decode_behind_empty_lines(input, skipped, skipped),
        }
    }

    /// Skips empty lines, `skipped` octets in all: the held ones and the first `taken` of `input`.
    #[cold]
    fn decode_behind_empty_lines<'a>(
        &mut self,
        input: &'a [u8],
        taken: usize,
        skipped: usize,
    ) -> (usize, Result<Option<Reply<'a>>, ReplyError>) {
        self.held.clear();
        self.limits.reply = self.limits.reply.saturating_sub(skipped);
        let (behind, result) = self.decode_whole(input.get(taken..).unwrap_or_default());
        (taken.saturating_add(behind), result)
    }

    /// Holds `input` if it neither ends the current line nor exceeds a limit. The line is parsed once, when it has
    /// ended, so input that arrives octet by octet is not examined repeatedly.
    #[inline]
    fn goes_on_with_line(&mut self, input: &[u8]) -> bool {
        let reply = self.held.len().wrapping_add(input.len());
        if !self.limits.hold(reply.wrapping_sub(self.scan.line_start), reply) {
            return false;
        }
        match input {
            // For one octet, `push` is cheaper than a call that copies a slice.
            [octet] if *octet != b'\n' => self.held.push(*octet),
            _ if input.contains(&b'\n') => return false,
            _ => self.held.extend_from_slice(input),
        }
        true
    }

    /// Decodes with held octets before `input`. Holds at most one octet more than a limit allows.
    #[inline(never)]
    fn decode_behind_held<'a>(&'a mut self, input: &'a [u8]) -> (usize, Result<Option<Reply<'a>>, ReplyError>) {
        // Only the CR of an empty line before a reply can be held.
        if let ([b'\r'], [b'\n', ..], true) = (self.held.as_slice(), input, self.limits.hold(1, 2)) {
            return self.decode_behind_empty_lines(input, 1, 2);
        }
        let before = self.held.len();
        let reply_room = self.limits.reply.saturating_sub(before);
        self.held.extend_from_slice(input.get(..reply_room.saturating_add(1)).unwrap_or(input));
        match self.scan.advance(&self.held, self.limits) {
            Ok(Some((code, len))) => {
                self.held.truncate(len);
                self.scan.returned = true;
                (len.saturating_sub(before), Ok(Some(Reply::from_decoded(code, &self.held))))
            }
            Ok(None) => (input.len(), Ok(None)),
            Err(fault) => {
                self.clear();
                (input.len(), Err(fault))
            }
        }
    }

    /// Drops an incomplete reply. Call it for a new connection, or when TLS starts (RFC 3207 section 5).
    pub fn clear(&mut self) {
        self.limits.reply = self.reply_limit;
        self.held.clear();
        self.scan = Scan::default();
    }

    /// The octets of an incomplete reply that have arrived, or the CR of an empty line before one.
    pub fn held(&self) -> &[u8] {
        if self.scan.returned { &[] } else { &self.held }
    }
}

impl fmt::Debug for ReplyDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplyDecoder({:?})", Escaped(self.held()))
    }
}

impl<'a> Reply<'a> {
    /// Parses one reply from the start of `octets`. Returns how many octets it and the empty lines before it have, and
    /// the reply; `None` if it is not complete yet. There is no limit on its size.
    ///
    /// For octets that arrive in pieces, use [`ReplyDecoder`], which examines each octet once.
    pub fn parse(octets: &'a [u8]) -> Result<Option<(usize, Self)>, ReplyError> {
        let limits = ReplyLimits::NONE;
        let skipped = limits.empty_lines(octets);
        let octets = octets.get(skipped..).unwrap_or_default();
        let found = Scan::default().advance(octets, limits)?;
        Ok(found.map(|(code, len)| {
            let reply = octets.get(..len).unwrap_or_default();
            (skipped.saturating_add(len), Self::from_decoded(code, reply))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::ReplyErrorKind;
    use alloc::{format, string::String};

    fn decoder_with(line: usize, reply: usize) -> ReplyDecoder {
        ReplyDecoder::new(&Limits::DEFAULT.with_reply_line(line).with_reply(reply))
    }

    /// The replies of a stream that is split at `cuts`, then the error if there is one.
    fn decoded(octets: &[u8], cuts: &[usize], line: usize, reply: usize) -> Vec<String> {
        let mut decoder = decoder_with(line, reply);
        let mut found = Vec::new();
        let mut start = 0;
        for end in cuts.iter().copied().chain([octets.len()]) {
            let mut piece = &octets[start..end];
            start = end;
            while !piece.is_empty() {
                let (taken, result) = decoder.decode(piece);
                piece = &piece[taken..];
                match result {
                    Ok(None) => {}
                    Ok(Some(reply)) => found.push(format!("{:?}", Escaped(reply.octets()))),
                    Err(fault) => {
                        found.push(format!("{fault}"));
                        return found;
                    }
                }
            }
            assert!(decoder.held().len() <= reply);
        }
        found
    }

    #[test]
    fn every_split_gives_the_same_replies_and_the_same_error() {
        for (octets, line, reply) in [
            (&b"220-a\r\n\r\n220 b\r\n250 ok\r\n25"[..], 100, 100),
            (b"250-a\n250\n220\r\n", 100, 100),
            (b"250-a\r\n251 b\r\n", 100, 100),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", 100, 100),
            (b"\r\n250 ok\r\n", 100, 100),
            (b"220 a\r\n\r\n\n\r\n250-a\n\r\n250 b\r\n\n\r\n", 100, 100),
            (b"\r\n\n250 a\r\n\r\n\n250 b\r\n\n\n\n\n250 c\r\n", 100, 11),
            (b"\r250 a\r\n", 100, 100),
            (b"\n\r\r\n250 a\r\n", 100, 100),
            (b"\r\n 250 a\r\n", 100, 100),
            (b"\r\n250 a\r\n\r\n\r\n\r\n\r\n", 100, 7),
            (b"250 a\r\n\n\n\n\n\n\n\n\n\n", 100, 7),
            (b"\r\n250-a\r\n250 b\r\n", 6, 15),
            (b"\r\n250-a\r\n250 b\r\n", 5, 99),
            (b"\r\n250-a\r\n250 b\r\n", 6, 9),
            (b"\n\r\n", 0, 9),
            (b"\r\n250 a\r\n", 9, 0),
            (b"\r\n250 a\r\n", 9, 1),
            (b"\r\n250 a\r\n", 0, 0),
            (b"250 0123456789\r\n", 10, 100),
            (b"250 01234\r\n250 012345\r\n", 10, 100),
            (b"250-0123\r\n250-0123\r\n250 x\r\n", 12, 21),
            (b"250-0123\r\n250-01234567890123\r\n", 10, 18),
            (b"250-0123\r\n250-01234567890123\r\n", 10, 22),
            (b"250-0123\r\n250 1234\r\n", 12, 20),
            (b"250-0123\r\n250 1234\r\n", 12, 19),
        ] {
            let whole = decoded(octets, &[], line, reply);
            let every: Vec<usize> = (1..octets.len()).collect();
            assert_eq!(decoded(octets, &every, line, reply), whole, "{}", Escaped(octets));
            for first in 0..octets.len() {
                for second in first..octets.len() {
                    assert_eq!(decoded(octets, &[first, second], line, reply), whole, "{first} {second}");
                }
            }
        }
    }

    #[test]
    fn a_limit_is_exceeded_by_the_first_octet_above_it() {
        let fault = |octets: &[u8], line, reply| decoded(octets, &[], line, reply).pop().unwrap();
        assert_eq!(fault(b"250 456\r\n", 8, 9), "\"250 456\\r\\n\"");
        assert_eq!(fault(b"250 456\r\n", 7, 9), "a reply line longer than the limit: \"250 456\"");
        assert_eq!(fault(b"250 456\r\n", 8, 8), "a reply longer than the limit: \"250 456\\r\"");
        let lines = b"250-456\r\n250-456\r\n250 x\r\n";
        assert_eq!(fault(lines, 8, 18), "a reply longer than the limit: \"\"");
        assert_eq!(fault(lines, 8, 17), "a reply longer than the limit: \"250-456\\r\"");
        assert_eq!(fault(b"250-456\r\n250-4567\r\n", 8, 99), "a reply line longer than the limit: \"250-4567\"");
        assert_eq!(fault(b"250 4567", 7, 9), "a reply line longer than the limit: \"250 456\"");
    }

    #[test]
    fn empty_lines_before_a_reply_are_not_part_of_it_but_count_towards_its_limits() {
        let found = |octets: &[u8], line, reply| decoded(octets, &[], line, reply);
        for octets in [&b"\r\n\n250 a\r\n"[..], b"\n\r\n250 a\r\n", b"\n\n\n250 a\r\n"] {
            assert_eq!(found(octets, 6, 10), ["\"250 a\\r\\n\""]);
            assert_eq!(found(octets, 6, 9), ["a reply longer than the limit: \"250 a\\r\""]);
            assert_eq!(found(octets, 6, 3), ["a reply longer than the limit: \"\""]);
            assert_eq!(found(octets, 5, 10), ["a reply line longer than the limit: \"250 a\""]);
            // They count for one reply only, whether it is held or not.
            let two = [octets, octets].concat();
            assert_eq!(found(&two, 6, 10), ["\"250 a\\r\\n\""; 2]);
            for cut in 0..two.len() {
                assert_eq!(decoded(&two, &[cut], 6, 10), ["\"250 a\\r\\n\""; 2]);
            }
        }
        assert_eq!(found(b"\n\r\n", 0, 9), ["a reply line longer than the limit: \"\""]);
        assert_eq!(found(b"\n\n\r\n", 1, 3), ["a reply longer than the limit: \"\\r\""]);
        assert_eq!(found(b"\n\n\r\n", 1, 2), ["a reply longer than the limit: \"\""]);
        assert!(found(b"\n\n\r\n", 1, 4).is_empty());
    }

    #[test]
    fn only_the_cr_of_an_empty_line_before_a_reply_is_held() {
        let mut decoder = decoder_with(100, 100);
        for (octets, held) in [
            (&b"\r"[..], &b"\r"[..]),
            (b"\n", b""),
            (b"\r\n\n", b""),
            (b"\n\r", b"\r"),
            (b"\n\r\n25", b"25"),
            (b"0-a\r\n\r\n", b"250-a\r\n\r\n"),
        ] {
            let (taken, result) = decoder.decode(octets);
            assert_eq!((taken, result), (octets.len(), Ok(None)));
            assert_eq!(decoder.held(), held);
        }
        let (taken, result) = decoder.decode(b"250 b\r\n\r\n");
        assert_eq!((taken, result.unwrap().unwrap().octets()), (7, &b"250-a\r\n\r\n250 b\r\n"[..]));
        assert_eq!(decoder.decode(b"\r\n").1, Ok(None));
        decoder.clear();
        assert_eq!(decoder, decoder_with(100, 100));
    }

    #[test]
    fn a_flood_of_empty_lines_ends_with_an_error_and_is_not_held() {
        for empty in [&b"\r\n"[..], b"\n"] {
            let mut decoder = decoder_with(100, 1000);
            for _ in 0..1000 / empty.len() {
                assert_eq!(decoder.decode(empty), (empty.len(), Ok(None)));
                assert!(decoder.held().is_empty());
            }
            let fault = decoder.decode(empty).1.unwrap_err();
            assert_eq!(fault.kind(), ReplyErrorKind::ReplyTooLong);
        }
    }

    #[test]
    fn a_flood_without_a_line_end_is_held_only_up_to_the_limit() {
        let mut decoder = decoder_with(1000, 5000);
        let mut faults = 0;
        for _ in 0..100 {
            faults += usize::from(decoder.decode(&[b'2'; 700]).1.is_err());
            assert!(decoder.held().len() <= 1000);
        }
        assert!(faults > 0);
    }
}
