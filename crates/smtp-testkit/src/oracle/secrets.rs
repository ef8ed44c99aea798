//! What must not be shown: credentials, and the responses that were sent.

use super::base64::{base64, value};

/// Shorter responses could occur by chance.
const SHORTEST: usize = 8;

/// Credentials and responses, raw, in base64, and as part of something longer in base64.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    forms: Vec<Form>,
    /// Those that the server said before they were sent. It does not echo them.
    guessed: Vec<Form>,
}

/// One form of a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Form {
    text: String,
    /// Of the characters before and after the text.
    before: Edge,
    after: Edge,
}

/// The bits of a base64 character that belong to the secret, and which bits those are. Others can be anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Edge {
    bits: usize,
    mask: usize,
}

impl Secrets {
    /// This must never be shown.
    pub(super) fn hide(&mut self, secret: &[u8]) {
        self.add(secret);
        self.add(&base64(secret));
    }

    /// This response is sent. `heard` is what the server has said before.
    pub(super) fn send(&mut self, response: &[u8], heard: &[u8]) {
        let encoded = base64(response);
        if encoded.len() < SHORTEST {
            return;
        }
        let form = Form::whole(&encoded);
        if !self.forms.contains(&form) && form.is_in(&String::from_utf8_lossy(heard)) {
            self.guessed.extend(inside_base64(&encoded));
            self.guessed.push(form);
        }
        self.add(&encoded);
    }

    fn add(&mut self, secret: &[u8]) {
        let form = Form::whole(secret);
        if !secret.is_empty() && !self.forms.contains(&form) {
            self.forms.push(form);
            self.forms.extend(inside_base64(secret));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// The first secret in these octets that must not be shown.
    pub(super) fn find_shown(&self, octets: &[u8]) -> Option<&str> {
        let octets = String::from_utf8_lossy(octets);
        let mut secrets = self.forms.iter().filter(|form| !self.guessed.contains(form));
        secrets.find(|form| form.is_in(&octets)).map(|form| form.text.as_str())
    }

    /// The first secret in these octets, also if it goes on in the next line of a reply.
    pub(super) fn find(&self, octets: &[u8]) -> Option<&str> {
        // The search of the standard library is fast even where nothing else is optimized.
        let octets = String::from_utf8_lossy(octets);
        let joined: String = octets.lines().map(without_codes).collect();
        let found = self.forms.iter().find(|form| form.is_in(&octets) || form.is_in(&joined));
        found.map(|form| form.text.as_str())
    }
}

impl Form {
    /// Without anything around it.
    fn whole(secret: &[u8]) -> Self {
        let text = String::from_utf8_lossy(secret).into_owned();
        Self { text, before: Edge::default(), after: Edge::default() }
    }

    fn is_in(&self, octets: &str) -> bool {
        octets.match_indices(&self.text).any(|(at, text)| {
            let (before, after) = (&octets[..at], &octets[at + text.len()..]);
            self.before.fits(before.bytes().next_back()) && self.after.fits(after.bytes().next())
        })
    }
}

impl Edge {
    fn fits(self, character: Option<u8>) -> bool {
        self.mask == 0 || character.and_then(value).is_some_and(|value| value & self.mask == self.bits)
    }
}

/// What base64 of any longer text with this secret in it has in common, for each place at which the secret can begin, in
/// both alphabets.
fn inside_base64(secret: &[u8]) -> impl Iterator<Item = Form> {
    let alignments = if secret.len() < SHORTEST { 0..0 } else { 0..3 };
    alignments.flat_map(move |before: usize| {
        // All other bits are zero.
        let encoded = base64(&[&vec![0; before], secret].concat());
        let (start, end) = (before * 8, (before + secret.len()) * 8);
        // Of the characters from `first` to `last`, every bit is one of the secret.
        let (first, last) = (start.div_ceil(6), end / 6);
        let bits = |at: usize| value(encoded[at]).unwrap_or_default();
        let edge = |at, mask| if mask == 0 { Edge::default() } else { Edge { bits: bits(at), mask } };
        let before = edge(start / 6, (1 << (first * 6 - start)) - 1);
        let after = edge(last, 63 & !(63 >> (end % 6)));
        let text = String::from_utf8_lossy(&encoded[first..last]).into_owned();
        let other = text.replace('+', "-").replace('/', "_");
        let differs = other != text;
        [Some(text), differs.then_some(other)].into_iter().flatten().map(move |text| Form { text, before, after })
    })
}

/// A line of a reply without its codes.
fn without_codes(line: &str) -> &str {
    let text = line.get(4..).unwrap_or_default();
    match text.split_once(' ') {
        Some((code, rest)) if code.chars().all(|character| character.is_ascii_digit() || character == '.') => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_longer_base64_at_any_place() {
        let mut secrets = Secrets::default();
        secrets.hide(b"corr\xffect?horse>");
        for before in ["", "u", "us", "user=alice password="] {
            let text = [before.as_bytes(), b"corr\xffect?horse>, as you said"].concat();
            let encoded = String::from_utf8(base64(&text)).unwrap();
            let (first, second) = encoded.split_at((before.len() + 9) * 4 / 3);
            // It differs in the lowest bit of the last octet.
            let other = [before.as_bytes(), b"corr\xffect?horse?, as you said"].concat();
            let almost = String::from_utf8(base64(&other)).unwrap();
            for (reply, expected) in [
                (encoded.clone(), true),
                (encoded.replace('+', "-").replace('/', "_"), true),
                (format!("535-{first}\r\n535 {second}\r\n"), true),
                (format!("535-5.7.8 {first}\r\n535 5.7.8 {second}\r\n"), true),
                (first.to_owned(), false),
                (almost.clone(), false),
            ] {
                assert_eq!(secrets.find(reply.as_bytes()).is_some(), expected, "{reply}");
            }
        }
    }
}
