//! The keywords of EHLO's reply, for parameters of extensions that this crate does not know.

use super::Session;
use crate::keywords_kept::KeptKeywords;

impl Session {
    /// Keeps all keywords of the next reply to EHLO or LHLO, here and on later connections. Without that, commands with
    /// a [`Parameter`](crate::Parameter) are refused.
    pub fn keep_keywords(&mut self) {
        self.keywords.get_or_insert_default();
    }

    /// The keywords, if they are kept.
    pub(crate) fn keywords(&self) -> Option<&KeptKeywords> {
        self.keywords.as_deref()
    }

    pub(super) fn forget_keywords(&mut self) {
        if let Some(keywords) = &mut self.keywords {
            **keywords = KeptKeywords::default();
        }
    }
}
