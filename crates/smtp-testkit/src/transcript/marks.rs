//! Marks, which begin with `-- `: all events other than octets.

use std::time::Duration;

use smtp_proto::{Cancel, Disconnect, Place, TlsVersion};

use super::{
    script::{Action, Handshake, LeftOut},
    settings::known,
};

pub(super) enum Mark {
    Action(Action),
    /// The client sends the whole message.
    Content,
}

impl Mark {
    pub(super) fn parse(mark: &str) -> Result<Self, String> {
        Ok(Self::Action(match mark {
            "content" => return Ok(Self::Content),
            "connect" => Action::Connect(Place::Any),
            "connect same" => Action::Connect(Place::Same),
            "close" => Action::Lost(Disconnect::Closed),
            "reset" => Action::Lost(Disconnect::Reset),
            "write fails" => Action::Lost(Disconnect::WriteFailed),
            "read fails" => Action::Lost(Disconnect::ReadFailed),
            "silence" => Action::Silence(None),
            "done" => Action::Done { kept: false },
            "kept" => Action::Done { kept: true },
            "next message" => Action::NextMessage,
            "quit" => Action::Quit,
            other if other.starts_with("tls ") => {
                Action::Tls(handshake(&other[4..]).ok_or_else(|| format!("unknown mark `-- {other}`"))?)
            }
            other => Self::with_argument(other).ok_or_else(|| format!("unknown mark `-- {other}`"))?,
        }))
    }

    fn with_argument(mark: &str) -> Option<Action> {
        if let Some(left_out) = left_out(mark) {
            return Some(Action::LeftOut(left_out));
        }
        let (name, argument) = mark.split_once(':')?;
        let argument = argument.trim();
        Some(match name {
            "connect fails" => Action::ConnectFails(Place::Any, argument.into()),
            "connect same fails" => Action::ConnectFails(Place::Same, argument.into()),
            "known" => Action::Know(known(argument).ok()?),
            "auth abandoned" => Action::AbandonAuth(argument.into()),
            "silence" => Action::Silence(Some(duration(argument)?)),
            "cancel" => Action::Cancel(match argument {
                "interrupted" => Cancel::Interrupted,
                "deadline" => Cancel::Deadline,
                "too slow" => Cancel::TooSlow,
                "content unreadable" => Cancel::ContentUnreadable,
                "content changed" => Cancel::ContentChanged,
                _ => return None,
            }),
            _ => return None,
        })
    }
}

/// Parses `content: 12 octets`, `client hides 12 octets` or `server hides 12 octets`.
fn left_out(mark: &str) -> Option<LeftOut> {
    let (what, octets) = mark.strip_suffix(" octets")?.rsplit_once(' ')?;
    let octets = octets.parse().ok()?;
    match what {
        "content:" => Some(LeftOut::Content(octets)),
        "client hides" => Some(LeftOut::Client(octets)),
        "server hides" => Some(LeftOut::Server(octets)),
        _ => None,
    }
}

/// Parses `verified TLSv1.2 unbound`, `unverified unbound: WHY` or `fails: WHY`.
fn handshake(text: &str) -> Option<Handshake> {
    let (facts, why) = match text.split_once(':') {
        Some((facts, why)) => (facts, Some(why.trim().to_owned())),
        None => (text, None),
    };
    let mut words = facts.split_whitespace();
    let unverified = match (words.next()?, why) {
        ("verified", None) => None,
        ("unverified", Some(why)) => Some(why),
        ("fails", Some(why)) if words.next().is_none() => return Some(Handshake::Fails(why)),
        _ => return None,
    };
    let (mut version, mut can_bind) = (TlsVersion::Tls13, true);
    for word in words {
        match word {
            "TLSv1.2" => version = TlsVersion::Tls12,
            "TLSv1.3" => version = TlsVersion::Tls13,
            "unbound" => can_bind = false,
            _ => return None,
        }
    }
    Some(Handshake::Secured { version, unverified, can_bind })
}

/// Parses `30 s` or `5 min`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_once(' ')?;
    let number = number.parse::<u64>().ok()?;
    match unit {
        "s" => Some(Duration::from_secs(number)),
        "min" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}
