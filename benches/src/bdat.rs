//! A long message with DATA and with BDAT (RFC 3030). No peer sends BDAT.

use std::sync::Arc;

use smtp_proto::{Afterwards, Chunking, Config, Delivery};
use smtp_testkit::peers::Line;

use crate::{Instrument, inputs, instrument::Case, session::ours};

const GROUP: &str = "bdat";
const OK: &[u8] = b"250 2.0.0 Ok\r\n";

/// `bdat`: 4 MiB without dots, as the second message on a kept connection, with DATA and with BDAT.
pub fn all(instrument: &mut impl Instrument) {
    let content: &'static [u8] = inputs::content(0).leak();
    let recipients: &'static [String] = inputs::recipients(1).leak();
    for (case, chunking) in [("4 MiB, DATA", Chunking::Never), ("4 MiB, BDAT", Chunking::Auto)] {
        let config: Arc<Config> = Config::clone(&ours::config(Afterwards::Keep)).with_chunking(chunking).into();
        let mut server = Taker::default();
        let mut delivery = Delivery::new(config, ours::envelope(recipients));
        assert_eq!(ours::drive(&mut delivery, content, &mut server), 1);
        assert_eq!(server.chunks > 1, chunking == Chunking::Auto);
        assert!(delivery.is_kept());
        let setup = || ours::envelope(recipients);
        instrument.measure_with(Case { group: GROUP, case }.by("ours"), setup, |envelope| {
            delivery.deliver_next(envelope).expect("it is done");
            ours::drive(&mut delivery, content, &mut server)
        });
    }
}

/// A server that takes everything, and looks only at the start of each write and at its end.
#[derive(Debug, Default)]
struct Taker {
    due: Vec<u8>,
    chunks: usize,
    in_content: bool,
}

impl Line for Taker {
    fn open(&mut self) {
        self.due = b"220 mx.example.com ESMTP\r\n".to_vec();
    }

    fn write(&mut self, octets: &[u8]) {
        if self.in_content {
            if octets.ends_with(b"\r\n.\r\n") {
                self.in_content = false;
                self.due.extend_from_slice(OK);
            }
            return;
        }
        // Commands are short, and the first line that is not one begins a chunk.
        let mut rest = octets;
        while let Some(end) = rest.iter().take(200).position(|octet| *octet == b'\n') {
            let (line, behind) = rest.split_at(end + 1);
            rest = behind;
            match &line[..4] {
                b"EHLO" => self.due.extend_from_slice(inputs::EHLO.as_bytes()),
                b"DATA" => {
                    self.in_content = true;
                    self.due.extend_from_slice(b"354 Go on\r\n");
                }
                b"BDAT" => {
                    self.chunks += 1;
                    self.due.extend_from_slice(OK);
                    return;
                }
                _ => self.due.extend_from_slice(OK),
            }
        }
    }

    fn read(&mut self, room: &mut [u8]) -> usize {
        let len = self.due.len().min(room.len());
        room[..len].copy_from_slice(&self.due[..len]);
        self.due.drain(..len);
        len
    }
}
