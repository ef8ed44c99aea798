//! The settings of a transcript for the parameters of MAIL and RCPT.

use std::fmt::Display;

use smtp_proto::{DeliverBy, Envelope, Late, OriginalRecipient, Parameter, Recipient, Return, Submitter};

/// The parameters of MAIL, as they are written.
#[derive(Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn set(&mut self, key: &str, value: &str) {
        if key != "mail-param" || value == "none" {
            self.0.retain(|(known, _)| known != key);
        }
        if value != "none" {
            self.0.push((key.to_owned(), value.to_owned()));
        }
    }

    pub(super) fn add_to(&self, envelope: Envelope) -> Result<Envelope, String> {
        self.0.iter().try_fold(envelope, |envelope, (key, value)| {
            let invalid = |error: &dyn Display| format!("{key}: {value}: {error}");
            Ok(match key.as_str() {
                "inquiry" => envelope.as_inquiry(),
                "ret" if value == "full" => envelope.with_return(Return::Full),
                "ret" => envelope.with_return(Return::Headers),
                "envid" => envelope.with_envelope_id(value.parse().map_err(|error| invalid(&error))?),
                "deliver-by" => envelope.with_deliver_by(deliver_by(value)?),
                "submitter" if value == "<>" => envelope.with_submitter(Submitter::UNKNOWN),
                "submitter" => {
                    let mailbox = value.parse().map_err(|error| invalid(&error))?;
                    envelope.with_submitter(Submitter::new(mailbox).map_err(|error| invalid(&error))?)
                }
                _ => envelope.with_parameter(parameter(value)?).map_err(|error| invalid(&error))?,
            })
        })
    }
}

/// The recipient with one more parameter.
pub(super) fn of_recipient(recipient: Recipient, key: &str, value: &str) -> Result<Recipient, String> {
    let invalid = |error: &dyn Display| format!("{key}: {value}: {error}");
    Ok(match key {
        "notify" => recipient.with_notify(value.parse().map_err(|error| invalid(&error))?),
        "orcpt" => {
            let (kind, address) = value.split_once(';').ok_or("an original recipient has the form TYPE;ADDRESS")?;
            let original = OriginalRecipient::of_type(kind, address).map_err(|error| invalid(&error))?;
            recipient.with_original_recipient(original)
        }
        _ => recipient.with_parameter(parameter(value)?),
    })
}

/// `SECONDS return` or `SECONDS notify`, possibly with `trace`.
fn deliver_by(value: &str) -> Result<DeliverBy, String> {
    let (seconds, rest) = value.split_once(' ').ok_or("a time limit has the form SECONDS return")?;
    let (late, trace) = match rest {
        "return" => (Late::Return, false),
        "return trace" => (Late::Return, true),
        "notify" => (Late::Notify, false),
        "notify trace" => (Late::Notify, true),
        _ => return Err(format!("{rest} is not return or notify")),
    };
    let seconds = seconds.parse().map_err(|_| format!("{seconds} is not a number"))?;
    Ok(DeliverBy::new(seconds, late).map_err(|error| error.to_string())?.with_trace(trace))
}

/// `EXTENSION:KEYWORD` or `EXTENSION:KEYWORD=VALUE`.
fn parameter(value: &str) -> Result<Parameter, String> {
    let (extension, rest) = value.split_once(':').ok_or("a parameter has the form EXTENSION:KEYWORD=VALUE")?;
    let (keyword, value) = rest.split_once('=').map_or((rest, None), |(keyword, value)| (keyword, Some(value)));
    Parameter::new(extension, keyword, value).map_err(|error| error.to_string())
}
