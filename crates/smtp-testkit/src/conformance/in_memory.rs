//! Plays in memory, for drivers that are generic over [`Machine`] and [`Network`].

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use smtp_proto::{MisuseError, Step};

use super::{
    driver::Content,
    memory::{Difficulty, Memory},
    network::Network,
    outcome::{Failure, Failures},
};
use crate::{
    Machine, Watched,
    player::{Mismatch, ends_while_writing, reports},
    transcript::{Action, Transcript},
};

/// A generic driver: drives the machine until it is done, over the given network, with the given content.
///
/// It reports a failed connection with [`connect_failed`](Machine::connect_failed) and the error's text,
/// and cancels the delivery when the network says so.
pub trait Drive: Fn(&mut dyn Machine, &mut dyn Network, &mut dyn Content) -> Result<(), MisuseError> {}

impl<F: Fn(&mut dyn Machine, &mut dyn Network, &mut dyn Content) -> Result<(), MisuseError>> Drive for F {}

/// Plays transcripts in memory with a generic driver, under the oracle. Returns the number of plays.
pub(super) fn check(transcripts: &[(String, Transcript)], drive: &impl Drive) -> Result<usize, Failures> {
    let (mut plays, mut failures) = (0, Vec::new());
    for (name, transcript) in
        transcripts.iter().filter(|(_, transcript)| transcript.not_for_drivers().is_none() && !transcript.needs_tls())
    {
        let ends = ends_while_writing(transcript);
        for (difficulty, how) in Difficulty::ALL {
            if difficulty == Difficulty::FailingWrites && !ends.contains(&true) {
                continue;
            }
            plays += 1;
            let play = || play(transcript, Memory::new(&transcript.script, &ends, difficulty), drive);
            if let Err(panic) = catch_unwind(AssertUnwindSafe(play)) {
                let mismatch =
                    panic.downcast::<Mismatch>().map_or_else(|panic| panicked(&*panic), |mismatch| *mismatch);
                failures.push(Failure { transcript: name.clone(), how, mismatch });
            }
        }
    }
    if failures.is_empty() { Ok(plays) } else { Err(Failures(failures)) }
}

/// A panic of the oracle or of the driver itself.
fn panicked(panic: &(dyn std::any::Any + Send)) -> Mismatch {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let what = format!("the driver panics: {}", text.unwrap_or("without a message"));
    Mismatch { line: 0, what, conversation: String::new() }
}

fn play(transcript: &Transcript, mut network: Memory<'_>, drive: &impl Drive) {
    let mut messages = transcript.messages.iter();
    let mut expected = reports(transcript).into_iter();
    let Some(first) = messages.next() else { return };
    let mut machine = Watched::new(transcript.config.clone(), first.envelope.clone());
    run(&mut machine, &mut network, &first.content, drive);
    while let Some(item) = network.head() {
        let result = match &item.action {
            Action::Done { kept } => {
                done(&mut machine, &network, *kept, &expected.next().unwrap_or_default());
                Ok(())
            }
            // Between two messages the driver is not running.
            Action::Server(flight) if machine.is_kept() => machine.received(&flight.octets),
            Action::Lost(how) if machine.is_kept() => machine.disconnected(*how),
            Action::Cancel(why) if machine.is_kept() => {
                machine.cancel(*why);
                Ok(())
            }
            Action::NextMessage | Action::Quit => {
                network.advance();
                let content = match &item.action {
                    Action::NextMessage => messages.next(),
                    _ => None,
                };
                let started = match content {
                    Some(next) => machine.deliver_next(next.envelope.clone()),
                    None => machine.quit(),
                };
                if let Err(misuse) = started {
                    network.fail(misuse.to_string());
                }
                run(&mut machine, &mut network, content.map_or(&[], |next| &next.content), drive);
                continue;
            }
            _ => match machine.poll() {
                Step::Done(report) => {
                    network.fail(format!("the delivery is done, but the transcript continues:\n{report}"))
                }
                _ => network.fail("the driver returns before the delivery is done"),
            },
        };
        if let Err(misuse) = result {
            network.fail(misuse.to_string());
        }
        network.advance();
        if !machine.is_kept() {
            network.close();
        }
    }
}

fn run(machine: &mut Watched, network: &mut Memory<'_>, content: &[u8], drive: &impl Drive) {
    if let Err(misuse) = drive(machine, network, &mut Cursor::new(content)) {
        network.fail(format!("the delivery rejects a call: {misuse}"));
    }
}

fn done(machine: &mut Watched, network: &Memory<'_>, kept: bool, expected: &str) {
    let report = machine.delivery().report().to_string();
    if report != expected {
        network.fail(format!("the report is\n{report}instead of\n{expected}"));
    }
    if machine.is_kept() != kept {
        network.fail(format!("connection kept: {}, expected: {kept}", machine.is_kept()));
    }
    if network.is_open() && !kept {
        network.fail("the driver does not close the connection");
    }
}
