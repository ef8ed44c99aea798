//! Exchanges with honest and with hostile servers.

use smtp_sasl::{ChannelBinding, Client, Credentials, Mechanism, SaslError, SetupError};

/// RFC 5802's, which is `fyko+d2lbbFgONRv9qkxdawL` in base64.
const NONCE: [u8; 18] = *b"\x7f\x29\x28\xf9\xdd\xa5\x6d\xb1\x60\x38\xd4\x6f\xf6\xa9\x31\x75\xac\x0b";
const SERVER_FIRST: &[u8] = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
const SERVER_FINAL: &[u8] = b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=";

fn credentials(mechanism: Mechanism) -> Credentials {
    match mechanism {
        Mechanism::External => Credentials::external(),
        Mechanism::OAuthBearer | Mechanism::XOAuth2 => Credentials::token("user", "t0ken").unwrap(),
        _ => Credentials::password("user", "pencil").unwrap(),
    }
}

fn client(mechanism: Mechanism) -> Client {
    let binding =
        if mechanism.is_bound() { ChannelBinding::TlsExporter(&[7; 32]) } else { ChannelBinding::Unsupported };
    Client::new(mechanism, &credentials(mechanism), binding, &NONCE).unwrap()
}

/// A client that has sent its first message, and answered these challenges.
fn after(mechanism: Mechanism, challenges: &[&[u8]]) -> Client {
    let mut client = client(mechanism);
    client.initial_response();
    for challenge in challenges {
        client.respond(challenge).unwrap();
    }
    client
}

