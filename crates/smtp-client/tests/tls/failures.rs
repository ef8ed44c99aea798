//! Handshakes that fail, and what is said of them.

use std::io::{self, ErrorKind, Read, Write};

use rcgen::ExtendedKeyUsagePurpose;
use rustls::{AlertDescription, Error};
use smtp_client::tls::{HandshakeError, Progress, TlsChannel, TlsConfig, Verification};

use crate::{
    certificates::{Authority, Identity},
    server::{Server, TLS_1_2, TLS_1_3, VERSIONS, config, config_for_clients, connect, shake_hands, trusting},
    wire::Wire,
};

fn channel(client: &TlsConfig) -> TlsChannel {
    client.channel("mx.test", Verification::Required).unwrap()
}

/// The result of a handshake with a server that sends these octets.
fn with_octets(octets: &[u8], mut wire: Wire) -> HandshakeError {
    let mut channel = channel(&trusting(&Authority::new("Test CA").pem));
    wire.to_client.extend(octets);
    wire.closes_after = octets.len();
    loop {
        match channel.handshake(&mut wire) {
            Ok(Progress::Done) => panic!("the handshake is done"),
            Ok(_) => (),
            Err(error) => {
                // It remains.
                assert_eq!(channel.handshake(&mut wire), Err(error.clone()));
                let read = channel.read(&mut wire, &mut [0; 16]).unwrap_err();
                assert_eq!((read.kind(), read.to_string()), (ErrorKind::InvalidData, error.to_string()));
                return error;
            }
        }
    }
}

#[test]
fn a_server_that_closes_during_the_handshake_is_reported_at_every_octet() {
    let authority = Authority::new("Test CA");
    let (client, identity) = (trusting(&authority.pem), authority.issue(|_| ()));
    for version in VERSIONS {
        let config = config(identity.certified(), version);
        let mut closed = 0;
        loop {
            // Without resumption, so that each handshake is as long as the others.
            let client = if closed == 0 { client.clone() } else { trusting(&authority.pem) };
            let (mut server, mut channel) = (Server::new(&config), channel(&client));
            let mut wire = Wire { closes_after: closed, ..Wire::default() };
            match shake_hands(&mut channel, &mut server, &mut wire) {
                Ok(()) => break,
                Err(error) => assert_eq!(error, HandshakeError::Closed, "{version:?}, {closed} octets"),
            }
            closed += 1;
        }
        assert!(closed > 500, "{version:?}: only {closed} octets");
    }
    assert_eq!(HandshakeError::Closed.to_string(), "the server closed the connection during the TLS handshake");
}

#[test]
fn a_server_in_clear_text_is_recognised() {
    let error = with_octets(b"220 hi\r\n250 more\r\n", Wire::default());
    assert_eq!(
        error.to_string(),
        "the server answered in clear text: it does not speak TLS on this port (it sent \"220 hi\")"
    );
    // The first octet is enough.
    let error = with_octets(b"220 hi\r\n", Wire::slow());
    assert!(matches!(error, HandshakeError::Plaintext(_)), "{error:?}");
    assert_eq!(with_octets(b"22", Wire::default()), HandshakeError::Plaintext("22".into()));
}

#[test]
fn an_alert_is_named() {
    for wire in [Wire::default, Wire::slow] {
        assert_eq!(
            with_octets(b"\x15\x03\x03\x00\x02\x02\x28", wire()),
            HandshakeError::Alert("handshake_failure".into())
        );
    }
}

