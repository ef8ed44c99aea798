//! The options of a policy, each with a number as its value.

use std::time::Duration;

use smtp_proto::{Authentication, Config, Limits, Timeouts};

use crate::{
    choices::Choice,
    policy::{
        smtp_afterwards, smtp_chunking, smtp_eight_bit, smtp_helo_retry, smtp_line_endings, smtp_protocol, smtp_tls,
    },
    refusal::Refusal,
};

/// An option of a policy. Timeouts are in milliseconds, limits in octets. A switch is 0 or 1.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum smtp_option {
    /// An `smtp_protocol`. Default: SMTP.
    SMTP_OPTION_PROTOCOL = 1,
    /// An `smtp_tls`. Default: never.
    SMTP_OPTION_TLS = 2,
    /// An `smtp_helo_retry`. Default: when the peer hung up on EHLO.
    SMTP_OPTION_HELO_RETRY = 3,
    /// An `smtp_eight_bit`. Default: refuse.
    SMTP_OPTION_EIGHT_BIT = 4,
    /// An `smtp_line_endings`. Default: mend.
    SMTP_OPTION_LINE_ENDINGS = 5,
    /// An `smtp_afterwards`. Default: QUIT.
    SMTP_OPTION_AFTERWARDS = 6,
    /// An `smtp_chunking`. Default: with BDAT where it is offered.
    SMTP_OPTION_CHUNKING = 7,
    /// The most recipients in one transaction; further ones are in further transactions. Default: 0, which means all.
    SMTP_OPTION_MAX_RECIPIENTS = 8,
    /// A switch: ignore the limits that the server announces (RFC 9422).
    SMTP_OPTION_IGNORE_LIMITS = 9,
    /// A switch: EHLO, HELO and LHLO give the address that `smtp_delivery_connected_from` reports, instead of the name.
    SMTP_OPTION_ADDRESS_LITERAL = 10,
    /// A switch: after a refusal of the credentials, the next mechanism may protect them less.
    SMTP_OPTION_AUTH_ANY_ORDER = 11,
    /// A switch: credentials may be sent in clear, or to a server that was not verified.
    SMTP_OPTION_AUTH_IN_CLEAR = 12,

    /// To open a connection to one address. Default: 30 seconds.
    SMTP_OPTION_TIMEOUT_CONNECT = 100,
    /// For the greeting. Default: 5 minutes.
    SMTP_OPTION_TIMEOUT_GREETING = 101,
    /// For the reply to EHLO, HELO, LHLO or RSET. Default: 5 minutes.
    SMTP_OPTION_TIMEOUT_HELLO = 102,
    /// For the reply to STARTTLS, and again for the TLS handshake. Default: 5 minutes.
    SMTP_OPTION_TIMEOUT_TLS = 103,
    /// For each reply to AUTH. Default: 5 minutes.
    SMTP_OPTION_TIMEOUT_AUTH = 104,
    /// For the reply to MAIL. Default: 5 minutes.
    SMTP_OPTION_TIMEOUT_MAIL = 105,
    /// For the reply to RCPT. Default: 5 minutes.
    SMTP_OPTION_TIMEOUT_RCPT = 106,
    /// For the reply to DATA. Default: 2 minutes.
    SMTP_OPTION_TIMEOUT_DATA = 107,
    /// For the peer to accept one block. Default: 3 minutes.
    SMTP_OPTION_TIMEOUT_BLOCK = 108,
    /// For the reply to the end of the content. Too short a timeout makes recipients unconfirmed although the server
    /// accepts the message. Default: 10 minutes.
    SMTP_OPTION_TIMEOUT_CONTENT_END = 109,
    /// For the reply to QUIT. Default: 30 seconds.
    SMTP_OPTION_TIMEOUT_QUIT = 110,

    /// The longest line of a reply. Default: 12,288.
    SMTP_OPTION_LIMIT_REPLY_LINE = 200,
    /// The longest reply. Default: 64 KiB.
    SMTP_OPTION_LIMIT_REPLY = 201,
    /// How much of one reply the report keeps. Default: 64 KiB.
    SMTP_OPTION_LIMIT_KEPT_REPLY = 202,
    /// The most octets of commands that may be unanswered at a time. Default: 4 KiB.
    SMTP_OPTION_LIMIT_PIPELINE = 203,
    /// The most octets of content in one block. Default: 16 KiB.
    SMTP_OPTION_LIMIT_BLOCK = 204,
    /// How many octets of content are gathered for one chunk of BDAT. Default: 64 KiB.
    SMTP_OPTION_LIMIT_CHUNK = 205,
}

