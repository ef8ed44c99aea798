//! Calls that drive a delivery.

use arbitrary::Arbitrary;
use smtp_proto::{Cancel, Delivery, Disconnect, KnownHost, Secured, TlsVersion};

use super::{
    arguments::{Number, Octets},
    world::{World, expect},
};
use crate::{
    authentication::{
        smtp_delivery_auth_abandon, smtp_delivery_auth_complete, smtp_delivery_auth_response, smtp_delivery_auth_start,
        smtp_delivery_hide,
    },
    choices::Choice,
    connection::{
        smtp_delivery_connect_failed, smtp_delivery_connected, smtp_delivery_connected_from,
        smtp_delivery_disconnected, smtp_delivery_received, smtp_delivery_sent, smtp_delivery_timed_out,
    },
    content::{smtp_delivery_cannot_rewind, smtp_delivery_content, smtp_delivery_end_content, smtp_delivery_rewound},
    delivery::{smtp_delivery_cancel, smtp_delivery_quit},
    events::{smtp_cancel, smtp_disconnect, smtp_tls_version},
    known_host::{smtp_delivery_know, smtp_known_host},
    refusal::Refusal,
    status::smtp_status,
    tls::{smtp_delivery_secure_failed, smtp_delivery_secured},
};

/// A call that reports something to a delivery.
#[derive(Arbitrary, Clone, Debug)]
pub(super) enum Drive<'a> {
    Connected,
    ConnectedFrom(Octets<'a>),
    ConnectFailed(Octets<'a>),
    Sent(u8),
    SentTooMuch(usize),
    Received(Octets<'a>),
    Disconnected(Number),
    TimedOut,
    Content(Octets<'a>),
    AllTheContent,
    EndContent,
    Rewound,
    CannotRewind,
    Secured(Number, Octets<'a>, Number),
    SecureFailed(Octets<'a>),
    AuthStart(Octets<'a>),
    AuthResponse(Octets<'a>),
    AuthComplete,
    AuthAbandon(Octets<'a>),
    Hide(Octets<'a>),
    Cancel(Number),
    Quit,
    Know(u8, u8),
}

impl Drive<'_> {
    #[allow(clippy::too_many_lines, reason = "an arm for each function")]
    pub(super) fn make(self, world: &mut World) {
        let delivery = world.delivery;
        // SAFETY: handles are valid or NULL, octets have the lengths that are given, and there is room for results.
        unsafe {
            match self {
                Self::Connected => same(world, |it| Ok(it.connected()?), || smtp_delivery_connected(delivery)),
                Self::ConnectedFrom(address) => {
                    expect(smtp_delivery_connected_from(delivery, address.start(), address.len()));
                }
                Self::ConnectFailed(why) => same(
                    world,
                    |it| Ok(it.connect_failed(why.text().ok_or(Refusal::Text)?)?),
                    || smtp_delivery_connect_failed(delivery, why.start(), why.len()),
                ),
                Self::Sent(octets) => {
                    same(world, |it| Ok(it.sent(octets.into())?), || smtp_delivery_sent(delivery, octets.into()));
                }
                Self::SentTooMuch(octets) => {
                    same(world, |it| Ok(it.sent(octets)?), || smtp_delivery_sent(delivery, octets));
                }
                Self::Received(octets) => same(
                    world,
                    |it| Ok(it.received(octets.get())?),
                    || smtp_delivery_received(delivery, octets.start(), octets.len()),
                ),
                Self::Disconnected(Number(how)) => same(
                    world,
                    |it| Ok(it.disconnected(<smtp_disconnect as Choice<Disconnect>>::read(how)?)?),
                    || smtp_delivery_disconnected(delivery, how),
                ),
                Self::TimedOut => same(world, |it| Ok(it.timed_out()?), || smtp_delivery_timed_out(delivery)),
                Self::Content(octets) => same(
                    world,
                    |it| Ok(it.content(octets.get())?),
                    || smtp_delivery_content(delivery, octets.start(), octets.len()),
                ),
                Self::AllTheContent => {
                    // As much as is asked for, which reserves room for a whole chunk.
                    let octets = vec![b'x'; world.step().room];
                    let (start, len) = (octets.as_ptr(), octets.len());
                    same(world, |it| Ok(it.content(&octets)?), || smtp_delivery_content(delivery, start, len));
                }
                Self::EndContent => {
                    same(world, |it| Ok(it.end_content()?), || smtp_delivery_end_content(delivery));
                }
                Self::Rewound => same(world, |it| Ok(it.rewound()?), || smtp_delivery_rewound(delivery)),
                Self::CannotRewind => {
                    same(world, |it| Ok(it.cannot_rewind()?), || smtp_delivery_cannot_rewind(delivery));
                }
                Self::Secured(Number(version), why, Number(can_bind)) => same(
                    world,
                    |it| {
                        let version: TlsVersion = smtp_tls_version::read(version)?;
                        let text = why.text().ok_or(Refusal::Text)?;
                        let facts = match why.optional() {
                            None => Secured::verified(version),
                            Some(_) => Secured::unverified(version, text),
                        };
                        let can_bind = [false, true].get(can_bind as usize).ok_or(Refusal::Value)?;
                        Ok(it.secured(facts.with_channel_binding(*can_bind))?)
                    },
                    || smtp_delivery_secured(delivery, version, why.start(), why.len(), can_bind),
                ),
                Self::SecureFailed(why) => same(
                    world,
                    |it| Ok(it.secure_failed(why.text().ok_or(Refusal::Text)?)?),
                    || smtp_delivery_secure_failed(delivery, why.start(), why.len()),
                ),
                Self::AuthStart(initial) => same(
                    world,
                    |it| Ok(it.auth_start(initial.optional())?),
                    || smtp_delivery_auth_start(delivery, initial.start(), initial.len()),
                ),
                Self::AuthResponse(response) => same(
                    world,
                    |it| Ok(it.auth_response(response.get())?),
                    || smtp_delivery_auth_response(delivery, response.start(), response.len()),
                ),
                Self::AuthComplete => {
                    same(world, |it| Ok(it.auth_complete()?), || smtp_delivery_auth_complete(delivery));
                }
                Self::AuthAbandon(why) => same(
                    world,
                    |it| Ok(it.auth_abandon(why.text().ok_or(Refusal::Text)?)?),
                    || smtp_delivery_auth_abandon(delivery, why.start(), why.len()),
                ),
                Self::Hide(secret) => same(
                    world,
                    |it| {
                        it.hide(secret.get());
                        Ok(())
                    },
                    || smtp_delivery_hide(delivery, secret.start(), secret.len()),
                ),
                Self::Cancel(Number(why)) => same(
                    world,
                    |it| {
                        it.cancel(<smtp_cancel as Choice<Cancel>>::read(why)?);
                        Ok(())
                    },
                    || smtp_delivery_cancel(delivery, why),
                ),
                Self::Know(choice, recipients) => {
                    let bit = |at: u8| u32::from(choice >> at & 1);
                    let (secured, helo_only, lockstep) = (bit(0), bit(1), bit(2));
                    let host = smtp_known_host { secured, helo_only, recipients: recipients.into(), lockstep };
                    let known = KnownHost::UNKNOWN
                        .with_secured(secured == 1)
                        .with_helo_only(helo_only == 1)
                        .with_recipients((recipients > 0).then_some(recipients.into()))
                        .with_lockstep(lockstep == 1);
                    let size = size_of_val(&host);
                    same(world, |it| Ok(it.know(known)?), || smtp_delivery_know(delivery, &raw const host, size));
                }
                Self::Quit => same(world, |it| Ok(it.quit()?), || smtp_delivery_quit(delivery)),
            }
        }
    }
}

/// The call through C does what it does in Rust, or changes nothing.
fn same(
    world: &World,
    in_rust: impl FnOnce(&mut Delivery) -> Result<(), Refusal>,
    through_c: impl FnOnce() -> smtp_status,
) {
    let mirror = world.mirror();
    let status = through_c();
    let Some(mut mirror) = mirror else { return assert_eq!(status, smtp_status::SMTP_BAD_HANDLE) };
    let expected = in_rust(&mut mirror).map_or_else(Refusal::status, |()| smtp_status::SMTP_OK);
    assert_eq!(status, expected);
    assert!(world.mirror().as_ref() == Some(&mirror), "the call had another effect than in Rust");
}
