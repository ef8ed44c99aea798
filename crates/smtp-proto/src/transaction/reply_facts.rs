//! What a transaction needs to know about a reply.

use crate::{
    kept::KeptReply,
    ledger::Ledger,
    reply::{Code, Reply},
};

/// The code of a reply, and where its octets are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplyFacts {
    pub(crate) code: Code,
    pub(crate) kept: KeptReply,
}

impl ReplyFacts {
    pub(crate) fn keep(reply: &Reply<'_>, ledger: &mut Ledger, limit: usize) -> Self {
        Self { code: reply.code(), kept: ledger.kept.keep_reply(reply, limit) }
    }

    /// A reply that the report does not need.
    pub(crate) const fn without_text(code: Code) -> Self {
        Self { code, kept: KeptReply::without_text(code) }
    }
}
