//! Finds the lines and the end of a reply.

use core::ops::ControlFlow;

use super::{
    Reply,
    code::Code,
    error::{ReplyError, ReplyErrorKind},
    limits::ReplyLimits,
    line::{self, Position},
    line_end::fold_line_ends,
};

/// How far a reply has been read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Scan {
    /// The start of its last, incomplete line.
    pub(super) line_start: usize,
    /// The code of the lines before that line; `None` if there are none.
    pub(super) code: Option<Code>,
    /// The reply was complete and was returned: the next call drops it.
    pub(super) returned: bool,
}

/// A reply of one line, as most are, from the start of `octets`; `None` if this is not certain to be one.
#[inline]
pub(super) fn one_line(octets: &[u8], limits: ReplyLimits) -> Option<Reply<'_>> {
    let [_, _, _, b' ', ..] = octets else { return None };
    let code = line::code(octets)?;
    // The code and the space are known, so the search starts behind them.
    let start = "250 ".len();
    let ControlFlow::Break(end) = fold_line_ends(octets, start, (), |(), end| ControlFlow::Break(end)) else {
        return None;
    };
    let len = end.wrapping_add(1);
    if limits.hold(end, len) { octets.get(..len).map(|line| Reply::from_decoded(code, line)) } else { None }
}

impl Scan {
    /// Reads lines from `line_start` on. `octets` starts with the first octet of the reply. Returns the code and the
    /// length of the reply; `None` if it is not complete.
    #[inline]
    pub(super) fn advance(&mut self, octets: &[u8], limits: ReplyLimits) -> Result<Option<(Code, usize)>, ReplyError> {
        // Most replies are shorter than even a line may be.
        let is_short = limits.hold(octets.len(), octets.len());
        loop {
            // The fast path for most lines of long replies: they repeat the code, and more lines follow. The
            // first line is one of them.
            let code = self.code.or_else(|| line::code(octets));
            let continued = code.and_then(|_| octets.first_chunk()).map(|[a, b, c]| [*a, *b, *c, b'-']);
            let short_way = fold_line_ends(octets, self.line_start, self.line_start, |start, end| {
                let line_start = octets.get(start..).and_then(<[u8]>::first_chunk);
                let is_continued = continued.is_some() && line_start == continued.as_ref();
                if is_continued && (is_short || limits.hold(end.wrapping_sub(start), end.wrapping_add(1))) {
                    ControlFlow::Continue(end.wrapping_add(1))
                } else {
                    ControlFlow::Break((start, end))
                }
            });
            match short_way {
                ControlFlow::Continue(line_start) => {
                    self.go_on_at(line_start, code);
                    if limits.hold(octets.len().wrapping_sub(line_start), octets.len()) {
                        return Ok(None);
                    }
                    return Err(self.passed(octets.get(line_start..).unwrap_or_default(), limits));
                }
                ControlFlow::Break((line_start, end)) => {
                    self.go_on_at(line_start, code);
                    let line = octets.get(line_start..end).unwrap_or_default();
                    let end = end.wrapping_add(1);
                    if !limits.hold(line.len(), end) {
                        return Err(self.passed(line, limits));
                    }
                    // A bare LF also ends a line.
                    match self.read_line(line.strip_suffix(b"\r").unwrap_or(line))? {
                        (code, Position::Last) => return Ok(Some((code, end))),
                        (code, Position::More) => self.code = Some(code),
                    }
                    self.line_start = end;
                }
            }
        }
    }

    /// The lines before `line_start` have this code.
    #[inline]
    fn go_on_at(&mut self, line_start: usize, code: Option<Code>) {
        self.line_start = line_start;
        if line_start > 0 {
            self.code = code;
        }
    }

    /// Parses a complete line, without its end. Returns the code of the reply, and whether more lines follow.
    #[inline]
    fn read_line(&self, line: &[u8]) -> Result<(Code, Position), ReplyError> {
        match (line::reply_line(line), self.code) {
            (Some((code, _)), Some(first)) if code != first => Err(ReplyError::new(ReplyErrorKind::MixedCodes, line)),
            (Some(parsed), _) => Ok(parsed),
            // Some servers send empty lines within a long greeting or EHLO reply.
            (None, Some(first)) if line.is_empty() => Ok((first, Position::More)),
            (None, _) => Err(ReplyError::new(ReplyErrorKind::Malformed, line)),
        }
    }

    /// The error for the limit that was exceeded first.
    #[cold]
    fn passed(&self, line: &[u8], limits: ReplyLimits) -> ReplyError {
        let reply_room = limits.reply.saturating_sub(self.line_start);
        if line.len() > limits.line && limits.line <= reply_room {
            ReplyError::new(ReplyErrorKind::LineTooLong, line.get(..limits.line).unwrap_or(line))
        } else {
            ReplyError::new(ReplyErrorKind::ReplyTooLong, line.get(..reply_room).unwrap_or(line))
        }
    }
}
