//! What must not be shown: credentials, and the responses that were sent.

use super::base64;

/// Shorter responses could occur by chance.
const SHORTEST: usize = 8;

/// Credentials and responses, raw, in base64, and as part of something longer in base64.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    texts: Vec<String>,
    /// Those that the server said before they were sent. It does not echo them.
    guessed: Vec<String>,
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
        let text = String::from_utf8_lossy(&encoded).into_owned();
        if !self.texts.contains(&text) && String::from_utf8_lossy(heard).contains(&text) {
            self.guessed.extend(inside_base64(&encoded));
            self.guessed.push(text);
        }
        self.add(&encoded);
    }

    fn add(&mut self, secret: &[u8]) {
        let text = String::from_utf8_lossy(secret).into_owned();
        if !text.is_empty() && !self.texts.contains(&text) {
            self.texts.push(text);
            self.texts.extend(inside_base64(secret));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The first secret in these octets that must not be shown.
    pub(super) fn find_shown(&self, octets: &[u8]) -> Option<&str> {
        let octets = String::from_utf8_lossy(octets);
        let mut secrets = self.texts.iter().filter(|secret| !self.guessed.contains(secret));
        secrets.find(|secret| octets.contains(secret.as_str())).map(String::as_str)
    }

    /// The first secret in these octets, also if it goes on in the next line of a reply.
    pub(super) fn find(&self, octets: &[u8]) -> Option<&str> {
        // The search of the standard library is fast even where nothing else is optimized.
        let octets = String::from_utf8_lossy(octets);
        let joined: String = octets.lines().map(without_codes).collect();
        self.texts.iter().map(String::as_str).find(|secret| octets.contains(*secret) || joined.contains(*secret))
    }
}

/// What base64 of any longer text with this secret in it has in common, for each place at which the secret can begin, in
/// both alphabets.
fn inside_base64(secret: &[u8]) -> impl Iterator<Item = String> {
    let alignments = if secret.len() < SHORTEST { 0..0 } else { 0..3 };
    alignments.flat_map(move |before: usize| {
        let encoded = base64(&[&vec![0; before], secret].concat());
        // Of these characters, every bit is one of the secret.
        let (first, last) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
        let text = String::from_utf8_lossy(&encoded[first..last]).into_owned();
        let other = text.replace('+', "-").replace('/', "_");
        let differs = other != text;
        [Some(text), differs.then_some(other)].into_iter().flatten()
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
            for (reply, expected) in [
                (encoded.clone(), true),
                (encoded.replace('+', "-").replace('/', "_"), true),
                (format!("535-{first}\r\n535 {second}\r\n"), true),
                (format!("535-5.7.8 {first}\r\n535 5.7.8 {second}\r\n"), true),
                (first.to_owned(), false),
            ] {
                assert_eq!(secrets.find(reply.as_bytes()).is_some(), expected, "{reply}");
            }
        }
    }
}
