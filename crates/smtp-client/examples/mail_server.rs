//! Delivers the messages of a queue to one host, over a connection that is kept while there are more.

use std::{error::Error, io::Cursor, sync::mpsc::Receiver, time::Duration};

use smtp_client::{Client, KnownHosts, NextHop};
use smtp_proto::{Afterwards, Config, Delivery, Envelope, HelloName, TlsPolicy};

/// Returns the reports as text, once there was no further message for a minute.
pub fn deliver(
    (host, tls, known): (NextHop, TlsPolicy, KnownHosts),
    queue: &Receiver<(Envelope, String)>,
) -> Result<Vec<String>, Box<dyn Error>> {
    let config = Config::new(HelloName::new("mx.example.com")?).with_tls(tls).with_afterwards(Afterwards::Keep);
    let mut client = Client::new(host).with_known_hosts(known);
    let (envelope, mut message) = queue.recv()?;
    let (mut delivery, mut reports) = (Delivery::new(config, envelope), Vec::new());
    loop {
        client.deliver(&mut delivery, &mut Cursor::new(message), &mut ())?;
        reports.push(delivery.report().to_string());
        let next = queue.recv_timeout(Duration::from_secs(60));
        if next.is_err() || client.is_stale() {
            client.quit(&mut delivery, &mut ())?;
        }
        let Ok((envelope, content)) = next else { return Ok(reports) };
        delivery.deliver_next(envelope)?;
        message = content;
    }
}
