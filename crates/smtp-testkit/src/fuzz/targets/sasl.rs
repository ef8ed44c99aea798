//! SASL exchanges with a hostile server. The server's side of SCRAM is computed with another implementation of the hash
//! functions.

use arbitrary::{Arbitrary, Result, Unstructured};
use base64ct::{Base64, Encoding};
use smtp_sasl::{ChannelBinding, Client, Credentials, MAX_ROUNDS, MIN_ROUNDS, Mechanism};

use crate::sasl::scram::Proofs;

const USER: &str = "anna";
const SECRET: &str = "p,w=0rd";
const NONCE: [u8; 18] = [7; 18];
const SALT: &[u8] = b"salt";
const BOUND: [u8; 32] = [9; 32];
/// What the server appends to the client's nonce.
const SERVER_NONCE: &str = "server";

/// A mechanism, and what the server does.
#[derive(Clone, Debug)]
pub struct Input {
    mechanism: Mechanism,
    acts: Vec<Act>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Act {
    /// What an honest server sends next.
    Honest,
    /// The same, with one fault.
    Dishonest(Fault),
    Any(Vec<u8>),
    Success,
}

#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    OtherNonce,
    OurNonceAlone,
    FewRounds,
    ManyRounds,
    NoSalt,
    Mandatory,
    Signature,
    Error,
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mechanism = *u.choose(Mechanism::ALL)?;
        let acts = (0..u.int_in_range(0..=5)?).map(|_| {
            Ok(match u.int_in_range(0..=6)? {
                0..=2 => Act::Honest,
                3 => Act::Dishonest(u.arbitrary()?),
                4 | 5 => Act::Success,
                _ => Act::Any(any(u)?),
            })
        });
        Ok(Self { mechanism, acts: acts.collect::<Result<_>>()? })
    }
}

/// Octets that come close to what SCRAM expects.
fn any(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let nonce = Base64::encode_string(&NONCE);
    let words = ["r=", "s=", "i=", "v=", "e=", "m=", ",", "4096", "c2FsdA==", "other-error", "x", "\0", ""];
    let mut octets = Vec::new();
    for _ in 0..u.int_in_range(0..=12)? {
        if u.ratio(1, 8)? {
            octets.extend_from_slice(nonce.as_bytes());
        } else {
            octets.extend_from_slice(u.choose(&words)?.as_bytes());
        }
    }
    Ok(octets)
}

/// The exchange as the server sees it.
struct Server {
    mechanism: Mechanism,
    /// What the client has sent.
    heard: Vec<Vec<u8>>,
    /// What the server has sent.
    said: Vec<Vec<u8>>,
}

/// Plays the exchange.
pub fn body(input: Input) {
    let Input { mechanism, acts } = input;
    let is_token = matches!(mechanism, Mechanism::XOAuth2 | Mechanism::OAuthBearer);
    let credentials = match mechanism {
        Mechanism::External => Credentials::external(),
        _ if is_token => Credentials::token(USER, SECRET).expect("a valid token"),
        _ => Credentials::password(USER, SECRET).expect("a valid password"),
    };
    let binding = if mechanism.is_bound() { ChannelBinding::TlsExporter(&BOUND) } else { ChannelBinding::Unsupported };
    let mut client = Client::new(mechanism, &credentials, binding, &NONCE).expect("everything is there");
    let mut server = Server { mechanism, heard: Vec::new(), said: Vec::new() };
    if let Some(first) = client.initial_response() {
        server.heard.push(first.octets().to_vec());
    }
    let mut failed = None;
    for act in acts {
        let shown = format!("{client:?} {credentials:?}");
        assert!(!shown.contains(SECRET), "a secret is shown: {shown}");
        let message = match &act {
            Act::Success => {
                let finished = client.finish();
                let is_complete = failed.is_none() && server.is_complete();
                assert_eq!(finished.is_ok(), is_complete, "{mechanism:?} after {:?}", server.said);
                return;
            }
            Act::Honest => server.honest(),
            Act::Dishonest(fault) => server.dishonest(*fault),
            Act::Any(octets) => octets.clone(),
        };
        let response = client.respond(&message);
        server.said.push(message);
        match (response, failed) {
            (Ok(response), None) => server.hear(response.octets()),
            (Ok(_), Some(error)) => panic!("it goes on after {error:?}"),
            (Err(error), None) => failed = Some(error),
            (Err(error), Some(before)) => assert_eq!(error, before, "the error changes"),
        }
    }
}

impl Server {
    fn is_scram(&self) -> bool {
        self.mechanism.name().starts_with("SCRAM")
    }

    /// Whether the client may take a success for one.
    fn is_complete(&self) -> bool {
        match self.mechanism {
            // To a token, a challenge tells of an error.
            Mechanism::Plain | Mechanism::External | Mechanism::XOAuth2 | Mechanism::OAuthBearer => {
                self.said.is_empty()
            }
            Mechanism::Login => self.said.len() == 2,
            Mechanism::CramMd5 => self.said.len() == 1,
            _ => self.said.len() == 2 && self.said.last() == Some(&self.final_message()),
        }
    }

