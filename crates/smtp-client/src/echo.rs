//! Keeps secrets that a server echoes from observers.

use smtp_proto::Delivery;

use crate::observer::Observer;

/// A line is at most this long (RFC 4954 section 4). Longer ones are passed on in pieces, and no more is held back.
const LONGEST: usize = 12_288;

/// A line that ends in as many characters of base64 may go on in the next line.
const SHORTEST_BASE64: usize = 32;

/// Passes octets on to an observer. Once there are secrets, it does so line by line, because an echo may arrive in
/// pieces. Lines that end in base64 are held back until it is known how the base64 goes on.
#[derive(Default, Debug)]
pub(crate) struct EchoFilter {
    /// Lines in which no secret was found so far, and the start of another one.
    lines: Vec<u8>,
    /// Where the last of them begins.
    last: usize,
}

impl EchoFilter {
    pub(crate) fn pass(&mut self, octets: &[u8], delivery: &Delivery, observer: &mut dyn Observer) {
        if !delivery.has_secrets() {
            return observer.received(octets);
        }
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            self.lines.extend_from_slice(piece);
            let is_too_long = self.lines.len() >= LONGEST;
            if !piece.ends_with(b"\n") && !is_too_long {
                continue;
            }
            if delivery.shows_secret(&self.lines) {
                for line in self.lines.split_inclusive(|octet| *octet == b'\n') {
                    let (code, rest) = line.split_at(code_length(line));
                    if code.is_empty() || delivery.shows_secret(code) {
                        observer.received_secret(line.len());
                    } else {
                        observer.received(code);
                        observer.received_secret(rest.len());
                    }
                }
            } else if may_go_on(&self.lines[self.last..]) && !is_too_long {
                self.last = self.lines.len();
                continue;
            } else {
                observer.received(&self.lines);
            }
            self.clear();
        }
    }

    /// The connection has ended. A line without its end may be the start of an echo, and so may lines that were held
    /// back.
    pub(crate) fn end(&mut self, observer: &mut dyn Observer) {
        for line in self.lines.split_inclusive(|octet| *octet == b'\n') {
            observer.received_secret(line.len());
        }
        self.clear();
    }

    fn clear(&mut self) {
        self.lines.clear();
        self.last = 0;
    }
}

/// Whether the next line of the reply may go on with base64.
fn may_go_on(line: &[u8]) -> bool {
    let is_base64 = |octet: &&u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'-' | b'_');
    let characters = line.trim_ascii_end().iter().rev().take_while(is_base64).count();
    line.get(3) == Some(&b'-') && characters >= SHORTEST_BASE64
}

/// The length of a reply code and the character after it, with which a line may begin.
fn code_length(line: &[u8]) -> usize {
    match line {
        [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..] => 4,
        _ => 0,
    }
}
