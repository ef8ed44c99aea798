//! How far content that is sent with BDAT is.

use crate::retry::Achieved;

/// The content of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Chunks {
    pub(super) progress: Progress,
    /// Whether a reply has shown that the server knows BDAT.
    pub(super) is_known: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Progress {
    /// More chunks follow.
    Open,
    /// The last chunk is complete.
    Ended,
    /// No chunk follows, because no recipient was accepted.
    Hopeless,
    /// No chunk follows, because one was refused.
    Refused,
}

impl Chunks {
    pub(super) const FIRST: Self = Self { progress: Progress::Open, is_known: false };

    pub(super) const fn with(self, progress: Progress) -> Self {
        Self { progress, ..self }
    }

    pub(super) const fn ended(self) -> Self {
        self.with(Progress::Ended)
    }

    /// Whether a chunk was answered by a server that knows BDAT.
    pub(super) const fn is_known(self) -> bool {
        self.is_known
    }

    /// What was achieved if the content was not accepted for a recipient.
    pub(super) const fn without_success(self) -> Achieved {
        match self.progress {
            Progress::Open | Progress::Hopeless => Achieved::AllRefused,
            Progress::Ended | Progress::Refused => Achieved::ContentRefused,
        }
    }

    pub(super) const fn is_stopped(self) -> bool {
        match self.progress {
            Progress::Hopeless | Progress::Refused => true,
            Progress::Open | Progress::Ended => false,
        }
    }
}
