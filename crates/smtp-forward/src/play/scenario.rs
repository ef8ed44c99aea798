//! Scenarios: the built-in ones, and those in files.

use std::{fs, path::Path};

use smtp_proto::Escaped;
use smtp_testkit::transcript::Transcript;

use super::acts::Acts;

/// The built-in scenarios, by name.
const BUILT_IN: [(&str, &str); 19] = [
    ("ehlo-closed", include_str!("../../scenarios/ehlo-closed.smtp")),
    ("ehlo-reset", include_str!("../../scenarios/ehlo-reset.smtp")),
    ("ehlo-closed-in-reply", include_str!("../../scenarios/ehlo-closed-in-reply.smtp")),
    ("ehlo-last-line-unended", include_str!("../../scenarios/ehlo-last-line-unended.smtp")),
    ("ehlo-answered-then-closed", include_str!("../../scenarios/ehlo-answered-then-closed.smtp")),
    ("ehlo-500", include_str!("../../scenarios/ehlo-500.smtp")),
    ("ehlo-500-closed", include_str!("../../scenarios/ehlo-500-closed.smtp")),
    ("ehlo-451", include_str!("../../scenarios/ehlo-451.smtp")),
    ("ehlo-421", include_str!("../../scenarios/ehlo-421.smtp")),
    ("ehlo-silence", include_str!("../../scenarios/ehlo-silence.smtp")),
    ("ehlo-second-220", include_str!("../../scenarios/ehlo-second-220.smtp")),
    ("ehlo-starttls-refused", include_str!("../../scenarios/ehlo-starttls-refused.smtp")),
    ("ehlo-endless-line", include_str!("../../scenarios/ehlo-endless-line.smtp")),
    ("ehlo-late-duplicate", include_str!("../../scenarios/ehlo-late-duplicate.smtp")),
    ("ehlo-helo-closed", include_str!("../../scenarios/ehlo-helo-closed.smtp")),
    ("starttls-closed", include_str!("../../scenarios/starttls-closed.smtp")),
    ("starttls-ehlo-closed", include_str!("../../scenarios/starttls-ehlo-closed.smtp")),
    ("starttls-injected", include_str!("../../scenarios/starttls-injected.smtp")),
    ("dot-unanswered", include_str!("../../scenarios/dot-unanswered.smtp")),
];
/// The number of octets that `{LONG}` stands for.
const LONG: usize = 256 * 1024;

/// A server with a name.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// Escaped.
    pub(super) name: String,
    /// What the server does, in a sentence, escaped.
    pub(super) about: String,
    pub(crate) acts: Acts,
}

impl Scenario {
    /// The names of the built-in scenarios, and what each does.
    pub(super) fn list() -> impl Iterator<Item = (&'static str, &'static str)> {
        BUILT_IN.into_iter().map(|(name, source)| (name, about(source)))
    }

    /// Loads a built-in scenario by name, or else one from a file.
    pub(crate) fn load(name: &str) -> Result<Self, String> {
        if let Some((name, source)) = BUILT_IN.into_iter().find(|(built_in, _)| *built_in == name) {
            return Self::parse(name, source, Path::new(""));
        }
        let path = Path::new(name);
        let source = fs::read_to_string(path).map_err(|error| {
            format!("{}: not a built-in scenario, and cannot be read as a file: {error}", Escaped(name.as_bytes()))
        })?;
        let messages = path.parent().unwrap_or(Path::new("")).join("../messages");
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let stem = Escaped(stem.as_bytes()).to_string();
        Self::parse(&stem, &source, &messages)
            .map_err(|why| format!("{}: {}", Escaped(name.as_bytes()), escaped_but_backslashes(&why)))
    }

    fn parse(name: &str, source: &str, messages: &Path) -> Result<Self, String> {
        let long = source.replace("{LONG}", &"x".repeat(LONG));
        let transcript = Transcript::parse(&long, messages).map_err(|error| error.to_string())?;
        Ok(Self {
            name: name.to_owned(),
            about: Escaped(about(source).as_bytes()).to_string(),
            acts: Acts::of(&transcript.script)?,
        })
    }
}

/// An error may quote the file. Errors about escapes in the file have backslashes of their own.
pub(crate) fn escaped_but_backslashes(why: &str) -> String {
    let parts: Vec<_> = why.split('\\').map(|part| Escaped(part.as_bytes()).to_string()).collect();
    parts.join("\\")
}

fn about(source: &str) -> &str {
    source.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_scenario_can_be_played() {
        for (name, about) in Scenario::list() {
            let scenario = Scenario::load(name).unwrap();
            assert!(!scenario.acts.connections.is_empty() && about.ends_with('.'), "{name}: {about}");
        }
    }

    #[test]
    fn every_transcript_can_be_played_unless_no_server_can_cause_it() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/transcripts");
        let mut played = 0;
        for file in fs::read_dir(directory).unwrap() {
            match Scenario::load(file.unwrap().path().to_str().unwrap()) {
                Ok(_) => played += 1,
                Err(why) => assert!(why.contains("no server can cause this"), "{why}"),
            }
        }
        assert!(played > 300, "{played}");
    }

    #[test]
    fn whether_a_message_gets_through_is_read_from_the_script() {
        for (name, delivers) in [("ehlo-closed", 1), ("ehlo-421", 0), ("dot-unanswered", 0)] {
            assert_eq!(Scenario::load(name).unwrap().acts.delivers, delivers, "{name}");
        }
    }
}