/// For each mechanism: the first message, then the challenges with their answers, then success.
#[test]
fn honest_exchanges_end_well() {
    type Rounds<'a> = &'a [(&'a [u8], &'a [u8])];
    let exchanges: [(Mechanism, Option<&[u8]>, Rounds<'_>); 7] = [
        (Mechanism::Plain, Some(b"\0user\0pencil"), &[]),
        (Mechanism::Login, None, &[(b"Benutzername:", b"user"), (b"", b"pencil")]),
        (Mechanism::CramMd5, None, &[(b"<1.2@host>", b"user 6d502386a1f74fcb82cd989da297ab25")]),
        (
            Mechanism::ScramSha1,
            Some(b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"),
            &[
                (SERVER_FIRST, b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
                (SERVER_FINAL, b""),
            ],
        ),
        (Mechanism::External, Some(b""), &[]),
        (Mechanism::OAuthBearer, Some(b"n,a=user,\x01auth=Bearer t0ken\x01\x01"), &[]),
        (Mechanism::XOAuth2, Some(b"user=user\x01auth=Bearer t0ken\x01\x01"), &[]),
    ];
    for (mechanism, first, rounds) in exchanges {
        // The first message goes out with AUTH, or is asked for by an empty challenge.
        for asked_for in [false, true] {
            let mut client = client(mechanism);
            assert_eq!(client.first_message().map(AsRef::as_ref), first, "{mechanism:?}");
            let message = match (first, asked_for) {
                (Some(_), true) => Some(client.respond(b"").unwrap()),
                (Some(_), false) | (None, _) => client.initial_response(),
            };
            assert_eq!(message.as_ref().map(AsRef::as_ref), first, "{mechanism:?}");
            assert!(client.first_message().is_none(), "{mechanism:?}");
            assert!(client.initial_response().is_none(), "{mechanism:?}");
            for (challenge, expected) in rounds {
                let response = client.respond(challenge).unwrap();
                assert_eq!(response.octets().escape_ascii().to_string(), expected.escape_ascii().to_string());
            }
            assert_eq!(client.mechanism(), mechanism);
            assert_eq!(client.finish(), Ok(()), "{mechanism:?}");
        }
    }
}

#[test]
fn an_authorization_identity_is_sent_or_refused() {
    for (mechanism, expected) in [
        (Mechanism::Plain, Some(&b"other\0user\0pencil"[..])),
        (Mechanism::External, Some(b"other")),
        (Mechanism::OAuthBearer, Some(b"n,a=other,\x01auth=Bearer t0ken\x01\x01")),
        (Mechanism::ScramSha256, Some(b"n,a=other,n=user,r=fyko+d2lbbFgONRv9qkxdawL")),
        (Mechanism::Login, None),
        (Mechanism::CramMd5, None),
        (Mechanism::XOAuth2, None),
    ] {
        let credentials = credentials(mechanism).with_authorization_identity("other").unwrap();
        match (Client::new(mechanism, &credentials, ChannelBinding::Unsupported, &NONCE), expected) {
            (Ok(mut client), Some(expected)) => assert_eq!(client.initial_response().unwrap().octets(), expected),
            (Err(error), None) => assert_eq!(error, SetupError::AuthorizationIdentity(mechanism)),
            (found, _) => panic!("{mechanism:?}: {found:?}"),
        }
    }
}

#[test]
fn the_header_says_how_scram_is_bound() {
    for (mechanism, binding, expected) in [
        (Mechanism::ScramSha1, ChannelBinding::Unsupported, "n,,"),
        (Mechanism::ScramSha1, ChannelBinding::NotOffered, "y,,"),
        (Mechanism::ScramSha1Plus, ChannelBinding::TlsExporter(&[7; 32]), "p=tls-exporter,,"),
        (Mechanism::ScramSha256Plus, ChannelBinding::TlsServerEndPoint(&[7; 48]), "p=tls-server-end-point,,"),
    ] {
        let mut client = Client::new(mechanism, &credentials(mechanism), binding, &NONCE).unwrap();
        let expected = format!("{expected}n=user,r=fyko+d2lbbFgONRv9qkxdawL");
        assert_eq!(client.initial_response().unwrap().octets(), expected.as_bytes());
    }
}

#[test]
fn a_wrong_combination_is_refused_at_the_start() {
    use Mechanism::{External, Plain, ScramSha1, ScramSha1Plus, ScramSha256, ScramSha256Plus, XOAuth2};
    let [password, token, external] = [Plain, XOAuth2, External].map(credentials);
    for mechanism in Mechanism::ALL.iter().copied() {
        let exported = ChannelBinding::TlsExporter(&[7; 32]);
        let binding = if mechanism.is_bound() { exported } else { ChannelBinding::Unsupported };
        let fitting = [&password, &token, &external]
            .map(|credentials| Client::new(mechanism, credentials, binding, &NONCE).map(|client| client.mechanism()));
        assert_eq!(fitting.iter().filter(|result| **result == Ok(mechanism)).count(), 1, "{mechanism:?}");
        assert_eq!(
            fitting.iter().filter(|result| **result == Err(SetupError::WrongCredentials(mechanism))).count(),
            2,
            "{mechanism:?}"
        );
    }
    for mechanism in [ScramSha1, ScramSha1Plus, ScramSha256, ScramSha256Plus] {
        let (binding, error) = if mechanism.is_bound() {
            (ChannelBinding::NotOffered, SetupError::NoChannelBinding(mechanism))
        } else {
            (ChannelBinding::TlsExporter(&[0; 32]), SetupError::UnusedChannelBinding(mechanism))
        };
        assert_eq!(Client::new(mechanism, &password, binding, &NONCE).unwrap_err(), error);
    }
    let cut = ChannelBinding::TlsServerEndPoint(&[0; 31]);
    let found = Client::new(ScramSha256Plus, &password, cut, &NONCE).unwrap_err();
    assert_eq!(found, SetupError::CertificateHashLength);
}

#[test]
fn success_before_the_exchange_is_complete_is_a_failure() {
    let early = Err(SaslError::UnexpectedSuccess);
    for mechanism in Mechanism::ALL.iter().copied() {
        assert_eq!(client(mechanism).finish(), early, "{mechanism:?}, nothing sent");
        let seen = client(mechanism);
        let _ = seen.first_message();
        assert_eq!(seen.finish(), early, "{mechanism:?}, the first message only looked at");
    }
    for (mechanism, challenges) in [
        (Mechanism::Login, &[][..]),
        (Mechanism::Login, &[&b"User:"[..]]),
        (Mechanism::CramMd5, &[]),
        (Mechanism::ScramSha1, &[]),
        (Mechanism::ScramSha1, &[SERVER_FIRST]),
        (Mechanism::XOAuth2, &[b"{}"]),
        (Mechanism::OAuthBearer, &[b"{}"]),
        (Mechanism::OAuthBearer, &[b""]),
    ] {
        assert_eq!(after(mechanism, challenges).finish(), early, "{mechanism:?} after {}", challenges.len());
    }
}

#[test]
fn a_hostile_challenge_ends_the_exchange() {
    use SaslError::{Malformed, MandatoryExtension, Nonce, Refused, Salt, TooFewRounds, TooManyRounds};
    use SaslError::{Signature, UnexpectedChallenge};
    type Case<'a> = (Mechanism, &'a [&'a [u8]], &'a [u8], SaslError);
    let cases: [Case<'_>; 30] = [
        (Mechanism::Plain, &[], b"", UnexpectedChallenge),
        (Mechanism::Plain, &[], b"more", UnexpectedChallenge),
        (Mechanism::External, &[], b"", UnexpectedChallenge),
        (Mechanism::Login, &[b"1", b"2"], b"", UnexpectedChallenge),
        (Mechanism::CramMd5, &[], b"", Malformed),
        (Mechanism::CramMd5, &[b"<1@host>"], b"<2@host>", UnexpectedChallenge),
        (Mechanism::XOAuth2, &[b"{}"], b"{}", UnexpectedChallenge),
        (Mechanism::XOAuth2, &[b""], b"", UnexpectedChallenge),
        (Mechanism::OAuthBearer, &[b"{}"], b"", UnexpectedChallenge),
        (Mechanism::ScramSha1, &[], b"", Malformed),
        (Mechanism::ScramSha1, &[], b"\xff\xfe", Malformed),
        (Mechanism::ScramSha1, &[], SERVER_FINAL, Malformed),
        (Mechanism::ScramSha1, &[], b"r=someOtherNonce,s=QSXCR+Q6sek8bf92,i=4096", Nonce),
        (Mechanism::ScramSha1, &[], b"r=fyko,s=QSXCR+Q6sek8bf92,i=4096", Nonce),
        (Mechanism::ScramSha1, &[], b"r=fyko+d2lbbFgONRv9qkxdawL,s=QSXCR+Q6sek8bf92,i=4096", Nonce),
        (Mechanism::ScramSha1, &[], b"m=1,r=fyko+d2lbbFgONRv9qkxdawLX,s=QSXCR+Q6sek8bf92,i=4096", MandatoryExtension),
        (Mechanism::ScramSha1, &[], b"r=fyko+d2lbbFgONRv9qkxdawLX,s=QSXCR+Q6sek8bf92,i=4096,m=1", MandatoryExtension),
        (Mechanism::ScramSha1, &[], b"r=fyko+d2lbbFgONRv9qkxdawLX,s=QSXCR+Q6sek8bf92,i=4294967295", TooManyRounds),
        (Mechanism::ScramSha1, &[], b"r=fyko+d2lbbFgONRv9qkxdawLX,s=QSXCR+Q6sek8bf92,i=4095", TooFewRounds),
        (Mechanism::ScramSha1, &[], b"r=fyko+d2lbbFgONRv9qkxdawLX,s=QSXCR*Q6sek8bf92,i=4096", Salt),
        (Mechanism::ScramSha1, &[], b"r=fyko+d2lbbFgONRv9qkxdawLX,s=,i=4096", Salt),
        (Mechanism::ScramSha1, &[], b"e=unknown-user", Refused("unknown-user")),
        (Mechanism::ScramSha1, &[SERVER_FIRST], b"", Malformed),
        (Mechanism::ScramSha1, &[SERVER_FIRST], b"v=!", Malformed),
        (Mechanism::ScramSha1, &[SERVER_FIRST], b"v=", Signature),
        (Mechanism::ScramSha1, &[SERVER_FIRST], b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", Signature),
        (Mechanism::ScramSha1, &[SERVER_FIRST], b"v=rmF9pqV8S7suAoZWja4dJRkFsKU=", Signature),
        (Mechanism::ScramSha1, &[SERVER_FIRST], SERVER_FIRST, Malformed),
        (Mechanism::ScramSha1, &[SERVER_FIRST], b"e=invalid-proof", Refused("invalid-proof")),
        (Mechanism::ScramSha1, &[SERVER_FIRST, SERVER_FINAL], b"", UnexpectedChallenge),
    ];
    for (mechanism, challenges, hostile, expected) in cases {
        let mut client = after(mechanism, challenges);
        let shown = hostile.escape_ascii();
        assert_eq!(client.respond(hostile).unwrap_err(), expected, "{mechanism:?}: {shown}");
        // The exchange is over: every further call gives the same error.
        assert_eq!(client.respond(SERVER_FIRST).unwrap_err(), expected, "{mechanism:?}: {shown}");
        assert!(client.initial_response().is_none());
        assert_eq!(client.finish(), Err(expected), "{mechanism:?}: {shown}");
    }
}

#[test]
fn the_first_message_is_not_the_answer_to_a_challenge_with_text() {
    for mechanism in Mechanism::ALL.iter().copied() {
        if client(mechanism).initial_response().is_some() {
            let mut client = client(mechanism);
            assert_eq!(client.respond(b"text").unwrap_err(), SaslError::UnexpectedChallenge, "{mechanism:?}");
            assert!(client.initial_response().is_none());
        }
    }
}

#[test]
fn a_refused_token_is_acknowledged_and_its_reason_kept() {
    for (mechanism, acknowledgement) in [(Mechanism::XOAuth2, &b""[..]), (Mechanism::OAuthBearer, b"\x01")] {
        for (challenge, reason) in [(&br#"{"status":"401"}"#[..], "401"), (b"", "")] {
            let mut client = after(mechanism, &[]);
            assert_eq!(client.server_error(), None);
            assert_eq!(client.respond(challenge).unwrap().octets(), acknowledgement);
            assert_eq!(client.server_error(), Some(reason));
        }
    }
}

#[cfg(not(feature = "std"))]
#[test]
fn without_saslprep_only_ascii_is_for_scram() {
    use smtp_sasl::Field;
    for (user, password, field) in [("J\u{fc}rgen", "x", Field::User), ("x", "p\u{e4}ss", Field::Password)] {
        let credentials = Credentials::password(user, password).unwrap();
        let found = Client::new(Mechanism::ScramSha256, &credentials, ChannelBinding::Unsupported, &NONCE);
        assert_eq!(found.unwrap_err(), SetupError::NotAscii(field));
        assert!(Client::new(Mechanism::Plain, &credentials, ChannelBinding::Unsupported, &NONCE).is_ok());
    }
}
