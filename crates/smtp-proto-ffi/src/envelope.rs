//! Envelopes: the sender, the recipients, and what the message needs.

use std::ffi::c_char;

use smtp_proto::{
    Body, DeliverBy, Envelope, EnvelopeError, EnvelopeId, ForwardPath, Parameter, Recipient, Return, ReversePath, Size,
    Submitter,
};

use crate::{
    arguments,
    choices::Choice,
    handle::{self, Kind},
    head,
    message::{smtp_body, smtp_need, smtp_return},
    option::switch,
    refusal::Refusal,
    status::smtp_status,
};

/// An envelope. Deliveries copy it.
pub struct smtp_envelope {
    _private: (),
}

/// What is behind an `smtp_envelope`.
pub(crate) struct Draft {
    pub(crate) sender: Sender,
    pub(crate) recipients: Vec<Recipient>,
}

/// What is said about the message as a whole.
#[derive(Clone)]
pub(crate) struct Sender {
    path: ReversePath,
    body: Body,
    size: Option<Size>,
    needs: Vec<smtp_proto::Need>,
    is_inquiry: bool,
    returned: Option<Return>,
    pub(crate) id: Option<EnvelopeId>,
    pub(crate) limit: Option<DeliverBy>,
    pub(crate) submitter: Option<Submitter>,
    pub(crate) parameters: Vec<Parameter>,
}

impl Kind for Draft {
    type Opaque = smtp_envelope;
    const MARK: u32 = head::ENVELOPE;
    /// An address, and the first room of each list.
    const NEEDS: usize = 4096;
}

impl Draft {
    /// The envelope.
    pub(crate) fn envelope(&self) -> Result<Envelope, EnvelopeError> {
        let Sender { path, body, size, needs, is_inquiry, returned, id, limit, submitter, parameters } =
            self.sender.clone();
        let mut envelope = Envelope::for_recipients(path, self.recipients.clone())?.with_body(body);
        envelope = needs.into_iter().fold(envelope, Envelope::requiring);
        envelope = size.into_iter().fold(envelope, Envelope::with_size);
        envelope = returned.into_iter().fold(envelope, Envelope::with_return);
        envelope = id.into_iter().fold(envelope, Envelope::with_envelope_id);
        envelope = limit.into_iter().fold(envelope, Envelope::with_deliver_by);
        envelope = submitter.into_iter().fold(envelope, Envelope::with_submitter);
        envelope = parameters.into_iter().try_fold(envelope, Envelope::with_parameter)?;
        Ok(if is_inquiry { envelope.as_inquiry() } else { envelope })
    }
}

/// Something that is said about a message.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_envelope_option {
    /// An `smtp_body`. Default: 7-bit.
    SMTP_ENVELOPE_BODY = 1,
    /// The exact size of the content in octets, with two for each line end. It is declared to the server, and content
    /// that turns out to have more or fewer octets is not sent to its end.
    SMTP_ENVELOPE_SIZE = 2,
    /// About the size of the content. It is declared to the server, but not enforced.
    SMTP_ENVELOPE_SIZE_ESTIMATE = 3,
    /// An `smtp_need`: the message is not sent to a server that does not meet it. Adds to the needs that were set
    /// before.
    SMTP_ENVELOPE_NEED = 4,
    /// An `smtp_return`: what a notification returns. Dropped if the server does not offer DSN.
    SMTP_ENVELOPE_RETURN = 5,
    /// A switch: only ask the server whether it would accept the message, and send nothing. A recipient that it would
    /// accept is reported as deferred, with its reply as the cause.
    SMTP_ENVELOPE_INQUIRY = 6,
}

use smtp_envelope_option::{
    SMTP_ENVELOPE_BODY, SMTP_ENVELOPE_INQUIRY, SMTP_ENVELOPE_NEED, SMTP_ENVELOPE_RETURN, SMTP_ENVELOPE_SIZE,
    SMTP_ENVELOPE_SIZE_ESTIMATE,
};

impl smtp_envelope_option {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        SMTP_ENVELOPE_BODY,
        SMTP_ENVELOPE_SIZE,
        SMTP_ENVELOPE_SIZE_ESTIMATE,
        SMTP_ENVELOPE_NEED,
        SMTP_ENVELOPE_RETURN,
        SMTP_ENVELOPE_INQUIRY,
    ];

    fn set(self, sender: &mut Sender, value: u64) -> Result<(), Refusal> {
        match self {
            SMTP_ENVELOPE_BODY => sender.body = smtp_body::read(value)?,
            SMTP_ENVELOPE_SIZE => sender.size = Some(Size::Exact(value)),
            SMTP_ENVELOPE_SIZE_ESTIMATE => sender.size = Some(Size::Estimate(value)),
            SMTP_ENVELOPE_NEED => {
                let need = smtp_need::read(value)?;
                if !sender.needs.contains(&need) {
                    sender.needs.push(need);
                }
            }
            SMTP_ENVELOPE_RETURN => sender.returned = Some(smtp_return::read(value)?),
            SMTP_ENVELOPE_INQUIRY => sender.is_inquiry = switch(value)?,
        }
        Ok(())
    }
}

/// Makes an envelope for 7-bit content of unknown size without recipients, and stores it in `envelope`. `reverse_path`
/// is the sender's address without angle brackets; empty for `<>`. Free it with `smtp_envelope_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_envelope_new(
    reverse_path: *const c_char,
    reverse_path_len: usize,
    envelope: *mut *mut smtp_envelope,
) -> smtp_status {
    let make = || {
        // SAFETY: the caller promises the length.
        let path = unsafe { arguments::text(reverse_path, reverse_path_len) }?.parse()?;
        let sender = Sender {
            path,
            body: Body::SevenBit,
            size: None,
            needs: Vec::new(),
            is_inquiry: false,
            returned: None,
            id: None,
            limit: None,
            submitter: None,
            parameters: Vec::new(),
        };
        Ok(Draft { sender, recipients: Vec::new() })
    };
    // SAFETY: the caller promises the room.
    unsafe { handle::create(envelope, reverse_path_len, make) }
}

/// Frees an envelope. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_envelope_free(envelope: *mut smtp_envelope) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::free::<Draft>(envelope) }
}

/// Adds a recipient: an address without angle brackets, or `postmaster`. Its index is the number of those before it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_envelope_add_recipient(
    envelope: *mut smtp_envelope,
    address: *const c_char,
    address_len: usize,
) -> smtp_status {
    let add = |draft: &mut Draft| {
        // SAFETY: the caller promises the length.
        let path: ForwardPath = unsafe { arguments::text(address, address_len) }?.parse()?;
        draft.recipients.push(path.into());
        Ok(())
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(envelope, address_len, add) }
}

/// Sets an `smtp_envelope_option`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_envelope_set(envelope: *mut smtp_envelope, option: u32, value: u64) -> smtp_status {
    let set = |draft: &mut Draft| {
        let known = smtp_envelope_option::ALL.iter().find(|known| **known as u32 == option);
        known.ok_or(Refusal::Value)?.set(&mut draft.sender, value)
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(envelope, 0, set) }
}
