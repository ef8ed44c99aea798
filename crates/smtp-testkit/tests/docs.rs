//! The pages of `docs`: every program is an example that a test runs and has at most thirty lines, and commands and links
//! name what exists.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each page with a program, the file that has it, and the test that runs it. A test may be its own program.
const PROGRAMS: [(&str, &str, &str); 8] = [
    ("blocking.md", "crates/smtp-client/examples/blocking.rs", "crates/smtp-client/tests/examples.rs"),
    ("async.md", "crates/smtp-client/examples/async.rs", "crates/smtp-client/tests/tokio_driver/examples.rs"),
    ("pool.md", "crates/smtp-client/examples/pool.rs", "crates/smtp-client/tests/tokio_driver/examples.rs"),
    ("mail-server.md", "crates/smtp-client/examples/mail_server.rs", "crates/smtp-client/tests/examples.rs"),
    ("c.md", "crates/smtp-proto-ffi/examples/deliver.c", "crates/smtp-proto-ffi/tests/programs/main.rs"),
    ("python.md", "crates/smtp-proto-ffi/examples/deliver.py", "crates/smtp-proto-ffi/tests/programs/main.rs"),
    ("embedded.md", "crates/smtp-proto/examples/no-std/drive.rs", "crates/smtp-proto/tests/examples.rs"),
    ("testing-a-client.md", "crates/smtp-client/tests/your_driver.rs", "crates/smtp-client/tests/your_driver.rs"),
];
const LANGUAGES: [&str; 3] = ["rust", "c", "python"];
const MOST_LINES: usize = 30;

#[test]
fn every_program_is_an_example_that_is_run_and_has_at_most_thirty_lines() {
    let mut found = Vec::new();
    for page in pages() {
        let text = read(&format!("docs/{page}"));
        for (_, program) in blocks(&text).filter(|(language, _)| LANGUAGES.contains(language)) {
            let entry = PROGRAMS.iter().find(|(of, ..)| *of == page);
            let (_, file, run_by) = entry.unwrap_or_else(|| panic!("no test runs the program of {page}"));
            assert_eq!(program, read(file), "{page} does not show {file} as it is");
            let lines = program.lines().count();
            assert!(lines <= MOST_LINES, "{file} has {lines} lines");
            let (_, name) = file.split_once("/examples/").unwrap_or(("", file));
            assert!(
                run_by == file || read(run_by).contains(&format!("examples/{name}")),
                "{run_by} does not run {file}"
            );
            found.push(page.clone());
        }
    }
    let expected: BTreeSet<_> = PROGRAMS.iter().map(|(page, ..)| (*page).to_owned()).collect();
    assert_eq!(found.len(), PROGRAMS.len(), "one program on each page: {found:?}");
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[test]
fn commands_name_what_exists() {
    let mut checked = 0;
    for page in pages() {
        let text = read(&format!("docs/{page}"));
        for line in blocks(&text).filter(|(language, _)| *language == "sh").flat_map(|(_, commands)| commands.lines()) {
            let words: Vec<_> = line.split_whitespace().collect();
            for (word, next) in words.iter().zip(words.iter().skip(1).map(Some).chain([None])) {
                checked += usize::from(exists(word, next.copied()).unwrap_or_else(|what| {
                    panic!("{page}: {what} does not exist: {line}");
                }));
            }
        }
    }
    assert!(checked > 30, "{checked} names");
}

#[test]
fn the_index_has_every_page_and_links_lead_somewhere() {
    let index = read("docs/README.md");
    for page in pages() {
        assert!(page == "README.md" || index.contains(&format!("| [{page}]({page}) | ")), "{page} is not in the index");
        for link in read(&format!("docs/{page}")).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { format!("docs/{page}") } else { format!("docs/{file}") };
            assert!(repository().join(&target).exists(), "{page}: {link}");
            let has_heading = |text: &str| text.lines().any(|line| line.starts_with('#') && slug(line) == anchor);
            assert!(anchor.is_empty() || has_heading(&read(&target)), "{page}: {link}");
        }
    }
}

/// Whether this word of a command, or the one after it, is a name that was checked. An error is a name of nothing.
fn exists<'w>(word: &'w str, next: Option<&'w str>) -> Result<bool, &'w str> {
    let (what, is_there) = match (word, next) {
        ("-p" | "--package", Some(package)) if !package.contains('/') => (package, is_package(package)),
        ("--test", Some(test)) => (test, has_target("tests", test)),
        ("--example", Some(example)) => (example, has_target("examples", example)),
        ("--bench", Some(bench)) => (bench, has_target("benches", bench)),
        ("--bin", Some(bin)) => (bin, has_target("src/bin", bin)),
        ("play", Some(scenario)) if !scenario.starts_with('-') && !scenario.contains(['/', '.']) => {
            (scenario, repository().join(format!("crates/smtp-forward/scenarios/{scenario}.smtp")).exists())
        }
        ("run", Some(target)) if !target.starts_with('-') => (target, is_fuzz_target(target)),
        (path, _) if path.contains('/') => {
            let path = path.trim_start_matches("-dict=");
            let (folder, _) = path.split_once('/').unwrap_or((path, ""));
            let is_written = path.starts_with("fuzz/local/") || folder == "target" || folder == ".";
            if is_written || !repository().join(folder).is_dir() {
                return Ok(false);
            }
            (path, repository().join(path).exists())
        }
        _ => return Ok(false),
    };
    if is_there { Ok(true) } else { Err(what) }
}

fn is_package(name: &str) -> bool {
    packages().iter().any(|folder| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.contains(&format!("\nname = \"{name}\"\n"))
    })
}

/// Whether some package has such a target: a file, or a folder with a main.
fn has_target(kind: &str, name: &str) -> bool {
    packages().iter().any(|folder| {
        let kind = folder.join(kind);
        kind.join(format!("{name}.rs")).exists() || kind.join(name).join("main.rs").exists()
    })
}

fn is_fuzz_target(name: &str) -> bool {
    repository().join(format!("fuzz/fuzz_targets/{name}.rs")).exists()
}

fn packages() -> Vec<PathBuf> {
    let crates = fs::read_dir(repository().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    crates.chain(["benches", "benches/load", "fuzz"].map(|folder| repository().join(folder))).collect()
}

/// The names of all pages.
fn pages() -> Vec<String> {
    let entries = fs::read_dir(repository().join("docs")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "md")).collect()
}

/// The fenced blocks of a page: the language and the text of each.
fn blocks(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'))
}

/// The anchor of a heading.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric() || " -".contains(*c)).collect::<String>().replace(' ', "-")
}

fn read(name: &str) -> String {
    fs::read_to_string(repository().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
