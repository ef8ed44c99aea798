//! Random challenges: they never cause a panic or more than a few answers, and never convince a client.

use smtp_sasl::{ChannelBinding, Client, Credentials, Mechanism};

const NONCE: [u8; 18] = [42; 18];
/// The same in base64.
const OURS: &str = "KioqKioqKioqKioqKioqKioq";

/// `SplitMix64`: the same numbers in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    /// Octets, or pieces of messages in any order, or a message with one octet changed.
    fn challenge(&mut self) -> Vec<u8> {
        const PIECES: [&str; 20] = [
            "r=",
            OURS,
            "X",
            ",s=",
            "QSXCR+Q6sek8bf92",
            ",i=",
            "4096",
            "4097",
            "1000001",
            ",m=",
            ",x=y",
            "v=",
            "e=",
            ",",
            "=",
            "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
            "invalid-proof",
            "{\"status\":\"401\"}",
            "<1@host>",
            "\u{fc}\0",
        ];
        match self.below(4) {
            0 => (0..self.below(40)).map(|_| self.next().to_le_bytes()[0]).collect(),
            1 => (0..self.below(12)).map(|_| PIECES[self.below(PIECES.len())]).collect::<String>().into_bytes(),
            2 => Vec::new(),
            _ => {
                let mut message = format!("r={OURS}X,s=QSXCR+Q6sek8bf92,i=4096").into_bytes();
                let at = self.below(message.len());
                // A valid message costs rounds of hashing: now and then is enough.
                if self.below(50) != 0 {
                    message[at] = self.next().to_le_bytes()[0];
                }
                message
            }
        }
    }
}

#[test]
fn random_challenges_neither_panic_nor_convince() {
    let password = Credentials::password("user", "pencil").unwrap();
    let token = Credentials::token("user", "t0ken").unwrap();
    let external = Credentials::external();
    let mut random = Random(14);
    for round in 0..4000 {
        let mechanism = Mechanism::ALL[round % Mechanism::ALL.len()];
        let credentials = match mechanism {
            Mechanism::External => &external,
            Mechanism::OAuthBearer | Mechanism::XOAuth2 => &token,
            _ => &password,
        };
        let binding =
            if mechanism.is_bound() { ChannelBinding::TlsExporter(&[7; 32]) } else { ChannelBinding::NotOffered };
        let mut client = Client::new(mechanism, credentials, binding, &NONCE).unwrap();
        let mut answers = 0;
        if random.below(2) == 0 {
            answers += usize::from(client.initial_response().is_some());
            assert!(client.first_message().is_none());
        }
        let mut failure = None;
        for _ in 0..6 {
            match (client.respond(&random.challenge()), failure) {
                (Ok(_), None) => answers += 1,
                (Err(error), None) => failure = Some(error),
                (Err(error), Some(first)) => assert_eq!(error, first, "{mechanism:?}"),
                (Ok(_), Some(first)) => panic!("{mechanism:?}: an answer after {first:?}"),
            }
        }
        // The most is a first message, a proof, and the answer to a signature, which none of these can have.
        assert!(answers <= 2, "{mechanism:?}: {answers} answers");
        assert_eq!(client.finish(), Err(failure.expect("no mechanism answers six challenges")), "{mechanism:?}");
    }
}
