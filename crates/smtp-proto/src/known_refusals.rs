//! Which refusals of MAIL, RCPT and DATA are about messages, and no limit of the session.

use crate::{
    reply::Code,
    retry::{Refusal, RefusedCommand},
};

/// The refusals of MAIL, RCPT and DATA that a message got on a new connection. A limit of the session is not
/// reached there, so they are about messages: greylisting, no room, no permission.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct KnownRefusals {
    mail: Codes,
    rcpt: Codes,
    data: Codes,
}

/// A set of the codes that could be a limit: a bit for each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Codes(u128);

impl KnownRefusals {
    pub(crate) fn learn(&mut self, command: RefusedCommand, code: Code) {
        let codes = match command {
            RefusedCommand::Mail => &mut self.mail,
            RefusedCommand::Rcpt => &mut self.rcpt,
            RefusedCommand::Data => &mut self.data,
        };
        codes.0 |= Codes::bit(code);
    }

    pub(crate) const fn contain(self, command: RefusedCommand, code: Code) -> bool {
        let codes = match command {
            RefusedCommand::Mail => self.mail,
            RefusedCommand::Rcpt => self.rcpt,
            RefusedCommand::Data => self.data,
        };
        codes.0 & Codes::bit(code) != 0
    }
}

impl Codes {
    /// 400 to 499, then 503; none for the others, which are no limit.
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
    fn a_refusal_is_known_for_the_command_and_the_code_that_it_was_learned_for() {
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