use smtp_option::{
    SMTP_OPTION_ADDRESS_LITERAL, SMTP_OPTION_AFTERWARDS, SMTP_OPTION_AUTH_ANY_ORDER, SMTP_OPTION_AUTH_IN_CLEAR,
    SMTP_OPTION_CHUNKING, SMTP_OPTION_EIGHT_BIT, SMTP_OPTION_HELO_RETRY, SMTP_OPTION_IGNORE_LIMITS,
    SMTP_OPTION_LIMIT_BLOCK, SMTP_OPTION_LIMIT_CHUNK, SMTP_OPTION_LIMIT_KEPT_REPLY, SMTP_OPTION_LIMIT_PIPELINE,
    SMTP_OPTION_LIMIT_REPLY, SMTP_OPTION_LIMIT_REPLY_LINE, SMTP_OPTION_LINE_ENDINGS, SMTP_OPTION_MAX_RECIPIENTS,
    SMTP_OPTION_PROTOCOL, SMTP_OPTION_TIMEOUT_AUTH, SMTP_OPTION_TIMEOUT_BLOCK, SMTP_OPTION_TIMEOUT_CONNECT,
    SMTP_OPTION_TIMEOUT_CONTENT_END, SMTP_OPTION_TIMEOUT_DATA, SMTP_OPTION_TIMEOUT_GREETING, SMTP_OPTION_TIMEOUT_HELLO,
    SMTP_OPTION_TIMEOUT_MAIL, SMTP_OPTION_TIMEOUT_QUIT, SMTP_OPTION_TIMEOUT_RCPT, SMTP_OPTION_TIMEOUT_TLS,
    SMTP_OPTION_TLS,
};

/// The policy, and how to authenticate if there are mechanisms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Policy {
    pub(crate) config: Config,
    pub(crate) authentication: Authentication,
}

