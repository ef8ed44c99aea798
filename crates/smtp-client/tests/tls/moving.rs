//! No octet is lost, whatever the transport does.

use std::{io::ErrorKind, sync::Arc};

use rustls::ServerConfig;
use smtp_client::tls::{HandshakeError, TlsChannel, TlsConfig, Verification};

use crate::{
    certificates::Authority,
    server::{Server, TLS_1_3, VERSIONS, config, connect, shake_hands, trusting},
    wire::Wire,
};

/// A client and a server for each version.
fn both_versions() -> [(TlsConfig, Arc<ServerConfig>); 2] {
    let authority = Authority::new("Test CA");
    VERSIONS.map(|version| (trusting(&authority.pem), config(authority.issue(|_| ()).certified(), version)))
}

/// Reads as much as there is.
fn read_all(channel: &mut TlsChannel, wire: &mut Wire) -> Vec<u8> {
    let (mut read, mut room) = (Vec::new(), [0; 1000]);
    let mut blocked = 0;
    while blocked < 2 {
        match channel.read(wire, &mut room) {
            Ok(0) => break,
            Ok(len) => read.extend(&room[..len]),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                // A transport that stutters may have more.
                blocked = if wire.stutters && !wire.to_client.is_empty() { 0 } else { blocked + 1 };
            }
        }
    }
    read
}

#[test]
fn every_split_of_octets_works() {
    for (client, config) in both_versions() {
        let (mut server, mut wire) = (Server::new(&config), Wire::slow());
        let mut channel = client.channel("mx.test", Verification::Required).unwrap();
        shake_hands(&mut channel, &mut server, &mut wire).unwrap();
        assert_eq!(channel.write(&mut wire, b"EHLO client.test\r\n").unwrap(), 18);
        while channel.has_unwritten() {
            let _ = channel.flush(&mut wire);
        }
        server.advance(&mut wire);
        assert_eq!(server.received, b"EHLO client.test\r\n");
        server.to_send = b"250 hello\r\n".to_vec();
        server.advance(&mut wire);
        assert_eq!(read_all(&mut channel, &mut wire), b"250 hello\r\n");
    }
}

#[test]
fn data_that_arrives_with_the_end_of_the_handshake_is_not_lost() {
    for (client, config) in both_versions() {
        let mut config = Arc::unwrap_or_clone(config);
        config.send_half_rtt_data = true;
        let (mut server, mut wire) = (Server::new(&Arc::new(config)), Wire::default());
        server.to_send = b"220 hello\r\n".to_vec();
        let mut channel = client.channel("mx.test", Verification::Required).unwrap();
        shake_hands(&mut channel, &mut server, &mut wire).unwrap();
        assert!(channel.has_unread());
        wire.to_client.clear();
        assert_eq!(read_all(&mut channel, &mut wire), b"220 hello\r\n");
        assert!(!channel.has_unread());
    }
}

#[test]
fn the_end_is_a_close_with_and_without_notice() {
    for (client, config) in both_versions() {
        for with_notice in [true, false] {
            let (mut channel, mut server, mut wire) = connect(&client, Verification::Required, &config).unwrap();
            server.to_send = b"221 bye\r\n".to_vec();
            server.advance(&mut wire);
            if with_notice {
                server.tls.send_close_notify();
                server.advance(&mut wire);
            } else {
                wire.closes_after = wire.to_client.len();
            }
            let mut room = [0; 9];
            assert_eq!(channel.read(&mut wire, &mut room).unwrap(), 9);
            assert_eq!(&room, b"221 bye\r\n");
            for _ in 0..2 {
                assert_eq!(channel.read(&mut wire, &mut room).unwrap(), 0);
            }
        }
    }
}

#[test]
fn the_end_is_known_before_the_transport_shows_it() {
    for (client, config) in both_versions() {
        let (mut channel, mut server, mut wire) = connect(&client, Verification::Required, &config).unwrap();
        server.to_send = b"221 bye\r\n".to_vec();
        server.advance(&mut wire);
        server.tls.send_close_notify();
        server.advance(&mut wire);
        assert_eq!(channel.read(&mut wire, &mut [0; 100]).unwrap(), 9);
        assert!(channel.has_unread());
        assert_eq!(channel.read(&mut wire, &mut [0; 100]).unwrap(), 0);
    }
}

#[test]
fn a_record_that_is_cut_off_is_not_data() {
    for (client, config) in both_versions() {
        let (mut channel, mut server, mut wire) = connect(&client, Verification::Required, &config).unwrap();
        server.to_send = b"250 ok\r\n".to_vec();
        server.advance(&mut wire);
        wire.closes_after = wire.to_client.len() - 1;
        assert_eq!(channel.read(&mut wire, &mut [0; 100]).unwrap(), 0);
    }
}

#[test]
fn the_server_is_told_the_end() {
    for (client, config) in both_versions() {
        let (mut channel, mut server, mut wire) = connect(&client, Verification::Required, &config).unwrap();
        channel.close(&mut wire);
        server.advance(&mut wire);
        assert!(server.saw_end);
        assert_eq!(server.error, None);
        // Without room, there is nothing to wait for.
        let (mut channel, _, mut wire) = connect(&client, Verification::Required, &config).unwrap();
        wire.capacity = 0;
        channel.close(&mut wire);
    }
}

