//! The arguments for notifications, time limits and other parameters of MAIL and RCPT.

use clap::{Args, ValueEnum};
use smtp_proto::{
    DeliverBy, Envelope, EnvelopeError, EnvelopeId, ForwardPath, Late, Need, Notify, Parameter, Recipient, Return,
    ReversePath,
};

#[derive(Args, Debug)]
#[command(next_help_heading = "Notifications and parameters")]
pub(crate) struct EnvelopeArguments {
    /// When to notify the sender about each recipient: NEVER, or any of SUCCESS, FAILURE and DELAY with commas between
    /// them (RFC 3461). If the server does not offer DSN, the report says so, and with NEVER the message fails
    #[arg(long, value_name = "WHEN")]
    dsn_notify: Option<Notify>,
    /// What a notification returns: the full message, or only its header
    #[arg(long, value_name = "WHAT")]
    dsn_ret: Option<Returned>,
    /// A name of up to 100 characters by which the sender recognizes a notification
    #[arg(long, value_name = "ID")]
    envid: Option<EnvelopeId>,
    /// How many seconds the delivery may take on the whole way, and what happens then: `120:return` fails at servers
    /// that do not offer DELIVERBY, `120:notify` only asks for a notification (RFC 2852)
    #[arg(long, value_name = "SECONDS:LATE", value_parser = deliver_by)]
    deliver_by: Option<DeliverBy>,
    /// A parameter of MAIL, after the extension that the server must offer: `FUTURERELEASE:HOLDFOR=60`. The message
    /// fails if the server does not offer it. Can be repeated
    #[arg(long, value_name = "EXTENSION:KEYWORD[=VALUE]", value_parser = parameter)]
    mail_param: Vec<Parameter>,
    /// The same for RCPT, for each recipient
    #[arg(long, value_name = "EXTENSION:KEYWORD[=VALUE]", value_parser = parameter)]
    rcpt_param: Vec<Parameter>,
    /// Whether to declare that the message needs SMTPUTF8: if an address or the header has raw UTF-8, always, or only
    /// for addresses (RFC 6531)
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    smtputf8: Smtputf8,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Returned {
    Full,
    #[value(alias = "hdrs")]
    Headers,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Smtputf8 {
    Auto,
    Always,
    Addresses,
}

impl EnvelopeArguments {
    /// The envelope with all that is asked for.
    pub(crate) fn envelope(&self, from: ReversePath, to: Vec<ForwardPath>) -> Result<Envelope, EnvelopeError> {
        let recipients = to.into_iter().map(|path| {
            let recipient = Recipient::new(path);
            let recipient = match self.dsn_notify {
                Some(notify) => recipient.with_notify(notify),
                None => recipient,
            };
            self.rcpt_param.iter().cloned().fold(recipient, Recipient::with_parameter)
        });
        let mut envelope = Envelope::for_recipients(from, recipients.collect())?;
        match self.dsn_ret {
            Some(Returned::Full) => envelope = envelope.with_return(Return::Full),
            Some(Returned::Headers) => envelope = envelope.with_return(Return::Headers),
            None => {}
        }
        if let Some(id) = &self.envid {
            envelope = envelope.with_envelope_id(id.clone());
        }
        if let Some(limit) = self.deliver_by {
            envelope = envelope.with_deliver_by(limit);
        }
        if self.smtputf8 == Smtputf8::Always {
            envelope = envelope.requiring(Need::Smtputf8);
        }
        self.mail_param.iter().cloned().try_fold(envelope, Envelope::with_parameter)
    }

    /// Whether raw UTF-8 in the header counts.
    pub(crate) fn scans_header(&self) -> bool {
        self.smtputf8 != Smtputf8::Addresses
    }
}

fn deliver_by(text: &str) -> Result<DeliverBy, String> {
    let form = || "expected SECONDS:return or SECONDS:notify".to_owned();
    let (seconds, late) = text.split_once(':').ok_or_else(form)?;
    let late = match late {
        "return" => Late::Return,
        "notify" => Late::Notify,
        _ => return Err(form()),
    };
    let seconds = seconds.parse().map_err(|_| form())?;
    DeliverBy::new(seconds, late).map_err(|error| error.to_string())
}

fn parameter(text: &str) -> Result<Parameter, String> {
    let (extension, rest) = text.split_once(':').ok_or("expected EXTENSION:KEYWORD or EXTENSION:KEYWORD=VALUE")?;
    let (keyword, value) = rest.split_once('=').map_or((rest, None), |(keyword, value)| (keyword, Some(value)));
    Parameter::new(extension, keyword, value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_or_explained() {
        assert_eq!(deliver_by("120:return"), Ok(DeliverBy::new(120, Late::Return).unwrap()));
        assert_eq!(deliver_by("-5:notify"), Ok(DeliverBy::new(-5, Late::Notify).unwrap()));
        assert_eq!(deliver_by("0:return").unwrap_err(), "the time is out of range");
        for text in ["120", "120:later", "x:return", ""] {
            assert_eq!(deliver_by(text).unwrap_err(), "expected SECONDS:return or SECONDS:notify", "{text}");
        }
        assert_eq!(parameter("A:B=c").unwrap(), Parameter::new("A", "B", Some("c")).unwrap());
        assert_eq!(parameter("A:B").unwrap(), Parameter::new("A", "B", None).unwrap());
        assert!(parameter("HOLDFOR=60").is_err() && parameter("A:B=").is_err());
        let reserved = "the keyword belongs to a parameter that is set in another way";
        assert_eq!(parameter("SIZE:SIZE=1").unwrap_err(), reserved);
    }
}
