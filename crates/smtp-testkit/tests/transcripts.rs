//! Every conversation of testdata/transcripts, played whole, in pieces, and cut at every octet.

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

/// Name and conversation of each file.
fn transcripts() -> Vec<(String, Transcript)> {
    let mut files: Vec<_> =
        fs::read_dir(testdata().join("transcripts")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let read = |file: &PathBuf| {
        let source = fs::read_to_string(file).unwrap();
        match Transcript::parse(&source, &testdata().join("messages")) {
            Ok(transcript) => (file.file_stem().unwrap().to_str().unwrap().to_owned(), transcript),
            Err(error) => panic!("{}, {error}", file.display()),
        }
    };
    files.iter().map(read).collect()
}

/// Does the same with every transcript, and tells of all that fail.
fn each(check: impl Fn(&Transcript) -> Result<(), Mismatch> + Sync + RefUnwindSafe) {
    let transcripts = transcripts();
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let failures = thread::scope(|scope| {
        let share = |worker| {
            let (transcripts, check) = (&transcripts, &check);
            scope.spawn(move || {
                let mut failures = String::new();
                for (name, transcript) in transcripts.iter().skip(worker).step_by(workers) {
                    // The oracle panics.
                    match catch_unwind(|| check(transcript)) {
                        Ok(Ok(())) => {}
                        Ok(Err(mismatch)) => writeln!(failures, "{name}.smtp, {mismatch}").unwrap(),
                        Err(panic) => {
                            let message = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
                            writeln!(failures, "{name}.smtp: {message}").unwrap();
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
fn every_transcript_is_kept_to_and_ends_with_its_report() {
    each(|transcript| whole(transcript).map(drop));
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        for (name, transcript) in transcripts() {
            insta::assert_snapshot!(name, whole(&transcript).unwrap());
        }
    });
}

#[test]
fn every_report_is_that_of_a_transcript() {
    let names: Vec<_> = transcripts().into_iter().map(|(name, _)| name).collect();
    for snapshot in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")).unwrap() {
        let file = snapshot.unwrap().file_name().into_string().unwrap();
        if let Some(name) = file.strip_suffix(".snap").filter(|name| *name != "replies") {
            assert!(names.iter().any(|transcript| transcript == name), "{file} belongs to no transcript");
        }
    }
}

#[test]
fn single_octets_of_either_side_change_nothing() {
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
fn every_split_of_what_the_server_sends_changes_nothing() {
    each(|transcript| play_splits(transcript, &whole(transcript)?).map(drop));
}

#[test]
fn a_cut_at_any_octet_ends_with_a_status_for_everybody_or_starts_again_with_helo() {
    let helo_retries = AtomicUsize::new(0);
    each(|transcript| {
        helo_retries.fetch_add(play_cuts(transcript)?.helo_retries, Ordering::Relaxed);
        Ok(())
    });
    // Every transcript that says EHLO has them; that they are seen at all is the point.
    assert!(helo_retries.into_inner() > 10_000);
}
