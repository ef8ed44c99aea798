//! Every place that lists the fuzz targets lists all of them.

use std::{collections::BTreeSet, fs, path::Path};

use smtp_testkit::fuzz::TARGETS;

#[test]
fn every_place_lists_the_same_targets() {
    let mut targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    // Missing from TARGETS without the feature `peers`.
    targets.insert("differential".to_owned());
    // The body of this one is in the crate with the unsafe code that it calls.
    let elsewhere = "ffi";

    let manifest = read("fuzz/Cargo.toml");
    let binaries = manifest.split("[[bin]]").skip(1).filter_map(|bin| between(bin, "name = \"", "\""));
    let all: BTreeSet<_> = targets.iter().cloned().chain([elsewhere.to_owned()]).collect();
    assert_eq!(binaries.collect::<BTreeSet<_>>(), all, "[[bin]] in fuzz/Cargo.toml");

    for (directory, targets) in [("fuzz/fuzz_targets", &all), ("crates/smtp-testkit/src/fuzz/targets", &targets)] {
        let sources = fs::read_dir(repository().join(directory)).expect("a directory");
        let names = sources.map(|source| source.expect("an entry").path().file_stem().expect("a name").to_owned());
        let names = names.map(|name| name.into_string().expect("ASCII")).filter(|name| name != "mod");
        assert_eq!(names.collect::<BTreeSet<_>>(), *targets, "{directory}");
    }

    let readme = read("fuzz/README.md");
    let rows = readme.lines().filter_map(|line| between(line.strip_prefix("| ")?, "`", "` | "));
    assert_eq!(rows.collect::<BTreeSet<_>>(), all, "the table of fuzz/README.md");

    for script in [".ci/fuzz", ".clusterfuzzlite/build.sh"] {
        assert!(read(script).contains("fuzz list)"), "{script} does not use `cargo fuzz list`");
    }
}

/// libFuzzer writes to the first folder on its command line, or to the corpus if there is none.
#[test]
fn no_command_writes_into_the_corpus() {
    let mut commands = 0;
    for page in ["README.md", "docs/fuzzing.md", "fuzz/README.md"] {
        let text = read(page);
        for line in text.lines().filter(|line| line.contains("fuzz run ")) {
            commands += 1;
            let command = line.split(" -- ").next().expect("a command");
            let target = command.split_whitespace().find(|word| TARGETS.iter().any(|(name, _)| name == word));
            let target = target.unwrap_or_else(|| panic!("{page} does not name a target: {line}"));
            let folders = format!(" {target} fuzz/local/{target} fuzz/corpus/{target}");
            assert!(command.ends_with(&folders), "{page} must name fuzz/local first, then the corpus: {line}");
            let both = format!("mkdir -p fuzz/local/{target}\n{line}");
            assert!(text.contains(&both), "{page} must create the folder on the previous line: {line}");
        }
    }
    assert!(commands >= 4, "found only {commands} commands");
}

/// The text between the first `start` and the next `end`.
fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found.to_owned())
}

fn read(name: &str) -> String {
    fs::read_to_string(repository().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
