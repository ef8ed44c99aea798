//! The parameters of MAIL and RCPT, as the settings of a transcript.

use std::fmt;

use smtp_proto::{Envelope, Late, Parameter, RcptParameters, Return};

/// The settings that follow the recipient.
pub(super) fn write_rcpt(f: &mut fmt::Formatter<'_>, rcpt: &RcptParameters) -> fmt::Result {
    if let Some(notify) = rcpt.notify() {
        writeln!(f, "notify: {notify}")?;
    }
    if let Some(original) = rcpt.original_recipient() {
        writeln!(f, "orcpt: {};{}", original.address_type(), original.address())?;
    }
    rcpt.parameters().iter().try_for_each(|parameter| write_parameter(f, "rcpt-param", parameter))
}

/// The settings of the message. The next message must not inherit them.
pub(super) fn write_mail(f: &mut fmt::Formatter<'_>, envelope: &Envelope, is_first: bool) -> fmt::Result {
    let or_none = |f: &mut fmt::Formatter<'_>, key: &str, value: Option<String>| match value {
        Some(value) => writeln!(f, "{key}: {value}"),
        None if is_first => Ok(()),
        None => writeln!(f, "{key}: none"),
    };
    let returned = envelope.returned().map(|returned| match returned {
        Return::Full => "full".to_owned(),
        Return::Headers => "headers".to_owned(),
    });
    or_none(f, "ret", returned)?;
    or_none(f, "envid", envelope.envelope_id().map(|id| id.as_str().to_owned()))?;
    let limit = envelope.deliver_by().map(|limit| {
        let late = if limit.late() == Late::Return { "return" } else { "notify" };
        let trace = if limit.is_traced() { " trace" } else { "" };
        format!("{} {late}{trace}", limit.seconds())
    });
    or_none(f, "deliver-by", limit)?;
    let submitter =
        envelope.submitter().map(|submitter| submitter.mailbox().map_or("<>".to_owned(), ToString::to_string));
    or_none(f, "submitter", submitter)?;
    if !is_first {
        writeln!(f, "mail-param: none")?;
    }
    envelope.parameters().iter().try_for_each(|parameter| write_parameter(f, "mail-param", parameter))?;
    or_none(f, "inquiry", envelope.is_inquiry().then(|| "yes".to_owned()))
}

/// Its debug output has the form of the setting.
fn write_parameter(f: &mut fmt::Formatter<'_>, key: &str, parameter: &Parameter) -> fmt::Result {
    writeln!(f, "{key}: {parameter:?}")
}
