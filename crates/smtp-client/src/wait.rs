//! Waiting for the connections of several clients at once, on one thread.

use crate::{client::Client, waiting};

/// Waits until one of these clients can [`advance`](Client::advance), for at most a tenth of a second.
///
/// Pass every client that has a delivery under way to each call: `wait` also checks their clocks. It ignores
/// clients that have nothing under way, and returns at once if there are no clients. Then advance them all: the call
/// returns at once for a client that has nothing to do yet.
///
/// ```no_run
/// use smtp_client::{Client, wait};
/// use smtp_proto::Delivery;
///
/// # fn main() -> Result<(), smtp_proto::MisuseError> {
/// # let mut under_way: Vec<(Client, Delivery, std::io::Cursor<Vec<u8>>)> = Vec::new();
/// for (client, ..) in &mut under_way {
///     client.start();
/// }
/// while !under_way.is_empty() {
///     let mut waiting = Vec::new();
///     for (mut client, mut delivery, mut content) in under_way {
///         match client.advance(&mut delivery, &mut content, &mut ())? {
///             std::task::Poll::Pending => waiting.push((client, delivery, content)),
///             std::task::Poll::Ready(()) => print!("{}", delivery.report()),
///         }
///     }
///     wait(waiting.iter_mut().map(|(client, ..)| client));
///     under_way = waiting;
/// }
/// # Ok(())
/// # }
/// ```
pub fn wait<'a>(clients: impl IntoIterator<Item = &'a mut Client>) {
    waiting::wait(clients.into_iter().map(|client| (&mut client.waiting, &client.link)));
}
