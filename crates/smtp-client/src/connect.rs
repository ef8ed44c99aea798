//! Opening a connection, on a thread of its own: neither looking a name up nor connecting can be
//! interrupted.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use crate::next_hop::NextHop;

/// Where to connect to.
#[derive(Debug)]
pub(crate) enum Target {
    /// Every address of the next hop in turn, until one takes the connection.
    Any(NextHop),
    /// This address alone.
    Only(SocketAddr),
}

/// What comes of it, in order; `Open` and `NoAddress` are last, as is the failure of the last address.
#[derive(Debug)]
pub(crate) enum News {
    Trying(SocketAddr),
    Failed(SocketAddr, io::Error),
    Open(TcpStream, SocketAddr),
    NoAddress(io::Error),
}

/// Starts connecting, each address for at most `limit`. Whoever drops the receiver gives it up.
pub(crate) fn start(target: Target, limit: Duration) -> io::Result<Receiver<News>> {
    // News is taken one at a time: a connection nobody waits for is not opened.
    let (sender, receiver) = sync_channel(0);
    thread::Builder::new().name("smtp-connect".into()).spawn(move || try_each(target, limit, &sender))?;
    Ok(receiver)
}

fn try_each(target: Target, limit: Duration, sender: &SyncSender<News>) {
    let addresses = match target {
        Target::Only(address) => Ok(vec![address]),
        Target::Any(next_hop) => next_hop.addresses(),
    };
    let addresses = match addresses {
        Ok(addresses) => addresses,
        Err(error) => return drop(sender.send(News::NoAddress(error))),
    };
    for address in addresses {
        if sender.send(News::Trying(address)).is_err() {
            return;
        }
        match TcpStream::connect_timeout(&address, limit) {
            Ok(stream) => return drop(sender.send(News::Open(stream, address))),
            Err(error) => {
                if sender.send(News::Failed(address, error)).is_err() {
                    return;
                }
            }
        }
    }
}
