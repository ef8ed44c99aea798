//! The arguments for a recording.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
#[command(next_help_heading = "Recording")]
pub(crate) struct RecordArguments {
    /// Record the conversation to this file, which `show` draws and `play` plays. It is written at the end, and replaces
    /// an older one. Messages follow one another in it, so it works only with a single connection. Credentials are never
    /// recorded, and the content is not; addresses are
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Record the content, too, up to 16 MiB of it
    #[arg(long, requires = "record")]
    pub(crate) record_content: bool,
}
