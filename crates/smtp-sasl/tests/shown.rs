//! What Debug and Display show: never a secret, in whatever state.

use smtp_sasl::{ChannelBinding, Client, Credentials, Field, Mechanism, SaslError, SetupError};

const NONCE: [u8; 18] = [42; 18];
/// Raw, in base64, and as Debug shows octets: `s3cr`.
const SECRETS: [&str; 3] = ["s3cr", "czNjc", "115, 51, 99, 114"];

fn assert_hidden(shown: &str) {
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn nothing_shows_a_secret() {
    let password =
        Credentials::password("s3cr-user", "s3cret").unwrap().with_authorization_identity("s3cr-id").unwrap();
    let plain = Credentials::password("s3cr-user", "s3cret").unwrap();
    let token = Credentials::token("s3cr-user", "s3cret").unwrap().with_server("s3cr.example", 25).unwrap();
    let external = Credentials::external().with_authorization_identity("s3cr-id").unwrap();
    for credentials in [&password, &plain, &token, &external] {
        assert_hidden(&format!("{credentials:?} {credentials:#?}"));
        for mechanism in Mechanism::ALL.iter().copied() {
            let binding = if mechanism.is_bound() {
                ChannelBinding::TlsServerEndPoint(b"s3crets3crets3crets3crets3crets3")
            } else {
                ChannelBinding::Unsupported
            };
            assert_hidden(&format!("{binding:?}"));
            let mut client = match Client::new(mechanism, credentials, binding, &NONCE) {
                Ok(client) => client,
                Err(error) => {
                    assert_hidden(&format!("{error:?} {error}"));
                    continue;
                }
            };
            assert_hidden(&format!("{:?}", client.first_message()));
            assert_hidden(&format!("{client:?} {client:#?} {:?}", client.initial_response()));
            for challenge in [&b"r=KioqKioqKioqKioqKioqKioqKioqX,s=AAAA,i=4096"[..], b"e=s3cret", b"s3cret"] {
                let result = client.respond(challenge);
                assert_hidden(&format!("{client:?} {result:?} {:?}", client.server_error()));
                if let Err(error) = result {
                    assert_hidden(&error.to_string());
                }
            }
            assert_hidden(&format!("{:?}", client.finish()));
        }
    }
}

#[test]
fn a_client_shows_its_mechanism() {
    let credentials = Credentials::password("user", "pencil").unwrap();
    let client = Client::new(Mechanism::Plain, &credentials, ChannelBinding::Unsupported, &NONCE).unwrap();
    assert_eq!(format!("{client:?}"), "Client { mechanism: Plain, .. }");
}

#[test]
fn every_error_has_its_own_sentence() {
    let fields = [Field::User, Field::Password, Field::Token, Field::AuthorizationIdentity, Field::Host];
    let mut shown: Vec<_> = fields
        .into_iter()
        .flat_map(|field| {
            [
                SetupError::Empty(field),
                SetupError::Forbidden(field),
                SetupError::NotAscii(field),
                SetupError::NotPreparable(field),
            ]
        })
        .chain([
            SetupError::WrongCredentials(Mechanism::Plain),
            SetupError::AuthorizationIdentity(Mechanism::Login),
            SetupError::NoChannelBinding(Mechanism::ScramSha1Plus),
            SetupError::UnusedChannelBinding(Mechanism::ScramSha1),
            SetupError::CertificateHashLength,
        ])
        .map(|error| error.to_string())
        .chain(
            [
                SaslError::UnexpectedChallenge,
                SaslError::UnexpectedSuccess,
                SaslError::Malformed,
                SaslError::MandatoryExtension,
                SaslError::Nonce,
                SaslError::Salt,
                SaslError::TooFewRounds,
                SaslError::TooManyRounds,
                SaslError::Signature,
                SaslError::Refused("other-error"),
                SaslError::BindingRefused("channel-bindings-dont-match"),
            ]
            .map(|error| error.to_string()),
        )
        .collect();
    assert!(shown.contains(&"the user name is empty".to_string()));
    assert!(shown.contains(&"the server refused the channel binding: channel-bindings-dont-match".to_string()));
    let all = shown.len();
    shown.sort();
    shown.dedup();
    assert_eq!(shown.len(), all);
}
