//! Keeps secrets that a server echoes from observers.

use smtp_proto::Delivery;

use crate::observer::Observer;

/// A line is at most this long (RFC 4954 section 4). Longer ones are passed on in pieces.
const LONGEST_LINE: usize = 12_288;

/// Passes octets on to an observer. Once there are secrets, it does so line by line, because an echo may arrive in
/// pieces.
#[derive(Default, Debug)]
pub(crate) struct EchoFilter {
    /// The start of a line.
    line: Vec<u8>,
}

impl EchoFilter {
    pub(crate) fn pass(&mut self, octets: &[u8], delivery: &Delivery, observer: &mut dyn Observer) {
        if !delivery.has_secrets() {
            return observer.received(octets);
        }
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.line.len() >= LONGEST_LINE {
                if delivery.shows_secret(&self.line) {
                    let (code, rest) = self.line.split_at(code_length(&self.line));
                    if code.is_empty() || delivery.shows_secret(code) {
                        observer.received_secret(self.line.len());
                    } else {
                        observer.received(code);
                        observer.received_secret(rest.len());
                    }
                } else {
                    observer.received(&self.line);
                }
                self.line.clear();
            }
        }
    }

    /// The connection has ended. A line without its end may be the start of an echo.
    pub(crate) fn end(&mut self, observer: &mut dyn Observer) {
        if !self.line.is_empty() {
            observer.received_secret(self.line.len());
            self.line.clear();
        }
    }
}

/// The length of a reply code and the character after it, with which a line may begin.
fn code_length(line: &[u8]) -> usize {
    match line {
        [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..] => 4,
        _ => 0,
    }
}
