//! Parameters of MAIL and RCPT.

use std::ffi::c_char;

use smtp_proto::{DeliverBy, EnvelopeId, Late, Mailbox, Notify, OriginalRecipient, Parameter, Recipient, Submitter};

use crate::{
    arguments,
    envelope::{Draft, smtp_envelope},
    handle,
    option::switch,
    refusal::Refusal,
    status::smtp_status,
};

/// When the message was delivered. These say when to notify the sender about a recipient (RFC 3461 section 4.1).
pub const SMTP_NOTIFY_SUCCESS: u32 = 1;
/// When it cannot be delivered.
pub const SMTP_NOTIFY_FAILURE: u32 = 2;
/// When its delivery is delayed.
pub const SMTP_NOTIFY_DELAY: u32 = 4;
/// Under no circumstances. Such a recipient fails if the server does not offer DSN; in all other cases, the recipient
/// gets the message without notifications then.
pub const SMTP_NOTIFY_NEVER: u32 = 0;

/// Sets when to notify the sender about the recipient with this index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_envelope_set_notify(
    envelope: *mut smtp_envelope,
    recipient: usize,
    when: u32,
) -> smtp_status {
    let set = |recipient: Recipient| {
        let all = [
            (SMTP_NOTIFY_SUCCESS, Notify::SUCCESS),
            (SMTP_NOTIFY_FAILURE, Notify::FAILURE),
            (SMTP_NOTIFY_DELAY, Notify::DELAY),
        ];
        if when & !(SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY) != 0 {
            return Err(Refusal::Value);
        }
        let chosen = all.iter().filter(|(bit, _)| when & bit != 0);
        Ok(recipient.with_notify(chosen.fold(Notify::NEVER, |set, (_, one)| set.or(*one))))
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { change_recipient(envelope, recipient, 0, set) }
}

/// Sets the address to which the sender had sent the message to the recipient with this index (RFC 3461 section 4.2),
/// of a type such as `rfc822`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_envelope_set_original_recipient(
    envelope: *mut smtp_envelope,
    recipient: usize,
    address_type: *const c_char,
    address_type_len: usize,
    address: *const c_char,
    address_len: usize,
) -> smtp_status {
    let given = address_type_len.saturating_add(address_len);
    let set = |recipient: Recipient| {
        // SAFETY: the caller promises the lengths.
        let (of_type, address) =
            unsafe { (arguments::text(address_type, address_type_len)?, arguments::text(address, address_len)?) };
        Ok(recipient.with_original_recipient(OriginalRecipient::of_type(of_type, address)?))
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { change_recipient(envelope, recipient, given, set) }
}

/// Adds a parameter of RCPT for the recipient with this index. `extension` is the keyword that the reply to EHLO must
/// have. `value` is NULL for a parameter without one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_envelope_add_recipient_parameter(
    envelope: *mut smtp_envelope,
    recipient: usize,
    extension: *const c_char,
    extension_len: usize,
    keyword: *const c_char,
    keyword_len: usize,
    value: *const c_char,
    value_len: usize,
) -> smtp_status {
    let given = extension_len.saturating_add(keyword_len).saturating_add(value_len);
    let set = |recipient: Recipient| {
        // SAFETY: the caller promises the lengths.
        let added = unsafe { parameter(extension, extension_len, keyword, keyword_len, value, value_len) }?;
        Ok(recipient.with_parameter(added))
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { change_recipient(envelope, recipient, given, set) }
}

/// Adds a parameter of MAIL. `extension` is the keyword that the reply to EHLO must have; without it, the message is not
/// sent. `value` is NULL for a parameter without one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_envelope_add_parameter(
    envelope: *mut smtp_envelope,
    extension: *const c_char,
    extension_len: usize,
    keyword: *const c_char,
    keyword_len: usize,
    value: *const c_char,
    value_len: usize,
) -> smtp_status {
    let given = extension_len.saturating_add(keyword_len).saturating_add(value_len);
    let add = |draft: &mut Draft| {
        // SAFETY: the caller promises the lengths.
        let added = unsafe { parameter(extension, extension_len, keyword, keyword_len, value, value_len) }?;
        draft.sender.parameters.push(added);
        Ok(())
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(envelope, given, add) }
}

/// Sets the name by which the sender recognizes a notification (RFC 3461 section 4.4).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_envelope_set_id(
    envelope: *mut smtp_envelope,
    id: *const c_char,
    id_len: usize,
) -> smtp_status {
    let set = |draft: &mut Draft| {
        // SAFETY: the caller promises the length.
        draft.sender.id = Some(EnvelopeId::new(unsafe { arguments::text(id, id_len) }?)?);
        Ok(())
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(envelope, id_len, set) }
}

/// Sets who submitted the message (RFC 4954 section 5): a mailbox; empty if that is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_envelope_set_submitter(
    envelope: *mut smtp_envelope,
    mailbox: *const c_char,
    mailbox_len: usize,
) -> smtp_status {
    let set = |draft: &mut Draft| {
        // SAFETY: the caller promises the length.
        draft.sender.submitter = Some(match unsafe { arguments::text(mailbox, mailbox_len) }? {
            "" => Submitter::UNKNOWN,
            text => Submitter::new(Mailbox::new(text)?)?,
        });
        Ok(())
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(envelope, mailbox_len, set) }
}

/// Sets a time limit for the delivery in seconds (RFC 2852). A late message is returned if `must_return` is 1; if it is
/// 0, the sender is notified. `trace`: whether servers on the way are to be traced, 0 or 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_envelope_set_deliver_by(
    envelope: *mut smtp_envelope,
    seconds: i32,
    must_return: u32,
    trace: u32,
) -> smtp_status {
    let set = |draft: &mut Draft| {
        let late = if switch(must_return.into())? { Late::Return } else { Late::Notify };
        let limit = DeliverBy::new(seconds, late)?;
        draft.sender.limit = Some(limit.with_trace(switch(trace.into())?));
        Ok(())
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(envelope, 0, set) }
}

/// Replaces a recipient with what `set` returns for it.
///
/// # Safety
///
/// `envelope` is NULL, or a handle that was not freed.
unsafe fn change_recipient(
    envelope: *mut smtp_envelope,
    index: usize,
    given: usize,
    set: impl FnOnce(Recipient) -> Result<Recipient, Refusal>,
) -> smtp_status {
    let change = |draft: &mut Draft| {
        let recipient = draft.recipients.get_mut(index).ok_or(Refusal::Index)?;
        *recipient = set(recipient.clone())?;
        Ok(())
    };
    // SAFETY: the caller's promise is the same.
    unsafe { handle::change(envelope, given, change) }
}

/// # Safety
///
/// As [`arguments::octets`], for each of the three.
unsafe fn parameter(
    extension: *const c_char,
    extension_len: usize,
    keyword: *const c_char,
    keyword_len: usize,
    value: *const c_char,
    value_len: usize,
) -> Result<Parameter, Refusal> {
    // SAFETY: the caller's promise is the same.
    let (extension, keyword, text) = unsafe {
        (
            arguments::text(extension, extension_len)?,
            arguments::text(keyword, keyword_len)?,
            arguments::text(value, value_len)?,
        )
    };
    Ok(Parameter::new(extension, keyword, (!value.is_null()).then_some(text))?)
}
