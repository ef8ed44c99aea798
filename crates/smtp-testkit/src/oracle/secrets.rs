//! What must not be shown: credentials, and the responses that were sent.

use super::base64;

/// Shorter responses could occur by chance.
const SHORTEST: usize = 8;

/// Credentials and responses, raw and in base64.
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
            self.guessed.push(text);
        }
        self.add(&encoded);
    }

    fn add(&mut self, secret: &[u8]) {
        let text = String::from_utf8_lossy(secret).into_owned();
        if !text.is_empty() && !self.texts.contains(&text) {
            self.texts.push(text);
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

    /// The first secret in these octets.
    pub(super) fn find(&self, octets: &[u8]) -> Option<&str> {
        // The search of the standard library is fast even where nothing else is optimized.
        let octets = String::from_utf8_lossy(octets);
        self.texts.iter().map(String::as_str).find(|secret| octets.contains(*secret))
    }
}
