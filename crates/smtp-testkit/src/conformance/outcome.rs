//! The outcome of a check.

use std::fmt;

use crate::player::Mismatch;

/// The driver conforms: how much was played, and what was skipped.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Passed {
    /// Transcripts that were played over sockets.
    pub over_sockets: usize,
    /// Plays over sockets.
    pub plays: usize,
    /// The names of the transcripts that were not played over sockets, and why.
    pub not_over_sockets: Vec<(String, &'static str)>,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} transcripts over sockets, in {} plays", self.over_sockets, self.plays)?;
        writeln!(f, "{} transcripts not over sockets:", self.not_over_sockets.len())?;
        for (name, why) in &self.not_over_sockets {
            writeln!(f, "  {name}: {why}")?;
        }
        Ok(())
    }
}

/// A play in which the driver did not do what was expected.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The transcript's name.
    pub transcript: String,
    /// How it was played.
    pub how: &'static str,
    /// What differed, and in which line.
    pub mismatch: Mismatch,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.smtp ({}), {}", self.transcript, self.how, self.mismatch)
    }
}

/// Every play that failed.
#[derive(Clone, Debug)]
pub struct Failures(pub Vec<Failure>);

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// More would probably repeat the same fault.
        const SHOWN: usize = 10;
        writeln!(f, "{} plays failed", self.0.len())?;
        for failure in self.0.iter().take(SHOWN) {
            writeln!(f, "\n{failure}")?;
        }
        if self.0.len() > SHOWN {
            writeln!(f, "\n... and {} more", self.0.len() - SHOWN)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failures {}
