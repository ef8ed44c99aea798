//! What follows a transaction if recipients are left.

use crate::reply::Code;

/// What a transaction achieved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Achieved {
    /// The content was accepted for at least one recipient.
    Delivered,
    /// Every recipient was refused, so there was no content to send.
    AllRefused,
    /// DATA or the content was refused, and would be refused again.
    ContentRefused,
}

/// Whether the connection can carry one more transaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Carrier {
    /// It can.
    Usable,
    /// The server's limit on transactions is reached, or its replies show that the connection should not be used.
    Spent,
}

/// What follows a transaction if recipients are left: they were refused for their number, or were not asked for yet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Further {
    /// Another transaction on the same connection.
    Here,
    /// Another transaction on a new connection.
    Elsewhere,
    /// No other transaction: the recipients that are left are deferred.
    Defer,
}

/// What follows a transaction if recipients are left.
///
/// Each transaction that leads to another one has settled at least one recipient, so there are at most as many as there
/// are recipients.
pub const fn after_transaction(achieved: Achieved, carrier: Carrier) -> Further {
    match (achieved, carrier) {
        (Achieved::Delivered | Achieved::AllRefused, Carrier::Usable) => Further::Here,
        (Achieved::Delivered | Achieved::AllRefused, Carrier::Spent) => Further::Elsewhere,
        (Achieved::ContentRefused, Carrier::Usable | Carrier::Spent) => Further::Defer,
    }
}

/// Whether a refusal of RCPT concerns the number of recipients (RFC 5321 section 4.5.3.1.10).
///
/// 452 is also the reply for a mailbox without space, and 552 that of old servers for both. Neither can concern the
/// number before a recipient was accepted.
pub const fn is_for_number(code: Code, any_accepted: bool) -> bool {
    any_accepted && matches!(code, Code::INSUFFICIENT_STORAGE | Code::EXCEEDED_STORAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_transaction_that_settled_a_recipient_leads_to_another() {
        use Carrier::{Spent, Usable};
        for (achieved, expected) in [
            (Achieved::Delivered, [Further::Here, Further::Elsewhere]),
            (Achieved::AllRefused, [Further::Here, Further::Elsewhere]),
            (Achieved::ContentRefused, [Further::Defer, Further::Defer]),
        ] {
            assert_eq!([Usable, Spent].map(|carrier| after_transaction(achieved, carrier)), expected, "{achieved:?}");
        }
    }

    #[test]
    fn a_refusal_is_for_the_number_only_after_a_recipient_was_accepted() {
        for number in 200..600 {
            let code = Code::new(number).unwrap();
            assert!(!is_for_number(code, false), "{code}");
            assert_eq!(is_for_number(code, true), number == 452 || number == 552, "{code}");
        }
    }
}
