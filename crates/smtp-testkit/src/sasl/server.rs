//! The server's side of an exchange, for clients with any credentials. Only with SCRAM do both sides need the same
//! password, or the client would not believe the server.

use std::num::NonZeroU32;

use base64ct::{Base64, Encoding};

use super::scram::Proofs;

const SALT: &[u8] = b"a salt for tests";
const ROUNDS: NonZeroU32 = NonZeroU32::new(4096).unwrap();
/// What the server appends to the client's nonce.
const NONCE: &str = "server";

/// A server that takes any credentials, except with SCRAM.
#[derive(Clone, Debug)]
pub struct Server {
    password: String,
    /// In upper case.
    mechanism: String,
    /// What the client has sent in this exchange, without base64.
    heard: Vec<Vec<u8>>,
}

impl Server {
    /// A server that uses this password with SCRAM.
    pub fn new(password: &str) -> Self {
        Self { password: password.to_owned(), mechanism: String::new(), heard: Vec::new() }
    }

    /// The client sent this line: AUTH, which begins an exchange, or a response.
    pub fn heard(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        let response = match words[..] {
            [verb, mechanism, ref rest @ ..] if verb.eq_ignore_ascii_case("AUTH") => {
                self.mechanism = mechanism.to_ascii_uppercase();
                self.heard.clear();
                match rest {
                    [] => return,
                    [initial, ..] => *initial,
                }
            }
            [response, ..] => response,
            [] => "",
        };
        // `=` is an empty initial response (RFC 4954 section 4).
        self.heard.push(Base64::decode_vec(response).unwrap_or_default());
    }

    /// The next challenge, in base64; `None` if the client has sent everything. `succeeds`: how the exchange will end,
    /// because a token is only answered with a challenge if it is refused.
    pub fn challenge(&self, succeeds: bool) -> Option<String> {
        let challenge = match (self.mechanism.as_str(), &self.heard[..]) {
            ("LOGIN", []) => "Username:".to_owned(),
            ("LOGIN", [_]) => "Password:".to_owned(),
            ("CRAM-MD5", []) => "<1@mx.example.net>".to_owned(),
            ("XOAUTH2" | "OAUTHBEARER", [_]) if !succeeds => r#"{"status":"invalid_token"}"#.to_owned(),
            (mechanism, [first]) if mechanism.starts_with("SCRAM-") => scram_first(first),
            (mechanism, [first, last]) if mechanism.starts_with("SCRAM-") => {
                scram_final(mechanism, &self.password, first, last)
            }
            (_, []) => String::new(),
            (_, [_, ..]) => return None,
        };
        Some(Base64::encode_string(challenge.as_bytes()))
    }
}

/// `server-first-message`, for a `client-first-message`.
fn scram_first(client_first: &[u8]) -> String {
    let client_first = String::from_utf8_lossy(client_first);
    let nonce = client_first.split(',').find_map(|attribute| attribute.strip_prefix("r=")).unwrap_or_default();
    format!("r={nonce}{NONCE},s={},i={ROUNDS}", Base64::encode_string(SALT))
}

/// `server-final-message`, after the two messages of the client: the proof of the server, if that of the client is right.
fn scram_final(mechanism: &str, password: &str, client_first: &[u8], client_final: &[u8]) -> String {
    let text = String::from_utf8_lossy(client_first);
    // After the GS2 header, which has two commas.
    let bare = text.splitn(3, ',').nth(2).unwrap_or_default();
    let client_final = String::from_utf8_lossy(client_final);
    let (without_proof, proof) = client_final.rsplit_once(",p=").unwrap_or((&client_final, ""));
    let message = format!("{bare},{},{without_proof}", scram_first(client_first));
    let proofs = Proofs::new(mechanism, password, SALT, ROUNDS, message.as_bytes());
    if proof != Base64::encode_string(&proofs.client) {
        return "e=invalid-proof".to_owned();
    }
    format!("v={}", Base64::encode_string(&proofs.server))
}

#[cfg(test)]
mod tests {
    use smtp_sasl::{ChannelBinding, Client, Credentials, Mechanism};

    use super::*;

    fn line(octets: &[u8]) -> Vec<u8> {
        format!("{}\r\n", Base64::encode_string(octets)).into_bytes()
    }

    /// Runs an exchange to its end. Returns the number of challenges, and whether the client agrees to a success.
    fn run(mechanism: Mechanism, is_initial: bool, server_password: &str) -> (usize, bool) {
        let credentials = match mechanism {
            Mechanism::XOAuth2 | Mechanism::OAuthBearer => Credentials::token("alice", "token").unwrap(),
            Mechanism::External => Credentials::external(),
            _ => Credentials::password("alice", "p,w=0rd").unwrap(),
        };
        let binding = ChannelBinding::TlsExporter(&[7; 32]);
        let binding = if mechanism.is_bound() { binding } else { ChannelBinding::Unsupported };
        let mut client = Client::new(mechanism, &credentials, binding, &[7; 18]).unwrap();
        let mut server = Server::new(server_password);
        let initial = is_initial.then(|| client.initial_response()).flatten();
        let initial = initial.map(|initial| match Base64::encode_string(initial.octets()) {
            empty if empty.is_empty() => "=".to_owned(),
            initial => initial,
        });
        server.heard(format!("auth {} {}\r\n", mechanism.name(), initial.unwrap_or_default()).as_bytes());
        let mut challenges = 0;
        while let Some(challenge) = server.challenge(true) {
            challenges += 1;
            let Ok(response) = client.respond(&Base64::decode_vec(&challenge).unwrap()) else { break };
            server.heard(&line(response.octets()));
        }
        (challenges, client.finish().is_ok())
    }

    #[test]
    fn a_client_with_any_mechanism_agrees_to_the_success_of_the_server() {
        for mechanism in Mechanism::ALL {
            let challenges = match mechanism.name() {
                "LOGIN" => (2, 2),
                "CRAM-MD5" => (1, 1),
                name if name.starts_with("SCRAM-") => (2, 3),
                _ => (0, 1),
            };
            for (is_initial, challenges) in [(true, challenges.0), (false, challenges.1)] {
                assert_eq!(run(*mechanism, is_initial, "p,w=0rd"), (challenges, true), "{mechanism:?}, {is_initial}");
            }
        }
    }

    #[test]
    fn only_scram_needs_the_same_password() {
        for mechanism in Mechanism::ALL {
            let is_scram = mechanism.name().starts_with("SCRAM-");
            assert_eq!(run(*mechanism, true, "another").1, !is_scram, "{mechanism:?}");
        }
    }

    #[test]
    fn a_token_is_refused_with_a_challenge() {
        let mut server = Server::new("");
        server.heard(b"AUTH XOAUTH2 dG9rZW4=\r\n");
        assert_eq!(server.challenge(true), None);
        assert_eq!(server.challenge(false).as_deref(), Some("eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0="));
        server.heard(b"\r\n");
        assert_eq!(server.challenge(false), None);
    }

    #[test]
    fn anything_is_taken_for_a_message() {
        for lines in
            [&["AUTH"][..], &["AUTH SCRAM-SHA-1 =", "*", "?"], &["AUTH SCRAM-SHA-1 \u{fc}", "", ""], &["", "x"]]
        {
            let mut server = Server::new("p");
            for line in lines {
                server.heard(line.as_bytes());
                server.challenge(true);
            }
        }
    }
}
