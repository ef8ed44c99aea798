//! The command `show`: draws a transcript as a sequence diagram.

mod arguments;
mod diagram;
mod svg;
mod terminal;
mod wrap;

use std::{
    io::{self, Read},
    path::Path,
};

use console::Term;
use smtp_proto::Escaped;
use smtp_testkit::transcript::Transcript;

pub(crate) use self::arguments::Show;
use self::diagram::Diagram;
use crate::{
    diagnostics,
    exit_status::ExitStatus,
    file::{
        Location, standard_input,
        whole::{Readers, write_whole},
    },
    output::publish,
    play::scenario::escaped_but_backslashes,
};

/// The width in columns if there is no terminal to ask.
const PLAIN_WIDTH: usize = 80;
/// The largest transcript, in octets.
const MOST: u64 = 64 * 1024 * 1024;

pub(crate) fn run(arguments: &Show) -> ExitStatus {
    let file = Location::given(&arguments.file);
    let source = match read(&file) {
        Ok(source) => source,
        Err(error) => {
            diagnostics::error(format_args!("{} cannot be read: {error}", file.name()));
            return ExitStatus::NoInput;
        }
    };
    let diagram = match parse(&source, &arguments.file) {
        Ok(diagram) => diagram,
        Err(why) => {
            diagnostics::error(format_args!("{} is not a transcript: {why}", file.name()));
            return ExitStatus::DataErr;
        }
    };
    let Some(picture) = &arguments.svg else {
        let columns = Term::stdout().size_checked().map_or(PLAIN_WIDTH, |(_, columns)| columns.into());
        return publish(terminal::draw(&diagram, columns, console::colors_enabled()));
    };
    if picture.as_os_str() == "-" {
        return publish(svg::draw(&diagram));
    }
    match write_whole(picture, svg::draw(&diagram).as_bytes(), Readers::Default) {
        Ok(()) => ExitStatus::Ok,
        Err(error) => {
            let path = Escaped(picture.as_os_str().as_encoded_bytes());
            diagnostics::error(format_args!("{path} cannot be written: {error}"));
            ExitStatus::CantCreate
        }
    }
}

fn read(file: &Location) -> io::Result<Vec<u8>> {
    let from: Box<dyn Read> = match file {
        Location::StandardInput => Box::new(standard_input()?),
        Location::File(_) | Location::Maildir(_) | Location::Mbox(_) => Box::new(file.open()?),
    };
    let mut source = Vec::new();
    from.take(MOST + 1).read_to_end(&mut source)?;
    if source.len() as u64 > MOST { Err(io::Error::other("it is too large")) } else { Ok(source) }
}

fn parse(source: &[u8], path: &Path) -> Result<Diagram, String> {
    let source = std::str::from_utf8(source).map_err(|_| "it is not text in UTF-8".to_owned())?;
    let messages = path.parent().unwrap_or(Path::new("")).join("../messages");
    let transcript =
        Transcript::parse(source, &messages).map_err(|error| escaped_but_backslashes(&error.to_string()))?;
    Ok(Diagram::new(title(source, path), &transcript))
}

/// The comment at the start of the transcript, or else its name if it has one.
fn title(source: &str, path: &Path) -> String {
    let comment: Vec<_> = source.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let title = match (comment.is_empty(), path.as_os_str() == "-") {
        (false, _) => comment.join(" "),
        (true, false) => name.into_owned(),
        (true, true) => "A conversation by SMTP".to_owned(),
    };
    Escaped(title.as_bytes()).to_string()
}
