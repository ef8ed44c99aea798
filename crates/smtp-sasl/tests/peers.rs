//! Compared with other implementations: our messages are theirs, and their servers accept us.
//!
//! rsasl takes part itself. io-sasl 0.1.0 needs a later compiler than this crate, so its messages are recorded here.

use std::sync::Arc;

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use rsasl::{
    callback::{Context, Request, SessionCallback, SessionData},
    mechanisms::{
        external::EXTERNAL,
        login::LOGIN,
        oauthbearer::OAUTHBEARER,
        oauthbearer::properties::{OAuthBearerError, OAuthBearerValidate},
        plain::PLAIN,
        scram::properties::ScramStoredPassword,
        scram::{SCRAM_SHA1, SCRAM_SHA1_PLUS, SCRAM_SHA256, SCRAM_SHA256_PLUS},
        xoauth2::XOAUTH2,
        xoauth2::properties::XOAuth2Validate,
    },
    prelude::{
        ChannelBindingCallback, Mechname, Registry, SASLClient, SASLConfig, SASLServer, SessionError, Validation,
    },
    property::{AuthId, AuthzId, OAuthBearerKV, OAuthBearerToken, Password},
    validate::{Validate, ValidationError},
};
use sha1::Sha1;
use sha2::Sha256;
use smtp_sasl::{ChannelBinding, Client, Credentials, Mechanism, SaslError};

/// `fyko+d2lbbFgONRv9qkxdawL` in base64.
const NONCE: [u8; 18] = *b"\x7f\x29\x28\xf9\xdd\xa5\x6d\xb1\x60\x38\xd4\x6f\xf6\xa9\x31\x75\xac\x0b";
const CERTIFICATE_HASH: &[u8] = b"\xff\0hash of the server certificate";
const SALT: &[u8] = b"salt of the server";
const ROUNDS: u32 = 4096;

/// The callback of rsasl, for both sides: it answers what rsasl asks for.
struct Peer {
    user: &'static str,
    authorization: Option<&'static str>,
    password: &'static str,
    token: &'static str,
    /// `StoredKey` and `ServerKey`.
    keys: [Vec<u8>; 2],
}

impl Peer {
    fn new(user: &'static str, password: &'static str) -> Self {
        Self { user, authorization: None, password, token: "t0ken.-_~+/==", keys: [Vec::new(), Vec::new()] }
    }

    /// With the `-PLUS` variants, or without.
    fn config(self, bound: bool) -> Arc<SASLConfig> {
        static UNBOUND: [rsasl::prelude::Mechanism; 7] =
            [SCRAM_SHA1, SCRAM_SHA256, PLAIN, LOGIN, EXTERNAL, XOAUTH2, OAUTHBEARER];
        static BOUND: [rsasl::prelude::Mechanism; 4] = [SCRAM_SHA1, SCRAM_SHA1_PLUS, SCRAM_SHA256, SCRAM_SHA256_PLUS];
        let registry = Registry::with_mechanisms(if bound { &BOUND } else { &UNBOUND });
        SASLConfig::builder().with_registry(registry).with_callback(self).unwrap()
    }
}

/// What a client showed: a name or a token, and a password.
struct Shown;

impl Validation for Shown {
    type Value = Vec<String>;
}

