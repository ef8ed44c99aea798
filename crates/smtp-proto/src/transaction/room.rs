//! Whether a transaction has room for more recipients.

/// Whether the transaction has room for more recipients, as the replies to RCPT show.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Room {
    Left,
    /// From one recipient on, all were refused for their number.
    Full,
    /// A recipient was accepted after others were refused for their number.
    Unclear,
}

impl Room {
    /// A recipient was accepted.
    pub(super) const fn after_acceptance(self) -> Self {
        match self {
            Self::Left => Self::Left,
            Self::Full | Self::Unclear => Self::Unclear,
        }
    }

    /// A recipient was refused for the number of recipients.
    pub(super) const fn after_refusal(self) -> Self {
        match self {
            Self::Left | Self::Full => Self::Full,
            Self::Unclear => Self::Unclear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_full_if_no_recipient_was_accepted_after_a_refusal() {
        for (replies, expected) in [
            ("", Room::Left),
            ("aaa", Room::Left),
            ("ar", Room::Full),
            ("arrr", Room::Full),
            ("ara", Room::Unclear),
            ("arar", Room::Unclear),
        ] {
            let room = replies.bytes().fold(Room::Left, |room, reply| match reply {
                b'a' => room.after_acceptance(),
                _ => room.after_refusal(),
            });
            assert_eq!(room, expected, "{replies}");
        }
    }
}
