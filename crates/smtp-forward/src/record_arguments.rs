//! The arguments for a recording.

use std::path::PathBuf;

use clap::{
    Args,
    builder::{PathBufValueParser, TypedValueParser},
};

#[derive(Args, Debug)]
#[command(next_help_heading = "Recording")]
pub(crate) struct RecordArguments {
    /// Record the conversation to this file, which `show` draws and `play` plays. It is written at the end, and replaces
    /// an older one. Messages follow one another in it, so it works only with a single connection. Credentials are never
    /// recorded, and the content is not; addresses are
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(a_file))]
    pub(crate) record: Option<PathBuf>,
    /// Record the content, too, up to 16 MiB of it
    #[arg(long, requires = "record")]
    pub(crate) record_content: bool,
}

/// Standard output and standard error may be files that a recording would replace.
fn a_file(path: PathBuf) -> Result<PathBuf, &'static str> {
    match path.as_os_str().as_encoded_bytes() {
        b"-" | b"/dev/stdout" | b"/dev/stderr" => Err("name a separate file: reports and notes are written here"),
        _ => Ok(path),
    }
}
