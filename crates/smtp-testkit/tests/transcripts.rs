//! Plays every conversation of testdata/transcripts and testdata/regressions: whole, in pieces, and cut at every octet.
//!
//! The reports of the transcripts are snapshots. Regressions have none.

use std::{
    fmt::Write,
    fs,
    panic::{RefUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use smtp_testkit::{
    player::{Mismatch, Outcome, Pieces, Size, play, play_cuts, play_splits},
    transcript::Transcript,
};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// A parsed file of `testdata`.
struct Played {
    /// Its path below `testdata`.
    file: String,
    transcript: Transcript,
}

impl Played {
    fn name(&self) -> &str {
        Path::new(&self.file).file_stem().unwrap().to_str().unwrap()
    }
}

/// Reads every file of a directory below `testdata`, sorted by name.
///
/// # Panics
///
/// If one of them is not a transcript.
fn read(directory: &str) -> Vec<Played> {
    let folder = testdata().join(directory);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("testdata/{directory}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "testdata/{directory} is empty");
    let read = |path: &PathBuf| {
        let file = format!("{directory}/{}", path.file_name().unwrap().to_str().unwrap());
        match parse(path) {
            Ok(transcript) => Played { file, transcript },
            Err(why) => panic!("testdata/{file}: {why}"),
        }
    };
    files.iter().map(read).collect()
}

fn parse(path: &Path) -> Result<Transcript, String> {
    if path.extension().is_none_or(|extension| extension != "smtp") {
        return Err("not a transcript: the name must end in .smtp".into());
    }
    let source = fs::read_to_string(path).map_err(|error| error.to_string())?;
    Transcript::parse(&source, &testdata().join("messages")).map_err(|error| error.to_string())
}

/// The transcripts and the regressions.
fn all() -> Vec<Played> {
    let mut all = read("transcripts");
    all.extend(read("regressions"));
    all
}

/// Checks every transcript and every regression, and reports all failures.
fn each(check: impl Fn(&Transcript) -> Result<(), Mismatch> + Sync + RefUnwindSafe) {
    let transcripts = all();
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let failures = thread::scope(|scope| {
        let share = |worker| {
            let (transcripts, check) = (&transcripts, &check);
            scope.spawn(move || {
                let mut failures = String::new();
                for Played { file, transcript } in transcripts.iter().skip(worker).step_by(workers) {
                    // The oracle panics when a promise is broken.
                    match catch_unwind(|| check(transcript)) {
                        Ok(Ok(())) => {}
                        Ok(Err(mismatch)) => writeln!(failures, "{file}, {mismatch}").unwrap(),
                        Err(panic) => {
                            let message = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
                            writeln!(failures, "{file}: {message}").unwrap();
                        }
                    }
                }
                failures
            })
        };
        let workers: Vec<_> = (0..workers).map(share).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect::<String>()
    });
    assert!(failures.is_empty(), "{failures}");
}

fn whole(transcript: &Transcript) -> Result<Outcome, Mismatch> {
    play(transcript, Pieces::WHOLE)
}

#[test]
fn every_transcript_plays_and_ends_with_its_report() {
    each(|transcript| whole(transcript).map(drop));
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        for played in read("transcripts") {
            insta::assert_snapshot!(played.name(), whole(&played.transcript).unwrap());
        }
    });
}

#[test]
fn every_snapshot_belongs_to_a_transcript() {
    let transcripts = read("transcripts");
    for snapshot in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")).unwrap() {
        let file = snapshot.unwrap().file_name().into_string().unwrap();
        if let Some(name) = file.strip_suffix(".snap").filter(|name| *name != "replies") {
            assert!(
                transcripts.iter().any(|transcript| transcript.name() == name),
                "{file} does not belong to a transcript"
            );
        }
    }
}

#[test]
fn single_octets_on_either_side_change_nothing() {
    each(|transcript| {
        let expected = whole(transcript)?;
        for (server, client) in [(Size::Octets, Size::Whole), (Size::Whole, Size::Octets), (Size::Octets, Size::Octets)]
        {
            let pieces = Pieces { server, client };
            let found = play(transcript, pieces)?;
            assert_eq!(found, expected, "{pieces:?}");
        }
        Ok(())
    });
}

#[test]
fn splitting_a_flight_of_the_server_changes_nothing() {
    each(|transcript| play_splits(transcript, &whole(transcript)?).map(drop));
}

#[test]
fn a_cut_at_any_octet_settles_every_recipient_or_leads_to_helo() {
    let helo_retries = AtomicUsize::new(0);
    each(|transcript| {
        helo_retries.fetch_add(play_cuts(transcript)?.helo_retries, Ordering::Relaxed);
        Ok(())
    });
    // Make sure that HELO retries happen at all: every transcript with EHLO has some.
    assert!(helo_retries.into_inner() > 10_000);
}
