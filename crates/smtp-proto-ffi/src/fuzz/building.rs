//! Calls that make policies, envelopes and deliveries.

use arbitrary::Arbitrary;

use super::{
    arguments::{Number, Octets},
    world::{World, expect},
};
use crate::{
    config::{smtp_config_add_mechanism, smtp_config_get, smtp_config_set},
    delivery::{smtp_delivery_deliver_next, smtp_delivery_free, smtp_delivery_probe},
    envelope::{smtp_envelope_add_recipient, smtp_envelope_set},
    option::smtp_option,
    parameters::{
        smtp_envelope_add_parameter, smtp_envelope_add_recipient_parameter, smtp_envelope_set_deliver_by,
        smtp_envelope_set_id, smtp_envelope_set_notify, smtp_envelope_set_original_recipient,
        smtp_envelope_set_submitter,
    },
    status::smtp_status,
};

/// A call that makes or changes a policy, an envelope or a delivery.
#[derive(Arbitrary, Clone, Debug)]
pub(super) enum Build<'a> {
    NewConfig(Octets<'a>),
    Option(u8, Number),
    Mechanism(Number),
    NewEnvelope(Octets<'a>),
    Recipient(Octets<'a>),
    EnvelopeOption(Number, Number),
    Notify(u8, Number),
    OriginalRecipient(u8, Octets<'a>, Octets<'a>),
    RecipientParameter(u8, Octets<'a>, Octets<'a>, Octets<'a>),
    Parameter(Octets<'a>, Octets<'a>, Octets<'a>),
    Id(Octets<'a>),
    Submitter(Octets<'a>),
    DeliverBy(i32, Number, Number),
    Start,
    Probe,
    Next,
}

impl Build<'_> {
    pub(super) fn make(self, world: &mut World) {
        let &mut World { config, envelope, delivery } = world;
        // SAFETY: handles are valid or NULL, octets have the lengths that are given, and there is room for results.
        unsafe {
            match self {
                Self::NewConfig(name) => world.config(name),
                Self::Option(option, Number(value)) => {
                    let known = smtp_option::ALL.get(usize::from(option)).map(|option| *option as u32);
                    let option = known.unwrap_or(option.into());
                    // Large limits let a server fill the memory, which is what they are for.
                    let status = smtp_config_set(config, option, value.min(1 << 16).into());
                    let mut found = 0;
                    if status == smtp_status::SMTP_OK {
                        assert_eq!(smtp_config_get(config, option, &raw mut found), status);
                        assert_eq!(found, u64::from(value.min(1 << 16)));
                    }
                }
                Self::Mechanism(Number(mechanism)) => expect(smtp_config_add_mechanism(config, mechanism)),
                Self::NewEnvelope(path) => world.envelope(path),
                Self::Recipient(path) => {
                    expect(smtp_envelope_add_recipient(envelope, path.start(), path.len()));
                }
                Self::EnvelopeOption(Number(option), Number(value)) => {
                    expect(smtp_envelope_set(envelope, option % 8, value.into()));
                }
                Self::Notify(index, Number(when)) => {
                    expect(smtp_envelope_set_notify(envelope, index.into(), when));
                }
                Self::OriginalRecipient(index, of, path) => expect({
                    let index = index.into();
                    smtp_envelope_set_original_recipient(
                        envelope,
                        index,
                        of.start(),
                        of.len(),
                        path.start(),
                        path.len(),
                    )
                }),
                Self::RecipientParameter(index, one, two, three) => expect({
                    let (extension, keyword, value) = (one.start(), two.start(), three.start());
                    let (one, two, three) = (one.len(), two.len(), three.len());
                    let index = index.into();
                    smtp_envelope_add_recipient_parameter(envelope, index, extension, one, keyword, two, value, three)
                }),
                Self::Parameter(one, two, three) => expect({
                    let (extension, keyword, value) = (one.start(), two.start(), three.start());
                    let (one, two, three) = (one.len(), two.len(), three.len());
                    smtp_envelope_add_parameter(envelope, extension, one, keyword, two, value, three)
                }),
                Self::Id(id) => expect(smtp_envelope_set_id(envelope, id.start(), id.len())),
                Self::Submitter(who) => expect(smtp_envelope_set_submitter(envelope, who.start(), who.len())),
                Self::DeliverBy(seconds, Number(must_return), Number(trace)) => {
                    expect(smtp_envelope_set_deliver_by(envelope, seconds, must_return, trace));
                }
                Self::Start => world.start(),
                Self::Probe => {
                    expect(smtp_delivery_free(delivery));
                    expect(smtp_delivery_probe(config, &raw mut world.delivery));
                }
                Self::Next => expect(smtp_delivery_deliver_next(delivery, envelope)),
            }
        }
    }
}
