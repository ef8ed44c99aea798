//! Reports as JSON: one object on one line. Unknown values are null.

use std::{
    fmt,
    io::{self, ErrorKind},
    str,
};

use serde::Serialize;
use smtp_proto::Report;

use super::Which;

/// The report on one message.
#[derive(Serialize, Debug)]
pub(crate) struct Message<'a> {
    /// Set if there are several messages.
    #[serde(flatten)]
    pub(crate) which: Option<Which<'a>>,
    #[serde(flatten)]
    pub(crate) report: Report<'a>,
}

/// One object on one line, written piece by piece.
pub(crate) struct Line<T>(pub(crate) T);

impl<T: Serialize> fmt::Display for Line<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde_json::to_writer(Pieces(f), &self.0).map_err(|_| fmt::Error)?;
        f.write_str("\n")
    }
}

/// Passes JSON, which is written in pieces of whole characters, on to a formatter.
struct Pieces<'f, 'g>(&'f mut fmt::Formatter<'g>);

impl io::Write for Pieces<'_, '_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let text = str::from_utf8(octets).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        self.0.write_str(text).map_err(io::Error::other)?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
