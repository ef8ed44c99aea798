//! Compares measurements with checked-in numbers.

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode};

/// A file of this package with a number for each of our operations.
#[derive(Clone, Copy, Debug)]
pub struct Baseline<'a> {
    /// The file name.
    pub file: &'static str,
    /// By how much a number may differ. 0.03 is 3%.
    pub margin: f64,
    /// What the numbers apply to, such as a compiler. Those of another are not compared.
    pub of: Option<&'a str>,
}

impl Baseline<'_> {
    /// Compares and prints the differences; fails if there are any. With `--bless` on the command line, writes
    /// the numbers to the file instead.
    pub fn hold(self, measured: &[(String, u64)]) -> ExitCode {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(self.file);
        let heading = self.of.map(|of| format!("# {of}\n")).unwrap_or_default();
        if std::env::args().any(|argument| argument == "--bless") {
            let lines = measured.iter().map(|(name, number)| format!("{name} = {number}\n"));
            fs::write(&path, heading + &lines.collect::<String>()).expect("the file can be written");
            println!("wrote {}", self.file);
            return ExitCode::SUCCESS;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        let Some(expected) = expected.strip_prefix(&heading) else {
            println!(
                "{} is not for {}: nothing to compare with; use --bless to replace it",
                self.file,
                self.of.unwrap_or_default()
            );
            return ExitCode::SUCCESS;
        };
        let differences = self.differences(expected, measured);
        if differences.is_empty() {
            println!("matches {}", self.file);
            return ExitCode::SUCCESS;
        }
        println!("differs from {}; use --bless to replace it\n{differences}", self.file);
        ExitCode::FAILURE
    }

    fn differences(self, expected: &str, measured: &[(String, u64)]) -> String {
        let mut expected: BTreeMap<_, _> = expected.lines().filter_map(|line| line.rsplit_once(" = ")).collect();
        let mut differences = Vec::new();
        for (name, number) in measured {
            match expected.remove(name.as_str()).map(str::parse) {
                Some(Ok(before)) if self.is_within(before, *number) => {}
                Some(Ok(before)) => differences.push(format!("{name}: {before} -> {number}")),
                Some(Err(_)) | None => differences.push(format!("{name}: new, {number}")),
            }
        }
        differences.extend(expected.iter().map(|(name, before)| format!("{name}: {before} -> gone")));
        differences.join("\n")
    }

    #[allow(clippy::cast_precision_loss, reason = "a margin is not that precise")]
    fn is_within(self, before: u64, now: u64) -> bool {
        now.abs_diff(before) as f64 <= before as f64 * self.margin
    }
}
