//! What must not be shown: credentials, and the responses that were sent.

use super::base64;

/// Shorter responses could occur by chance.
const SHORTEST: usize = 8;

/// Credentials and responses, raw and in base64.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    lasting: Vec<String>,
    /// Those of the open connection.
    sent: Vec<String>,
}

impl Secrets {
    /// This must never be shown.
    pub(super) fn hide(&mut self, secret: &[u8]) {
        let texts = [text(secret), text(&base64(secret))];
        self.lasting.extend(texts.into_iter().filter(|text| !text.is_empty()));
    }

    /// This response is sent.
    pub(super) fn send(&mut self, response: &[u8]) {
        let encoded = base64(response);
        if encoded.len() >= SHORTEST {
            self.sent.push(text(&encoded));
        }
    }

    /// There is a new connection, on which nothing was sent.
    pub(super) fn restart(&mut self) {
        self.sent.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lasting.is_empty() && self.sent.is_empty()
    }

    /// The first secret in these octets.
    pub(super) fn find(&self, octets: &[u8]) -> Option<&str> {
        // The search of the standard library is fast even where nothing else is optimized.
        let octets = String::from_utf8_lossy(octets);
        self.lasting.iter().chain(&self.sent).map(String::as_str).find(|secret| octets.contains(*secret))
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
