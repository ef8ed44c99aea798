//! Notes about messages that are sent as asked, although that may be a mistake.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use smtp_proto::Escaped;

use crate::{
    diagnostics,
    file::{Location, which_file},
    message::Message,
};

/// What a terminal sends as the end of the input.
const END_OF_INPUT: &str = if cfg!(windows) { "Ctrl-Z and Enter" } else { "Ctrl-D" };

/// Says what is awaited if standard input is one of the messages and is a terminal.
pub(crate) fn awaited(files: &[Location]) {
    if files.contains(&Location::StandardInput) && io::stdin().is_terminal() {
        diagnostics::note(format_args!("reading a message from standard input, end it with {END_OF_INPUT}"));
    }
}

/// Names each path that leads to a file that an earlier one leads to.
pub(crate) fn repeated(paths: &[PathBuf]) {
    let mut first_paths = HashMap::new();
    let mut named = HashSet::new();
    for path in paths {
        let Some(file) = which_file(path) else { continue };
        match first_paths.entry(file) {
            Entry::Vacant(entry) => {
                entry.insert(path);
            }
            Entry::Occupied(entry) if named.insert(path) => {
                let (first, shown) = (entry.get(), shown(path));
                if *first == path {
                    diagnostics::note(format_args!("{shown} is given more than once, and sent each time"));
                } else {
                    let first = self::shown(first);
                    diagnostics::note(format_args!("{shown} is the same file as {first}, and sent as well"));
                }
            }
            Entry::Occupied(_) => {}
        }
    }
}

/// Names the messages without a header, or the first of several.
pub(crate) fn without_header(messages: &[Message]) {
    let mut without = messages.iter().filter(|message| !message.facts().has_header);
    let Some(first) = without.next() else { return };
    let others = without.count();
    let name = first.location().name();
    let name = if name == "-" { "standard input" } else { &name };
    match (first.facts().octets, others) {
        (0, 0) => diagnostics::note(format_args!("{name} is empty, and sent as it is")),
        (_, 0) => diagnostics::note(format_args!(
            "{name} has no header: there is no line like 'Subject: ...' before its first empty line. It is sent as it is"
        )),
        (_, 1..) => {
            let count = others.saturating_add(1);
            diagnostics::note(format_args!(
                "{count} messages have no header, and are sent as they are: {name} is the first"
            ));
        }
    }
}

fn shown(path: &Path) -> Escaped<'_> {
    Escaped(path.as_os_str().as_encoded_bytes())
}