#[test]
fn an_old_version_and_octets_that_are_not_tls_are_told_apart() {
    let hello = [&[0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2][..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
    assert_eq!(
        with_octets(&hello, Wire::default()),
        HandshakeError::Incompatible("it does not speak TLS 1.2 or 1.3".into())
    );
    // A message of 16 MiB.
    let endless = [&[0x16, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff][..], &[0; 0x3ffc]].concat();
    let endless = endless.repeat(8);
    for octets in
        [&endless[..], b"\x16\x03\x03\x00\x04\x02\x00\x00\x00", b"\0\0\0\0\0\0\0", b"\xff\xfb\x01\xff\xfb\x03"]
    {
        let error = with_octets(octets, Wire::default());
        assert!(matches!(error, HandshakeError::Protocol(_)), "{octets:?}: {error:?}");
    }
}

#[test]
fn the_server_is_told_that_its_certificate_is_refused() {
    for version in VERSIONS {
        let config = config(Identity::self_signed(|_| ()).certified(), version);
        let (mut server, mut wire) = (Server::new(&config), Wire::default());
        let mut channel = channel(&trusting(&Authority::new("Test CA").pem));
        shake_hands(&mut channel, &mut server, &mut wire).unwrap_err();
        server.advance(&mut wire);
        assert_eq!(server.error, Some(Error::AlertReceived(AlertDescription::CertificateUnknown)));
        assert_eq!(channel.facts(), None);
    }
}

#[test]
fn a_client_certificate_is_shown_to_servers_that_ask_for_one() {
    let (authority, clients) = (Authority::new("Test CA"), Authority::new("Client CA"));
    let identity = clients.issue(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    let builder = TlsConfig::builder().with_ca_pem(authority.pem.as_bytes()).unwrap();
    let builder = builder.with_client_certificate_pem(identity.pem.as_bytes(), identity.key_pem.as_bytes()).unwrap();
    let with_certificate = builder.build().unwrap();
    for version in VERSIONS {
        let config = config_for_clients(authority.issue(|_| ()).certified(), version, &clients.pem);
        for verification in [Verification::Required, Verification::Opportunistic] {
            let (_, server, _) = connect(&with_certificate, verification, &config).unwrap();
            assert_eq!(server.error, None);
            assert_eq!(server.tls.peer_certificates().unwrap()[0], identity.certificate);
        }
    }
}

#[test]
fn a_missing_client_certificate_is_reported_by_the_handshake_or_the_first_read() {
    let authority = Authority::new("Test CA");
    let client = trusting(&authority.pem);
    let config = |version| config_for_clients(authority.issue(|_| ()).certified(), version, &authority.pem);
    let error = connect(&client, Verification::Required, &config(TLS_1_2)).map(|_| ()).unwrap_err();
    assert!(matches!(error, HandshakeError::Alert(_)), "{error:?}");

    let (mut channel, _, mut wire) = connect(&client, Verification::Required, &config(TLS_1_3)).unwrap();
    let error = channel.read(&mut wire, &mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!(
        error.to_string(),
        "the server refused TLS with the alert certificate_required: it requires a client certificate"
    );
    let inner = error.get_ref().and_then(|error| error.downcast_ref::<HandshakeError>());
    assert_eq!(inner, Some(&HandshakeError::Alert("certificate_required".into())));
    assert_eq!(channel.write(&mut wire, b"EHLO").unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn data_before_an_error_is_read_before_it() {
    let authority = Authority::new("Test CA");
    for version in VERSIONS {
        let config = config(authority.issue(|_| ()).certified(), version);
        let (mut channel, mut server, mut wire) =
            connect(&trusting(&authority.pem), Verification::Required, &config).unwrap();
        server.to_send = b"421 bye".to_vec();
        server.advance(&mut wire);
        wire.to_client.extend(b"garbage");
        let mut room = [0; 16];
        let len = channel.read(&mut wire, &mut room).unwrap();
        assert_eq!(&room[..len], b"421 bye");
        assert_eq!(channel.read(&mut wire, &mut room).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

/// A transport that fails.
struct Broken {
    to_client: &'static [u8],
    reading: ErrorKind,
    writing: Option<ErrorKind>,
}

impl Read for Broken {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.to_client.is_empty() { Err(self.reading.into()) } else { self.to_client.read(room) }
    }
}

impl Write for Broken {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.writing.map_or(Ok(octets.len()), |kind| Err(kind.into()))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_lost_connection_is_reported_after_what_the_server_said() {
    let client = trusting(&Authority::new("Test CA").pem);
    let reset = ErrorKind::ConnectionReset;
    for (to_client, writing, error) in [
        (&b""[..], None, HandshakeError::Lost(reset)),
        (b"", Some(ErrorKind::BrokenPipe), HandshakeError::Lost(ErrorKind::BrokenPipe)),
        (b"\x15\x03\x03\x00\x02\x02\x46", Some(reset), HandshakeError::Alert("protocol_version".into())),
        (b"554 no", Some(reset), HandshakeError::Plaintext("554 no".into())),
    ] {
        let mut transport = Broken { to_client, reading: reset, writing };
        assert_eq!(channel(&client).handshake(&mut transport), Err(error));
    }
}

#[test]
fn nothing_is_read_or_written_before_the_end_of_the_handshake() {
    let client = trusting(&Authority::new("Test CA").pem);
    let (mut channel, mut wire) = (channel(&client), Wire::default());
    assert_eq!(channel.write(&mut wire, b"EHLO").unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(channel.handshake(&mut wire), Ok(Progress::WantsRead));
    assert_eq!(channel.read(&mut wire, &mut [0; 16]).unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(channel.write(&mut wire, b"EHLO").unwrap_err().kind(), ErrorKind::NotConnected);
    let mut full = Wire { capacity: 100, ..Wire::default() };
    let mut channel = client.channel("mx.test", Verification::Required).unwrap();
    assert_eq!(channel.handshake(&mut full), Ok(Progress::WantsWrite));
    assert!(channel.has_unwritten());
}
