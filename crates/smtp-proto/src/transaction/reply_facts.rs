//! What a transaction needs of a reply.

use crate::{
    kept::KeptReply,
    ledger::Ledger,
    reply::{Code, Reply},
};

/// What outlives the octets of a reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplyFacts {
    pub(crate) code: Code,
    pub(crate) kept: KeptReply,
}

impl ReplyFacts {
    pub(crate) fn keep(reply: &Reply<'_>, ledger: &mut Ledger, limit: usize) -> Self {
        Self { code: reply.code(), kept: ledger.kept.keep_reply(reply, limit) }
    }
}
