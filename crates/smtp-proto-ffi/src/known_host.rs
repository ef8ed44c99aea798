//! What earlier deliveries learned about a server.

use smtp_proto::{Delivery, KnownHost};

use crate::{arguments, delivery::smtp_delivery, handle, option::switch, refusal::Refusal, status::smtp_status};

/// What earlier deliveries to one address learned about the server there. Zeros: nothing is known. Use it for one day.
///
/// Nobody on the path can use it to make a delivery less secure.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct smtp_known_host {
    /// 1 if a TLS handshake with the server has completed. Messages are then not sent to it in clear.
    pub secured: u32,
    /// 1 if the server hung up on EHLO and accepted HELO on a new connection. HELO is then sent at once.
    pub helo_only: u32,
    /// The most recipients that the server accepts in one transaction; 0 if that is not known.
    pub recipients: u32,
    /// 1 if the server lost step with commands that were sent together. Commands are then sent one by one.
    pub lockstep: u32,
}

/// The size of the struct in version 1.
const LEAST: usize = size_of::<smtp_known_host>();

impl smtp_known_host {
    fn of(known: KnownHost) -> Self {
        Self {
            secured: known.secured().into(),
            helo_only: known.helo_only().into(),
            recipients: known.recipients().unwrap_or(0),
            lockstep: known.lockstep().into(),
        }
    }

    fn known(self) -> Result<KnownHost, Refusal> {
        Ok(KnownHost::UNKNOWN
            .with_secured(switch(self.secured.into())?)
            .with_helo_only(switch(self.helo_only.into())?)
            .with_recipients((self.recipients > 0).then_some(self.recipients))
            .with_lockstep(switch(self.lockstep.into())?))
    }
}

/// Tells the delivery what earlier ones learned about the server that it will connect to. Call it before each connection,
/// because another address may be another server. `size` is `sizeof(smtp_known_host)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_know(
    delivery: *mut smtp_delivery,
    host: *const smtp_known_host,
    size: usize,
) -> smtp_status {
    let know = |delivery: &mut Delivery| {
        // SAFETY: the caller promises the size.
        let host = unsafe { arguments::load(host, size, LEAST) }?;
        Ok(delivery.know(host.known()?)?)
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(delivery, 0, know) }
}

/// Stores what this delivery has learned about the server of the last connection in `host`. Unless it is zeros, keep it
/// with the server's address and the time, for `smtp_delivery_know`. `size` is `sizeof(smtp_known_host)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_delivery_known_host(
    delivery: *const smtp_delivery,
    host: *mut smtp_known_host,
    size: usize,
) -> smtp_status {
    let read = |delivery: &Delivery| {
        // SAFETY: the caller promises the room.
        unsafe { arguments::store(smtp_known_host::of(delivery.known_host()), host, size, LEAST) }
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::read(delivery, read) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knowledge_survives_the_way_through_c() {
        let all =
            KnownHost::UNKNOWN.with_secured(true).with_helo_only(true).with_recipients(Some(7)).with_lockstep(true);
        for known in [KnownHost::UNKNOWN, all, all.with_secured(false), all.with_recipients(None)] {
            assert_eq!(smtp_known_host::of(known).known(), Ok(known));
        }
        let wrong = smtp_known_host { secured: 2, helo_only: 0, recipients: 0, lockstep: 0 };
        assert_eq!(wrong.known(), Err(Refusal::Value));
    }
}