impl smtp_option {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        SMTP_OPTION_PROTOCOL,
        SMTP_OPTION_TLS,
        SMTP_OPTION_HELO_RETRY,
        SMTP_OPTION_EIGHT_BIT,
        SMTP_OPTION_LINE_ENDINGS,
        SMTP_OPTION_AFTERWARDS,
        SMTP_OPTION_CHUNKING,
        SMTP_OPTION_MAX_RECIPIENTS,
        SMTP_OPTION_IGNORE_LIMITS,
        SMTP_OPTION_ADDRESS_LITERAL,
        SMTP_OPTION_AUTH_ANY_ORDER,
        SMTP_OPTION_AUTH_IN_CLEAR,
        SMTP_OPTION_TIMEOUT_CONNECT,
        SMTP_OPTION_TIMEOUT_GREETING,
        SMTP_OPTION_TIMEOUT_HELLO,
        SMTP_OPTION_TIMEOUT_TLS,
        SMTP_OPTION_TIMEOUT_AUTH,
        SMTP_OPTION_TIMEOUT_MAIL,
        SMTP_OPTION_TIMEOUT_RCPT,
        SMTP_OPTION_TIMEOUT_DATA,
        SMTP_OPTION_TIMEOUT_BLOCK,
        SMTP_OPTION_TIMEOUT_CONTENT_END,
        SMTP_OPTION_TIMEOUT_QUIT,
        SMTP_OPTION_LIMIT_REPLY_LINE,
        SMTP_OPTION_LIMIT_REPLY,
        SMTP_OPTION_LIMIT_KEPT_REPLY,
        SMTP_OPTION_LIMIT_PIPELINE,
        SMTP_OPTION_LIMIT_BLOCK,
        SMTP_OPTION_LIMIT_CHUNK,
    ];

    /// The option with this number.
    pub(crate) fn read(number: u32) -> Result<Self, Refusal> {
        Self::ALL.iter().copied().find(|option| *option as u32 == number).ok_or(Refusal::Value)
    }

    /// Sets the option.
    pub(crate) fn set(self, policy: Policy, value: u64) -> Result<Policy, Refusal> {
        let Policy { config, authentication } = policy;
        let with = |config| Ok(Policy { config, authentication: authentication.clone() });
        let timeout = |set: fn(Timeouts, Duration) -> Timeouts| {
            let timeouts = set(*config.timeouts(), Duration::from_millis(value));
            with(config.clone().with_timeouts(timeouts))
        };
        let limit = |set: fn(Limits, usize) -> Limits| {
            let value = usize::try_from(value).map_err(|_| Refusal::Value)?;
            with(config.clone().with_limits(set(*config.limits(), value)))
        };
        match self {
            SMTP_OPTION_PROTOCOL => with(config.with_protocol(smtp_protocol::read(value)?)),
            SMTP_OPTION_TLS => with(config.with_tls(smtp_tls::read(value)?)),
            SMTP_OPTION_HELO_RETRY => with(config.with_helo_retry(smtp_helo_retry::read(value)?)),
            SMTP_OPTION_EIGHT_BIT => with(config.with_eight_bit(smtp_eight_bit::read(value)?)),
            SMTP_OPTION_LINE_ENDINGS => with(config.with_line_endings(smtp_line_endings::read(value)?)),
            SMTP_OPTION_AFTERWARDS => with(config.with_afterwards(smtp_afterwards::read(value)?)),
            SMTP_OPTION_CHUNKING => with(config.with_chunking(smtp_chunking::read(value)?)),
            SMTP_OPTION_MAX_RECIPIENTS => {
                let most = u32::try_from(value).map_err(|_| Refusal::Value)?;
                with(config.with_max_recipients((most > 0).then_some(most)))
            }
            SMTP_OPTION_IGNORE_LIMITS => with(config.with_ignore_limits(switch(value)?)),
            SMTP_OPTION_ADDRESS_LITERAL => with(config.with_address_literal(switch(value)?)),
            SMTP_OPTION_AUTH_ANY_ORDER => {
                Ok(Policy { authentication: authentication.clone().with_any_order(switch(value)?), config })
            }
            SMTP_OPTION_AUTH_IN_CLEAR => {
                Ok(Policy { authentication: authentication.clone().with_in_clear(switch(value)?), config })
            }
            SMTP_OPTION_TIMEOUT_CONNECT => timeout(Timeouts::with_connect),
            SMTP_OPTION_TIMEOUT_GREETING => timeout(Timeouts::with_greeting),
            SMTP_OPTION_TIMEOUT_HELLO => timeout(Timeouts::with_hello),
            SMTP_OPTION_TIMEOUT_TLS => timeout(Timeouts::with_tls),
            SMTP_OPTION_TIMEOUT_AUTH => timeout(Timeouts::with_auth),
            SMTP_OPTION_TIMEOUT_MAIL => timeout(Timeouts::with_mail),
            SMTP_OPTION_TIMEOUT_RCPT => timeout(Timeouts::with_rcpt),
            SMTP_OPTION_TIMEOUT_DATA => timeout(Timeouts::with_data),
            SMTP_OPTION_TIMEOUT_BLOCK => timeout(Timeouts::with_block),
            SMTP_OPTION_TIMEOUT_CONTENT_END => timeout(Timeouts::with_content_end),
            SMTP_OPTION_TIMEOUT_QUIT => timeout(Timeouts::with_quit),
            SMTP_OPTION_LIMIT_REPLY_LINE => limit(Limits::with_reply_line),
            SMTP_OPTION_LIMIT_REPLY => limit(Limits::with_reply),
            SMTP_OPTION_LIMIT_KEPT_REPLY => limit(Limits::with_kept_reply),
            SMTP_OPTION_LIMIT_PIPELINE => limit(Limits::with_pipeline),
            SMTP_OPTION_LIMIT_BLOCK => limit(Limits::with_block),
            SMTP_OPTION_LIMIT_CHUNK => limit(Limits::with_chunk),
        }
    }

    /// The value of the option in this policy.
    pub fn get(self, config: &Config, authentication: &Authentication) -> u64 {
        let (timeouts, limits) = (config.timeouts(), config.limits());
        let milliseconds = |timeout: Duration| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let octets = |limit: usize| u64::try_from(limit).unwrap_or(u64::MAX);
        match self {
            SMTP_OPTION_PROTOCOL => smtp_protocol::number(config.protocol()).into(),
            SMTP_OPTION_TLS => smtp_tls::number(config.tls()).into(),
            SMTP_OPTION_HELO_RETRY => smtp_helo_retry::number(config.helo_retry()).into(),
            SMTP_OPTION_EIGHT_BIT => smtp_eight_bit::number(config.eight_bit()).into(),
            SMTP_OPTION_LINE_ENDINGS => smtp_line_endings::number(config.line_endings()).into(),
            SMTP_OPTION_AFTERWARDS => smtp_afterwards::number(config.afterwards()).into(),
            SMTP_OPTION_CHUNKING => smtp_chunking::number(config.chunking()).into(),
            SMTP_OPTION_MAX_RECIPIENTS => config.max_recipients().unwrap_or(0).into(),
            SMTP_OPTION_IGNORE_LIMITS => config.ignore_limits().into(),
            SMTP_OPTION_ADDRESS_LITERAL => config.address_literal().into(),
            SMTP_OPTION_AUTH_ANY_ORDER => authentication.any_order().into(),
            SMTP_OPTION_AUTH_IN_CLEAR => authentication.in_clear().into(),
            SMTP_OPTION_TIMEOUT_CONNECT => milliseconds(timeouts.connect()),
            SMTP_OPTION_TIMEOUT_GREETING => milliseconds(timeouts.greeting()),
            SMTP_OPTION_TIMEOUT_HELLO => milliseconds(timeouts.hello()),
            SMTP_OPTION_TIMEOUT_TLS => milliseconds(timeouts.tls()),
            SMTP_OPTION_TIMEOUT_AUTH => milliseconds(timeouts.auth()),
            SMTP_OPTION_TIMEOUT_MAIL => milliseconds(timeouts.mail()),
            SMTP_OPTION_TIMEOUT_RCPT => milliseconds(timeouts.rcpt()),
            SMTP_OPTION_TIMEOUT_DATA => milliseconds(timeouts.data()),
            SMTP_OPTION_TIMEOUT_BLOCK => milliseconds(timeouts.block()),
            SMTP_OPTION_TIMEOUT_CONTENT_END => milliseconds(timeouts.content_end()),
            SMTP_OPTION_TIMEOUT_QUIT => milliseconds(timeouts.quit()),
            SMTP_OPTION_LIMIT_REPLY_LINE => octets(limits.reply_line()),
            SMTP_OPTION_LIMIT_REPLY => octets(limits.reply()),
            SMTP_OPTION_LIMIT_KEPT_REPLY => octets(limits.kept_reply()),
            SMTP_OPTION_LIMIT_PIPELINE => octets(limits.pipeline()),
            SMTP_OPTION_LIMIT_BLOCK => octets(limits.block()),
            SMTP_OPTION_LIMIT_CHUNK => octets(limits.chunk()),
        }
    }
}

/// 0 or 1.
pub(crate) fn switch(value: u64) -> Result<bool, Refusal> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Refusal::Value),
    }
}