impl SessionCallback for Peer {
    fn callback(&self, _: &SessionData, context: &Context<'_>, request: &mut Request<'_>) -> Result<(), SessionError> {
        request.satisfy::<AuthId>(self.user)?;
        if let Some(authorization) = self.authorization {
            request.satisfy::<AuthzId>(authorization)?;
        }
        request.satisfy::<Password>(self.password.as_bytes())?;
        request.satisfy::<OAuthBearerToken>(self.token)?;
        request.satisfy::<OAuthBearerKV>(&[("host", "mx.example.com"), ("port", "587")])?;
        let known = context.get_ref::<OAuthBearerToken>().is_some_and(|token| token.ends_with(self.token));
        let refused = OAuthBearerError::new("invalid_token", None, None);
        request.satisfy::<OAuthBearerValidate>(&if known { Ok(()) } else { Err(refused) })?;
        request.satisfy::<XOAuth2Validate>(&if known { Ok(()) } else { Err(r#"{"status":"401"}"#) })?;
        let [stored_key, server_key] = &self.keys;
        request.satisfy::<ScramStoredPassword<'_>>(&ScramStoredPassword::new(ROUNDS, SALT, stored_key, server_key))?;
        Ok(())
    }

    fn validate(
        &self,
        _: &SessionData,
        context: &Context<'_>,
        validate: &mut Validate<'_>,
    ) -> Result<(), ValidationError> {
        let shown = [
            context.get_ref::<AuthzId>().map(String::from),
            context.get_ref::<AuthId>().map(String::from),
            context.get_ref::<Password>().map(|password| String::from_utf8(password.to_vec()).unwrap()),
            context.get_ref::<OAuthBearerToken>().map(String::from),
        ];
        validate.with::<Shown, _>(|| Ok(shown.into_iter().flatten().filter(|text| !text.is_empty()).collect()))?;
        Ok(())
    }
}

/// What binds the channel on the peer's side.
struct Bound(&'static str, &'static [u8]);

impl ChannelBindingCallback for Bound {
    fn get_cb_data(&self, name: &str) -> Option<&[u8]> {
        (name == self.0).then_some(self.1)
    }
}

/// Computed here, independently of the crate under test.
fn keys<D: EagerHash>(password: &str) -> [Vec<u8>; 2] {
    let mac = |key: &[u8], parts: &[&[u8]]| {
        let mac = parts.iter().fold(Hmac::<D>::new_from_slice(key).unwrap(), Mac::chain_update);
        mac.finalize().into_bytes().to_vec()
    };
    let mut last = mac(password.as_bytes(), &[SALT, &[0, 0, 0, 1]]);
    let mut salted = last.clone();
    for _ in 1..ROUNDS {
        last = mac(password.as_bytes(), &[&last]);
        salted.iter_mut().zip(&last).for_each(|(sum, octet)| *sum ^= octet);
    }
    [D::digest(mac(&salted, &[b"Client Key"])).to_vec(), mac(&salted, &[b"Server Key"])]
}

/// The messages of rsasl's client, the challenges being empty.
fn messages(peer: Peer, mechanism: Mechanism, count: usize) -> Vec<Vec<u8>> {
    let name = Mechname::parse(mechanism.name().as_bytes()).unwrap();
    let mut session = SASLClient::new(peer.config(false)).start_suggested(&[name]).unwrap();
    let mut challenge = None;
    let messages = (0..count).map(|_| {
        let mut message = Vec::new();
        session.step(challenge, &mut message).unwrap();
        challenge = Some(&b""[..]);
        message
    });
    messages.collect()
}

/// Lets a client talk with rsasl's server; what the server learned from it, or its refusal.
fn talk(peer: Peer, bound: Bound, mut client: Client) -> Result<Vec<String>, SaslError> {
    let name = Mechname::parse(client.mechanism().name().as_bytes()).unwrap();
    let mut session = SASLServer::<Shown, _>::with_cb(peer.config(client.mechanism().is_bound()), bound)
        .start_suggested(name)
        .unwrap();
    let mut input = client.initial_response().map(|response| response.octets().to_vec());
    loop {
        let mut challenge = Vec::new();
        let state = session.step(input.as_deref(), &mut challenge).unwrap();
        if state.has_sent_message() {
            input = Some(client.respond(&challenge)?.octets().to_vec());
        }
        if state.is_finished() {
            client.finish()?;
            return Ok(session.validation().unwrap_or_default());
        }
    }
}

fn token(identity: &str) -> Credentials {
    Credentials::token(identity, "t0ken.-_~+/==").unwrap().with_server("mx.example.com", 587).unwrap()
}

#[test]
fn our_messages_are_those_of_rsasl() {
    let password = Credentials::password("J\u{fc}rgen", "p w").unwrap();
    let acting = password.clone().with_authorization_identity("other").unwrap();
    let external = Credentials::external().with_authorization_identity("other").unwrap();
    for (mechanism, credentials, authorization, count) in [
        (Mechanism::Plain, password.clone(), None, 1),
        (Mechanism::Plain, acting, Some("other"), 1),
        (Mechanism::Login, password, None, 2),
        (Mechanism::External, external, Some("other"), 1),
        (Mechanism::XOAuth2, token("J\u{fc}rgen"), None, 1),
        (Mechanism::OAuthBearer, token("other"), Some("other"), 1),
    ] {
        let mut client = Client::new(mechanism, &credentials, ChannelBinding::Unsupported, &NONCE).unwrap();
        let theirs = messages(Peer { authorization, ..Peer::new("J\u{fc}rgen", "p w") }, mechanism, count);
        for theirs in theirs {
            assert_eq!(client.respond(b"").unwrap().octets(), theirs, "{mechanism:?}");
        }
        assert_eq!(client.finish(), Ok(()), "{mechanism:?}");
    }
}

#[test]
fn the_server_of_rsasl_learns_what_was_meant() {
    let password = Credentials::password("user", "pencil").unwrap();
    let acting = password.clone().with_authorization_identity("other").unwrap();
    let external = Credentials::external().with_authorization_identity("other").unwrap();
    for (mechanism, credentials, expected) in [
        (Mechanism::Plain, password.clone(), &["user", "pencil"][..]),
        (Mechanism::Plain, acting, &["other", "user", "pencil"]),
        (Mechanism::Login, password, &["user", "pencil"]),
        (Mechanism::External, external, &["other"]),
        (Mechanism::XOAuth2, token("user"), &["user", "t0ken.-_~+/=="]),
        (Mechanism::OAuthBearer, token("user"), &["user", "Bearer t0ken.-_~+/=="]),
    ] {
        let client = Client::new(mechanism, &credentials, ChannelBinding::Unsupported, &NONCE).unwrap();
        let shown = talk(Peer::new("user", "pencil"), Bound("", b""), client).unwrap();
        assert_eq!(shown, expected, "{mechanism:?}");
    }
}

#[test]
fn the_server_of_rsasl_refuses_a_token_and_takes_the_acknowledgement() {
    for mechanism in [Mechanism::XOAuth2, Mechanism::OAuthBearer] {
        let credentials = Credentials::token("user", "0ther").unwrap();
        let client = Client::new(mechanism, &credentials, ChannelBinding::Unsupported, &NONCE).unwrap();
        let found = talk(Peer::new("user", "pencil"), Bound("", b""), client);
        assert_eq!(found, Err(SaslError::UnexpectedSuccess), "{mechanism:?}");
    }
}

#[test]
fn scram_convinces_the_server_of_rsasl_and_is_convinced_by_it() {
    use ChannelBinding::{NotOffered, TlsExporter, TlsServerEndPoint, Unsupported};
    let exported = [7; 32];
    let users = [("a=b,c", "p w,="), ("J\u{fc}rgen", "\u{fc}ber allem")];
    for (user, password) in users {
        let credentials = Credentials::password(user, password).unwrap();
        for (mechanism, binding) in [
            (Mechanism::ScramSha1, Unsupported),
            (Mechanism::ScramSha1, NotOffered),
            (Mechanism::ScramSha1Plus, TlsExporter(&exported)),
            (Mechanism::ScramSha256, Unsupported),
            (Mechanism::ScramSha256Plus, TlsExporter(&exported)),
            (Mechanism::ScramSha256Plus, TlsServerEndPoint(CERTIFICATE_HASH)),
        ] {
            let client = |password: &Credentials| Client::new(mechanism, password, binding, &NONCE);
            if cfg!(not(feature = "std")) && !user.is_ascii() {
                assert!(client(&credentials).is_err());
                continue;
            }
            let peer = |stored| {
                let sha1 = matches!(mechanism, Mechanism::ScramSha1 | Mechanism::ScramSha1Plus);
                let keys = if sha1 { keys::<Sha1>(stored) } else { keys::<Sha256>(stored) };
                Peer { keys, ..Peer::new("user", "pencil") }
            };
            let bound = |other: bool| match binding {
                TlsExporter(_) if !other => Bound("tls-exporter", &[7; 32]),
                TlsExporter(_) => Bound("tls-exporter", &[8; 32]),
                TlsServerEndPoint(_) if !other => Bound("tls-server-end-point", CERTIFICATE_HASH),
                TlsServerEndPoint(_) => Bound("tls-server-end-point", b"\xff\0hash of another certificate"),
                _ => Bound("", b""),
            };
            let client = || client(&credentials).unwrap();
            assert!(talk(peer(password), bound(false), client()).is_ok(), "{mechanism:?} {user}");
            if user.is_ascii() {
                let found = talk(peer("another"), bound(false), client());
                assert_eq!(found, Err(SaslError::Refused("invalid-proof")), "{mechanism:?}");
            }
            if mechanism.is_bound() {
                let found = talk(peer(password), bound(true), client());
                assert_eq!(found, Err(SaslError::BindingRefused("channel-bindings-dont-match")), "{mechanism:?}");
            }
        }
    }
}

/// Somebody on the path removed `-PLUS` from the offer.
#[test]
fn the_server_of_rsasl_notices_a_downgrade() {
    let credentials = Credentials::password("user", "pencil").unwrap();
    for (binding, accepted) in [(ChannelBinding::NotOffered, false), (ChannelBinding::Unsupported, true)] {
        let mut client = Client::new(Mechanism::ScramSha256, &credentials, binding, &NONCE).unwrap();
        let peer = Peer { keys: keys::<Sha256>("pencil"), ..Peer::new("user", "pencil") };
        let name = Mechname::parse(b"SCRAM-SHA-256").unwrap();
        let mut session = SASLServer::<Shown>::new(peer.config(true)).start_suggested(name).unwrap();
        let first = client.initial_response().unwrap();
        assert_eq!(session.step(Some(first.octets()), &mut Vec::new()).is_ok(), accepted, "{binding:?}");
    }
}

/// What io-sasl answers to a challenge with 5,000 rounds and an extension. The proofs for `tls-server-end-point` were
/// computed by the formulas of RFC 5802 section 3 instead.
#[test]
fn our_proofs_are_those_of_io_sasl() {
    use ChannelBinding::{NotOffered, TlsExporter, TlsServerEndPoint, Unsupported};
    const CHALLENGE: &[u8] = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=5000,x=ext";
    const EXPORTED: &str = "cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
    const END_POINT: &str = "cD10bHMtc2VydmVyLWVuZC1wb2ludCws/wBoYXNoIG9mIHRoZSBzZXJ2ZXIgY2VydGlmaWNhdGU=";
    let exported: [u8; 32] = core::array::from_fn(|at| u8::try_from(at).unwrap());
    let long = "long ".repeat(30);
    let plain = ["user", "pencil", "n,,n=user", "biws"];
    let escaped = ["a=b,c", "p w,=", "y,,n=a=3Db=2Cc", "eSws"];
    let longer = ["user", &long, "p=tls-exporter,,n=user", EXPORTED];
    let prepared = ["J\u{fc}r\u{ad}gen", "\u{2168}\u{a0}\u{aa}", "p=tls-server-end-point,,n=J\u{fc}rgen", END_POINT];
    for (mechanism, binding, [user, password, first, bound], proof) in [
        (Mechanism::ScramSha1, Unsupported, plain, "cx8RtSYFfc3GhPSmJcK+nRLjwtY="),
        (Mechanism::ScramSha1, NotOffered, escaped, "eiXTYyaUq7jCOctwWxajTT02Vp0="),
        (Mechanism::ScramSha1Plus, TlsExporter(&exported), longer, "KprKvaR43n++3hl0j9cA1gkjPuU="),
        (Mechanism::ScramSha1Plus, TlsServerEndPoint(CERTIFICATE_HASH), prepared, "7tMSvBTfApkzZy/+6QAfgBQ2DBw="),
        (Mechanism::ScramSha256, Unsupported, plain, "Tqanj1/5pUTWoKM8h7sZt1warjO45KcVtVj16RJLKOc="),
        (Mechanism::ScramSha256, NotOffered, escaped, "xIGGL4v3W3MbkgCNwZQ9aSyE+U1KF1qpg5A5PD1TUWs="),
        (Mechanism::ScramSha256Plus, TlsExporter(&exported), longer, "JecWm+LFZHHJDoi/SnFiBDmvbLOHuxD3efeaW3J3bFs="),
        (
            Mechanism::ScramSha256Plus,
            TlsServerEndPoint(CERTIFICATE_HASH),
            prepared,
            "iI9o0FQyRzvKfkftiFtLUI4UX7jwPWsAaBfyQaaSGdM=",
        ),
    ] {
        if cfg!(not(feature = "std")) && !user.is_ascii() {
            continue;
        }
        let credentials = Credentials::password(user, password).unwrap();
        let mut client = Client::new(mechanism, &credentials, binding, &NONCE).unwrap();
        let expected = format!("{first},r=fyko+d2lbbFgONRv9qkxdawL");
        assert_eq!(client.initial_response().unwrap().octets(), expected.as_bytes(), "{mechanism:?}");
        let expected = format!("c={bound},r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p={proof}");
        assert_eq!(client.respond(CHALLENGE).unwrap().octets(), expected.as_bytes(), "{mechanism:?}");
    }
}

#[test]
fn our_other_messages_are_those_of_io_sasl() {
    let long = "long ".repeat(30);
    let acting = Credentials::password("J\u{fc}rgen", "p w").unwrap().with_authorization_identity("other").unwrap();
    for (mechanism, credentials, challenge, expected) in [
        (Mechanism::Plain, acting, &b""[..], "other\0J\u{fc}rgen\0p w"),
        (
            Mechanism::CramMd5,
            Credentials::password("user", "pencil").unwrap(),
            b"<1.2@host>",
            "user 6d502386a1f74fcb82cd989da297ab25",
        ),
        (
            Mechanism::CramMd5,
            Credentials::password("user", &long).unwrap(),
            b"<1.2@host>",
            "user 5621b7647601f002ec30798400b65af4",
        ),
        (
            Mechanism::XOAuth2,
            token("user@example.com"),
            b"",
            "user=user@example.com\x01auth=Bearer t0ken.-_~+/==\x01\x01",
        ),
        (
            Mechanism::OAuthBearer,
            token("user@example.com"),
            b"",
            "n,a=user@example.com,\x01host=mx.example.com\x01port=587\x01auth=Bearer t0ken.-_~+/==\x01\x01",
        ),
    ] {
        let mut client = Client::new(mechanism, &credentials, ChannelBinding::Unsupported, &NONCE).unwrap();
        assert_eq!(client.respond(challenge).unwrap().octets(), expected.as_bytes(), "{mechanism:?}");
    }
}
