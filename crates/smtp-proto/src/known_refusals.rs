//! Refusals of MAIL, RCPT, DATA and content that are known not to be a session limit.

use alloc::boxed::Box;

use crate::{
    reply::Code,
    retry::{Refusal, RefusedCommand},
};

/// The refusals of MAIL, RCPT, DATA and content that the first message of a connection received. A session limit cannot
/// have been reached by then, so they concern the message: greylisting, no space, no permission.
///
/// Most deliveries learn none, and then hold nothing.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct KnownRefusals(Option<Box<Learned>>);

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Learned {
    mail: Codes,
    rcpt: Codes,
    data: Codes,
    content: Codes,
}

/// A set of the reply codes that could be a session limit, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Codes(u128);

impl KnownRefusals {
    pub(crate) fn learn(&mut self, command: RefusedCommand, code: Code) {
        let bit = Codes::bit(code);
        if bit != 0 {
            self.0.get_or_insert_default().of(command).0 |= bit;
        }
    }

    pub(crate) fn contain(&self, command: RefusedCommand, code: Code) -> bool {
        let Some(learned) = &self.0 else { return false };
        let codes = match command {
            RefusedCommand::Mail => learned.mail,
            RefusedCommand::Rcpt => learned.rcpt,
            RefusedCommand::Data => learned.data,
            RefusedCommand::Content => learned.content,
        };
        codes.0 & Codes::bit(code) != 0
    }
}

impl Learned {
    const fn of(&mut self, command: RefusedCommand) -> &mut Codes {
        match command {
            RefusedCommand::Mail => &mut self.mail,
            RefusedCommand::Rcpt => &mut self.rcpt,
            RefusedCommand::Data => &mut self.data,
            RefusedCommand::Content => &mut self.content,
        }
    }
}

impl Codes {
    /// Bits 0 to 99 are the codes 400 to 499, and bit 100 is 503. Other codes are never a limit and have no bit.
    const fn bit(code: Code) -> u128 {
        match (Refusal::of(code), code.get().checked_sub(400)) {
            (Some(Refusal::Temporary), Some(place)) => 1 << place,
            (Some(Refusal::OutOfSequence), _) => 1 << 100,
            (Some(Refusal::Temporary), None) | (Some(Refusal::Permanent) | None, _) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_known_only_for_its_command_and_code() {
        let code = |number| Code::new(number).unwrap();
        for learned in [400, 451, 499, 503] {
            let mut known = KnownRefusals::default();
            known.learn(RefusedCommand::Data, code(learned));
            for asked in 200..600 {
                assert_eq!(known.contain(RefusedCommand::Data, code(asked)), asked == learned, "{learned} {asked}");
                assert!(!known.contain(RefusedCommand::Mail, code(asked)));
            }
        }
        let mut known = KnownRefusals::default();
        for other in [250, 354, 500, 550] {
            known.learn(RefusedCommand::Mail, code(other));
        }
        assert_eq!(known, KnownRefusals::default());
    }
}
