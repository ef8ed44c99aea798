//! Serializes reports. Values that are not known are null.

use core::fmt::Display;

use serde::{
    Serialize, Serializer,
    ser::{SerializeSeq, SerializeStruct},
};

use super::{AttemptReport, OwnedReport, RecipientReport, Report, TlsReport};
use crate::{
    escape::Escaped,
    mechanisms::Mechanism,
    outcome::{AttemptEnd, Hello, Outcome, Status},
    reply::Reply,
    stage::Stage,
};

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let longest_line = self.longest_line();
        let members = if longest_line.is_some() { 4 } else { 3 };
        let mut report = serializer.serialize_struct("Report", members)?;
        report.serialize_field("outcome", &self.outcome())?;
        report.serialize_field("recipients", &Each(|| self.recipients()))?;
        report.serialize_field("attempts", &Each(|| self.attempts()))?;
        match longest_line {
            Some(octets) => report.serialize_field("longest_line", &octets)?,
            None => report.skip_field("longest_line")?,
        }
        report.end()
    }
}

impl Serialize for OwnedReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_report().serialize(serializer)
    }
}

impl Serialize for RecipientReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut recipient =
            serializer.serialize_struct("RecipientReport", if self.notification_dropped.is_some() { 5 } else { 4 })?;
        recipient.serialize_field("address", self.path.as_str())?;
        recipient.serialize_field("status", &self.status)?;
        let reply = self.reply().map(|reply| JsonReply { reply, text: self.bounded(reply.text("\n")) });
        recipient.serialize_field("reply", &reply)?;
        recipient.serialize_field("reason", &Text(self.reason()))?;
        match self.notification_dropped {
            Some(dropped) => recipient.serialize_field("notification_dropped", dropped.as_str())?,
            None => recipient.skip_field("notification_dropped")?,
        }
        recipient.end()
    }
}

impl Serialize for AttemptReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut attempt = serializer.serialize_struct("AttemptReport", 7)?;
        attempt.serialize_field("server", &self.server())?;
        attempt.serialize_field("greeting", &self.hello())?;
        attempt.serialize_field("tls", &JsonTls(self.tls()))?;
        attempt.serialize_field("auth", &self.mechanism().map(Mechanism::name))?;
        attempt.serialize_field("stage", &self.stage())?;
        attempt.serialize_field("ended", &self.end().map(AttemptEnd::as_str))?;
        attempt.serialize_field("reason", &self.is_in_trouble().then_some(Text(self)))?;
        attempt.end()
    }
}

/// What became of TLS on a connection; null if it was not secured.
struct JsonTls<'a>(TlsReport<'a>);

impl Serialize for JsonTls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let TlsReport::Secured { version, unverified } = self.0 else { return serializer.serialize_none() };
        let mut tls = serializer.serialize_struct("Tls", 3)?;
        tls.serialize_field("version", &Text(version))?;
        tls.serialize_field("verified", &unverified.is_none())?;
        tls.serialize_field("reason", &unverified.map(|why| Text(Escaped(why))))?;
        tls.end()
    }
}

impl Serialize for Reply<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        JsonReply { reply: *self, text: self.text("\n") }.serialize(serializer)
    }
}

/// A reply, with its text or the start of it.
struct JsonReply<'a, T> {
    reply: Reply<'a>,
    text: T,
}

impl<T: Display> Serialize for JsonReply<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reply = serializer.serialize_struct("Reply", 3)?;
        reply.serialize_field("code", &self.reply.code().get())?;
        reply.serialize_field("enhanced", &self.reply.enhanced().map(Text))?;
        reply.serialize_field("text", &Text(&self.text))?;
        reply.end()
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Stage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The verb in lowercase.
impl Serialize for Hello {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Ehlo => "ehlo",
            Self::Helo => "helo",
            Self::Lhlo => "lhlo",
        })
    }
}

/// A list that is serialized from an iterator.
struct Each<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for element in (self.0)() {
            list.serialize_element(&element)?;
        }
        list.end()
    }
}

struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