#[test]
fn a_write_takes_one_record_and_nothing_before_that_is_gone() {
    for (client, config) in both_versions() {
        let (mut channel, mut server, mut wire) = connect(&client, Verification::Required, &config).unwrap();
        let octets = vec![7; 100_000];
        wire.capacity = 5000;
        assert_eq!(channel.write(&mut wire, &octets).unwrap(), 16_384);
        assert!(channel.has_unwritten());
        for _ in 0..3 {
            assert_eq!(channel.write(&mut wire, &octets).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert_eq!(channel.flush(&mut wire).unwrap_err().kind(), ErrorKind::WouldBlock);
        }
        while channel.has_unwritten() {
            server.advance(&mut wire);
            let _ = channel.flush(&mut wire);
        }
        server.advance(&mut wire);
        assert_eq!(server.received.len(), 16_384);
        assert_eq!(channel.write(&mut wire, &[]).unwrap(), 0);
    }
}

#[test]
fn unread_data_is_kept() {
    for (client, config) in both_versions() {
        let (mut channel, mut server, mut wire) = connect(&client, Verification::Required, &config).unwrap();
        server.to_send = (0..60_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let expected = server.to_send.clone();
        server.advance(&mut wire);
        let mut read: Vec<u8> = Vec::new();
        let mut room = [0; 7];
        while let Ok(len) = channel.read(&mut wire, &mut room) {
            read.extend(&room[..len]);
            assert!(channel.has_unread() || len < room.len() || !wire.to_client.is_empty());
        }
        assert_eq!(read, expected);
    }
}

#[test]
fn a_mebibyte_each_way_through_a_small_transport_does_not_deadlock() {
    const LEN: usize = 1024 * 1024;
    for (client, config) in both_versions() {
        let (mut channel, mut server, mut wire) = connect(&client, Verification::Required, &config).unwrap();
        (wire.capacity, wire.step) = (300, 37);
        let to_server = (0..LEN).map(|number| number.to_le_bytes()[1]).collect::<Vec<_>>();
        let to_client = (0..LEN).map(|number| number.to_le_bytes()[0]).collect::<Vec<_>>();
        server.to_send.clone_from(&to_client);
        let (mut sent, mut read, mut room, mut idle) = (0, Vec::<u8>::new(), [0; 500], 0);
        while sent < LEN || channel.has_unwritten() || read.len() < LEN || server.received.len() < LEN {
            let mut moved = server.advance(&mut wire);
            match channel.read(&mut wire, &mut room) {
                Ok(len) => {
                    assert!(len > 0, "it is closed");
                    moved = true;
                    read.extend(&room[..len]);
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
            match channel.write(&mut wire, &to_server[sent..]) {
                Ok(len) => {
                    moved |= len > 0;
                    sent += len;
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
            idle = if moved || !wire.to_server.is_empty() { 0 } else { idle + 1 };
            assert!(idle < 4, "no progress: {sent} sent, {} read, {} received", read.len(), server.received.len());
        }
        assert!(read == to_client && server.received == to_server);
    }
}

#[test]
fn new_keys_are_taken_over() {
    let authority = Authority::new("Test CA");
    let config = config(authority.issue(|_| ()).certified(), TLS_1_3);
    let (mut channel, mut server, mut wire) =
        connect(&trusting(&authority.pem), Verification::Required, &config).unwrap();
    for _ in 0..3 {
        server.tls.refresh_traffic_keys().unwrap();
        server.to_send = b"250 ok".to_vec();
        server.advance(&mut wire);
        assert_eq!(read_all(&mut channel, &mut wire), b"250 ok");
        channel.write(&mut wire, b"NOOP").unwrap();
        server.advance(&mut wire);
    }
    assert_eq!((server.error, &server.received[..]), (None, &b"NOOPNOOPNOOP"[..]));
}

#[test]
fn records_without_data_are_limited() {
    let authority = Authority::new("Test CA");
    let mut config = Arc::unwrap_or_clone(config(authority.issue(|_| ()).certified(), TLS_1_3));
    config.send_tls13_tickets = 20_000;
    let (mut channel, _, mut wire) =
        connect(&trusting(&authority.pem), Verification::Required, &Arc::new(config)).unwrap();
    assert!(wire.to_client.len() > 1024 * 1024);
    for _ in 0..2 {
        let error = channel.read(&mut wire, &mut [0; 16]).unwrap_err();
        let error = error.get_ref().and_then(|error| error.downcast_ref());
        assert!(matches!(error, Some(HandshakeError::Protocol(_))), "{error:?}");
    }
}

#[test]
fn a_channel_can_move_to_another_thread() {
    fn is_send<T: Send>() {}
    fn is_shared<T: Send + Sync + Clone>() {}
    is_send::<TlsChannel>();
    is_shared::<TlsConfig>();
}
