//! Draws a diagram with characters.

use std::fmt::Write;

use console::Style;

use super::{
    diagram::{Diagram, Kind, Mood, Row, Side},
    wrap::{width, wrap},
};

/// The smallest width that can be drawn in.
const NARROWEST: usize = 40;
const WIDEST: usize = 120;

/// Draws in this many columns.
pub(super) fn draw(diagram: &Diagram, columns: usize, colours: bool) -> String {
    let mut canvas = Canvas { columns: columns.clamp(NARROWEST, WIDEST), colours, is_open: false, text: String::new() };
    canvas.all(diagram);
    canvas.text
}

struct Canvas {
    columns: usize,
    colours: bool,
    /// Whether there is a connection, and so a lifeline on each side.
    is_open: bool,
    text: String,
}

impl Canvas {
    fn all(&mut self, diagram: &Diagram) {
        for line in wrap(&diagram.title, self.columns) {
            self.line(&self.painted(&line, Style::new().bold()));
        }
        let gap = " ".repeat(self.columns.saturating_sub("client".len() + "server".len()));
        self.line(&format!("\nclient{gap}server"));
        for row in &diagram.rows {
            self.is_open = match row {
                Row::Connection(_) => true,
                Row::Arrow { .. } | Row::Note(..) => self.is_open,
                Row::End(..) => false,
            };
            match row {
                Row::Connection(label) => self.rule(('┌', '┐'), label, Style::new().dim()),
                Row::Arrow { from, lines, kind } => self.arrow(*from, lines, *kind),
                Row::Note(mood, text) => self.note(text, &mood_style(*mood)),
                Row::End(mood, text) => self.rule(('└', '┘'), text, mood_style(*mood)),
            }
        }
    }

    /// The beginning or the end of a connection.
    fn rule(&mut self, (left, right): (char, char), label: &str, style: Style) {
        // Each corner has a dash before the label, and each side a space.
        let lines = wrap(label, self.columns - 9);
        let (last, above) = lines.split_last().map_or(("", &[][..]), |(last, above)| (last.as_str(), above));
        for line in above {
            self.between(&self.painted(&format!("   {line}"), style.clone()), width(line) + 3);
        }
        let dashes = "─".repeat(self.columns - 8 - width(last));
        self.line(&format!(" {left}── {} {dashes}{right}", self.painted(last, style)));
    }

    fn note(&mut self, text: &str, style: &Style) {
        for line in wrap(text, self.columns - 10) {
            self.between(&self.painted(&format!(" ·· {line}"), style.clone()), width(&line) + 4);
        }
    }

    fn arrow(&mut self, from: Side, lines: &[String], kind: Kind) {
        // Beside the lifelines: the shaft with its head, at least four columns, and spaces.
        let room = self.columns - 12;
        let pieces: Vec<_> = lines.iter().flat_map(|line| wrap(line, room)).collect();
        let style = match (from, kind) {
            (_, Kind::Described) => Style::new().dim(),
            (Side::Client, Kind::Said) => Style::new().cyan(),
            (Side::Server, Kind::Said) => Style::new(),
        };
        for (index, piece) in pieces.iter().enumerate() {
            let is_last = index + 1 == pieces.len();
            let text = self.painted(piece, style.clone());
            let shaft = self.columns - 8 - width(piece);
            let inner = match (from, is_last) {
                (Side::Client, true) => format!("─ {text} {}▶", "─".repeat(shaft)),
                (Side::Server, true) => format!("◀{} {text} ─", "─".repeat(shaft)),
                (Side::Client, false) => format!("  {text}{}", " ".repeat(shaft + 2)),
                (Side::Server, false) => format!("{}{text}  ", " ".repeat(shaft + 2)),
            };
            self.between(&inner, self.columns - 4);
        }
    }

    /// A line between the lifelines that is `wide` columns wide.
    fn between(&mut self, inner: &str, wide: usize) {
        if self.is_open {
            let gap = " ".repeat((self.columns - 4).saturating_sub(wide));
            self.line(&format!(" │{inner}{gap}│"));
        } else {
            self.line(&format!("  {inner}"));
        }
    }

    fn line(&mut self, line: &str) {
        // A string takes everything.
        let _ = writeln!(self.text, "{line}");
    }

    fn painted(&self, text: &str, style: Style) -> String {
        style.force_styling(self.colours).apply_to(text).to_string()
    }
}

fn mood_style(mood: Mood) -> Style {
    match mood {
        Mood::Plain => Style::new().dim(),
        Mood::Good => Style::new().green(),
        Mood::Bad => Style::new().red().bold(),
    }
}
