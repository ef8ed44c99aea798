//! The arguments of `show`.

use std::path::PathBuf;

use clap::Args;

const EXIT_STATUS: &str = "\
Exit status:
   0  drawn
  64  invalid arguments
  65  a file that is not a transcript, or is not complete
  66  a file that cannot be read
  70  standard output cannot be written
  73  a picture that cannot be written";

#[derive(Args, Debug)]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct Show {
    /// A transcript, such as one that `send --record` wrote; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Draw a picture, and write it to this file, which is replaced if it exists; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(super) svg: Option<PathBuf>,
}
