//! Draws a diagram as an SVG picture, for dark and for light backgrounds.

use std::fmt::Write;

use super::{
    diagram::{Diagram, Kind, Mood, Row, Side},
    wrap::{width, wrap},
};

/// Sizes in user units. Text is monospaced, so that its width is known.
const COLUMN: usize = 8;
const LINE: usize = 18;
/// From an edge to a lifeline.
const MARGIN: usize = 40;
/// The distance of the lifelines, in columns of text.
const NARROWEST: usize = 48;
const WIDEST: usize = 84;

/// Colours in the middle can be read on any background. Where a viewer says which it has, there are better ones.
const STYLE: &str = r#"<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #727880 }
.head { font-weight: 600 }
.client { fill: #2f7fd0 }
.bad { fill: #d8443c }
.good { fill: #2c8c4b }
.described { font-style: italic }
.life { stroke: #848d97; stroke-opacity: .6; stroke-dasharray: 3 3 }
.line { stroke: #727880; fill: none }
.tip { fill: #727880 }
.cross { stroke: #d8443c; stroke-width: 2; fill: none }
@media (prefers-color-scheme: light) {
text { fill: #24292f } .client { fill: #0550ae } .bad { fill: #b42318 } .good { fill: #116329 } .plain, .described { fill: #57606a }
}
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .client { fill: #79c0ff } .bad { fill: #ff7b72 } .good { fill: #56d364 } .plain, .described { fill: #9198a1 }
}
</style>
"#;

pub(super) fn draw(diagram: &Diagram) -> String {
    let widest = diagram.rows.iter().flat_map(texts).map(|text| width(text) + 4).max().unwrap_or(0);
    let columns = widest.clamp(NARROWEST, WIDEST);
    let mut picture = Picture { columns, y: 0, body: String::new(), opened: None };
    picture.all(diagram);
    let (wide, high) = (picture.right() + MARGIN, picture.y + LINE / 2);
    let title = escaped(&diagram.title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\" \
         role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n{STYLE}{}</svg>\n",
        picture.body
    )
}

fn texts(row: &Row) -> &[String] {
    match row {
        Row::Connection(text) | Row::Note(_, text) | Row::End(_, text) => std::slice::from_ref(text),
        Row::Arrow { lines, .. } => lines,
    }
}

struct Picture {
    columns: usize,
    /// The lower edge of what is drawn.
    y: usize,
    body: String,
    /// Where the current connection began.
    opened: Option<usize>,
}

impl Picture {
    fn all(&mut self, diagram: &Diagram) {
        for line in wrap(&diagram.title, self.columns + 2 * (MARGIN / COLUMN) - 2) {
            self.y += LINE;
            self.text(COLUMN, "start", "plain", &line);
        }
        self.y += LINE * 3 / 2;
        self.text(MARGIN, "middle", "head", "client");
        self.text(self.right(), "middle", "head", "server");
        self.y += LINE / 2;
        for row in &diagram.rows {
            match row {
                Row::Connection(label) => {
                    self.lifelines();
                    self.y += LINE;
                    self.opened = Some(self.y - LINE / 2);
                    self.text(self.middle(), "middle", "plain", label);
                    self.y += LINE / 3;
                }
                Row::Arrow { from, lines, kind } => self.arrow(*from, lines, *kind),
                Row::Note(mood, text) => self.centred(*mood, text),
                Row::End(mood, text) => {
                    self.centred(*mood, text);
                    self.lifelines();
                    self.ends(*mood);
                    self.y += LINE / 2;
                }
            }
        }
        self.lifelines();
    }

    fn centred(&mut self, mood: Mood, text: &str) {
        self.y += LINE / 4;
        for line in wrap(text, self.columns - 2) {
            self.y += LINE;
            self.text(self.middle(), "middle", class(mood), &line);
        }
        self.y += LINE / 4;
    }

    fn arrow(&mut self, from: Side, lines: &[String], kind: Kind) {
        let class = match (from, kind) {
            (_, Kind::Described) => "described",
            (Side::Client, Kind::Said) => "client",
            (Side::Server, Kind::Said) => "server",
        };
        let (left, right) = (MARGIN, self.right());
        let pieces: Vec<_> = lines.iter().flat_map(|line| wrap(line, self.columns - 2)).collect();
        for piece in pieces {
            self.y += LINE;
            match from {
                Side::Client => self.text(left + COLUMN, "start", class, &piece),
                Side::Server => self.text(right - COLUMN, "end", class, &piece),
            }
        }
        self.y += LINE / 3;
        let y = self.y;
        let (line, tip) = match from {
            Side::Client => (format!("M{left} {y}H{}", right - 8), format!("M{right} {y}l-9 -4v8z")),
            Side::Server => (format!("M{right} {y}H{}", left + 8), format!("M{left} {y}l9 -4v8z")),
        };
        self.element(&format!("<path class=\"line\" d=\"{line}\"/><path class=\"tip\" d=\"{tip}\"/>"));
    }

    /// Draws the lifelines of the connection that has ended.
    fn lifelines(&mut self) {
        let Some(top) = self.opened.take() else { return };
        let (left, right, bottom) = (MARGIN, self.right(), self.y);
        self.element(&format!("<path class=\"life\" d=\"M{left} {top}V{bottom}M{right} {top}V{bottom}\"/>"));
    }

    /// Marks the ends of the lifelines: by a bar, or by a cross if the connection was lost.
    fn ends(&mut self, mood: Mood) {
        for x in [MARGIN, self.right()] {
            let y = self.y;
            let mark = match mood {
                Mood::Plain | Mood::Good => format!("<path class=\"line\" d=\"M{} {y}h12\"/>", x - 6),
                Mood::Bad => format!("<path class=\"cross\" d=\"M{} {}l10 10m0 -10l-10 10\"/>", x - 5, y - 5),
            };
            self.element(&mark);
        }
    }

    fn text(&mut self, x: usize, anchor: &str, class: &str, text: &str) {
        let (y, text) = (self.y, escaped(text));
        self.element(&format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"));
    }

    fn element(&mut self, element: &str) {
        // A string takes everything.
        let _ = writeln!(self.body, "{element}");
    }

    fn right(&self) -> usize {
        MARGIN + self.columns * COLUMN
    }

    fn middle(&self) -> usize {
        MARGIN + self.columns * COLUMN / 2
    }
}

fn class(mood: Mood) -> &'static str {
    match mood {
        Mood::Plain => "plain",
        Mood::Good => "good",
        Mood::Bad => "bad",
    }
}

/// Text of an element, or of an attribute in double quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no way to write most of them.
            control if control.is_control() => escaped.push('\u{fffd}'),
            // A viewer merges spaces.
            ' ' => escaped.push('\u{a0}'),
            other => escaped.push(other),
        }
    }
    escaped
}
