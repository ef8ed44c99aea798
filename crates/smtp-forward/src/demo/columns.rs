//! Two conversations side by side: a column for each connection, a row for each event.

use console::{Alignment, Style, Term, pad_str, style};

use crate::{conversation::Entry, output::Output, report::how_lost};

/// The total width in characters if there is no terminal to ask.
const PLAIN_WIDTH: usize = 100;
const WIDEST: usize = 120;
const NARROWEST: usize = 40;
/// The separator between the columns.
const BETWEEN: &str = " │ ";

/// Writes rows as they come.
pub(super) struct Columns {
    /// The width of one column.
    width: usize,
    connections: usize,
    output: Output,
}

impl Columns {
    /// As wide as the terminal.
    pub(super) fn new(output: Output) -> Self {
        let terminal = Term::stdout().size_checked().map_or(PLAIN_WIDTH, |(_, columns)| columns.into());
        let width = (terminal.clamp(NARROWEST, WIDEST) - BETWEEN.chars().count()) / 2;
        Self { width, connections: 0, output }
    }

    pub(super) fn head(&mut self) {
        let first = style(pad_str("first connection", self.width, Alignment::Left, None)).bold();
        let second = style("second connection").bold();
        let rule = "─".repeat(self.width);
        self.output.print(format_args!("{first}{BETWEEN}{second}\n{rule}─┼─{rule}\n"));
    }

    pub(super) fn show(&mut self, entry: Entry) {
        let plain = Style::new();
        match entry {
            Entry::Connected { server, .. } => {
                self.connections += 1;
                self.row(&format!("connected to {server}"), &plain.dim());
            }
            Entry::ConnectFailed(why) => {
                self.connections += 1;
                self.row(&format!("no connection: {why}"), &plain.red());
            }
            Entry::Client(line) => self.row(&format!("C: {line}"), &plain.cyan()),
            Entry::Server(line) => self.row(&format!("S: {line}"), &plain),
            Entry::Omitted { lines, octets } => {
                self.row(&format!("   ... {lines} more lines, {octets} octets"), &plain.dim());
            }
            Entry::ClientSecret(octets) => self.row(&format!("C: ({octets} octets are not shown)"), &plain.cyan()),
            Entry::ServerSecret { code, octets } => {
                self.row(&format!("S: {code}({octets} octets are not shown)"), &plain);
            }
            Entry::Secured(how) => self.row(&format!("secured with {how}"), &plain.green()),
            Entry::SecureFailed(why) => self.row(&format!("** {why} **"), &plain.red().bold()),
            Entry::Lost(how) => self.row(&format!("** {} **", how_lost(how)), &plain.red().bold()),
            Entry::Closed => self.row("the client closed the connection", &plain.dim()),
        }
    }

    /// What follows the columns is printed to this.
    pub(super) fn end(self) -> Output {
        self.output
    }

    /// Writes a text in the column of the current connection, on as many rows as it needs.
    fn row(&mut self, text: &str, style: &Style) {
        for piece in pieces(text, self.width) {
            let shown = style.apply_to(&piece);
            if self.connections < 2 {
                let gap = " ".repeat(self.width.saturating_sub(piece.chars().count()));
                self.output.print(format_args!("{shown}{gap}{}\n", BETWEEN.trim_end()));
            } else {
                self.output.print(format_args!("{}{BETWEEN}{shown}\n", " ".repeat(self.width)));
            }
        }
    }
}

/// Splits `text` into pieces of at most `width` characters, at spaces if possible. All but the first are indented.
fn pieces(text: &str, width: usize) -> Vec<String> {
    const INDENT: &str = "   ";
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for word in text.split_inclusive(' ') {
        if piece.chars().count() + word.trim_end().chars().count() > width && piece.trim() != "" {
            pieces.push(std::mem::replace(&mut piece, INDENT.to_owned()));
        }
        for character in word.chars() {
            if piece.chars().count() >= width {
                // The line break replaces the space.
                if character == ' ' {
                    continue;
                }
                pieces.push(std::mem::replace(&mut piece, INDENT.to_owned()));
            }
            piece.push(character);
        }
    }
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_wide_is_wrapped() {
        for (text, width, expected) in [
            ("S: 250 ok", 10, &["S: 250 ok"][..]),
            ("S: one two three", 10, &["S: one two", "   three"][..]),
            ("S: abcdefghijkl", 10, &["S: ", "   abcdefg", "   hijkl"][..]),
            ("", 10, &[""][..]),
        ] {
            let pieces = pieces(text, width);
            assert!(pieces.iter().all(|piece| piece.chars().count() <= width), "{pieces:?}");
            assert_eq!(pieces, expected);
        }
    }
}