    fn honest(&self) -> Vec<u8> {
        match (self.is_scram(), self.said.len()) {
            (true, 0) => self.first_message(&self.client_nonce(), &Base64::encode_string(SALT), "4096"),
            (true, 1) => self.final_message(),
            (true, _) => Vec::new(),
            (false, _) => b"<1@mx.test>".to_vec(),
        }
    }

    fn dishonest(&self, fault: Fault) -> Vec<u8> {
        let (nonce, salt) = (self.client_nonce(), Base64::encode_string(SALT));
        match fault {
            Fault::OtherNonce => self.first_message("other", &salt, "4096"),
            Fault::OurNonceAlone => format!("r={nonce},s={salt},i=4096").into_bytes(),
            Fault::FewRounds => self.first_message(&nonce, &salt, &(MIN_ROUNDS - 1).to_string()),
            Fault::ManyRounds => self.first_message(&nonce, &salt, &(MAX_ROUNDS + 1).to_string()),
            Fault::NoSalt => self.first_message(&nonce, "", "4096"),
            Fault::Mandatory => [b"m=x,", &self.first_message(&nonce, &salt, "4096")[..]].concat(),
            Fault::Signature => format!("v={}", Base64::encode_string(&[0; 32])).into_bytes(),
            Fault::Error => b"e=invalid-proof".to_vec(),
        }
    }

    fn first_message(&self, nonce: &str, salt: &str, rounds: &str) -> Vec<u8> {
        let _ = self;
        format!("r={nonce}{SERVER_NONCE},s={salt},i={rounds}").into_bytes()
    }

    /// The client's nonce, from its first message.
    fn client_nonce(&self) -> String {
        let first = self.heard.first().map(|first| String::from_utf8_lossy(first).into_owned()).unwrap_or_default();
        first.rsplit_once("r=").map(|(_, nonce)| nonce.to_owned()).unwrap_or_default()
    }

    /// Checks a response of the client.
    fn hear(&mut self, response: &[u8]) {
        let number = self.said.len();
        match (self.mechanism, number) {
            (Mechanism::Login, 1) => assert_eq!(response, USER.as_bytes()),
            (Mechanism::Login, 2) => assert_eq!(response, SECRET.as_bytes()),
            (Mechanism::CramMd5, 1) => {
                let text = std::str::from_utf8(response).expect("it is text");
                let digest = text.strip_prefix("anna ").expect("the user name comes first");
                assert!(digest.len() == 32 && digest.bytes().all(|octet| octet.is_ascii_hexdigit()));
            }
            (Mechanism::XOAuth2, 1) => assert_eq!(response, b""),
            (Mechanism::OAuthBearer, 1) => assert_eq!(response, b"\x01"),
            (_, 1) if self.is_scram() => {
                self.heard.push(response.to_vec());
                self.check_proof();
            }
            (_, 2) if self.is_scram() => {
                assert_eq!(response, b"");
                assert_eq!(self.said.last(), Some(&self.final_message()), "the server proved nothing");
            }
            (mechanism, _) => panic!("{mechanism:?} answers challenge {number}"),
        }
    }

    /// RFC 5802 section 3: the proof must be right, and the server's message one that the client may answer.
    fn check_proof(&self) {
        let (first, last) = (&self.said[0], String::from_utf8_lossy(&self.heard[1]).into_owned());
        let first = std::str::from_utf8(first).expect("it is text");
        assert!(first.starts_with(&format!("r={}", self.client_nonce())), "the nonce is not ours: {first}");
        let proof = last.rsplit_once(",p=").expect("a proof").1;
        assert_eq!(Base64::decode_vec(proof).expect("base64"), self.proofs().client, "{first}");
    }

    fn final_message(&self) -> Vec<u8> {
        if self.heard.len() < 2 {
            return b"v=".to_vec();
        }
        format!("v={}", Base64::encode_string(&self.proofs().server)).into_bytes()
    }

    fn proofs(&self) -> Proofs {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let (first, last) = (text(&self.heard[0]), text(&self.heard[1]));
        let server_first = text(&self.said[0]);
        let value = |name: &str| {
            let found = server_first.split(',').find_map(|part| part.strip_prefix(name));
            found.expect("the client has accepted it").to_owned()
        };
        let salt = Base64::decode_vec(&value("s=")).expect("base64");
        let rounds = value("i=").parse().expect("a number");
        let bare = first.split_once("n=").expect("a user name").1;
        let without_proof = last.rsplit_once(",p=").expect("a proof").0;
        let message = format!("n={bare},{server_first},{without_proof}");
        Proofs::new(self.mechanism.name(), SECRET, &salt, rounds, message.as_bytes())
    }
}
