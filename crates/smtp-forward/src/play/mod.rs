//! A faulty server for any client: it plays a scenario and tells what the client did.

pub(crate) mod conversation;
mod promise;
pub(crate) mod scenario;
pub(crate) mod server;
mod verdict;

use std::{
    io,
    net::TcpListener,
    sync::{
        atomic::Ordering,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use smtp_testkit::server::{Link, Listeners};

use self::{conversation::Conversation, scenario::Scenario, verdict::Verdict};
use crate::{
    arguments::Play,
    diagnostics,
    exit_status::ExitStatus,
    interrupt,
    report::{self, json},
};

/// How often the server looks whether it is over.
const TICK: Duration = Duration::from_millis(20);
/// How long it waits for a connection too many once everything has happened.
const AFTERWARDS: Duration = Duration::from_secs(1);

pub(crate) fn run(arguments: &Play) -> ExitStatus {
    if arguments.list {
        let names = Scenario::list().map(|(name, about)| format!("{name:26} {about}\n"));
        return report::publish(names.collect::<String>());
    }
    // One of the two is required.
    let name = arguments.scenario.as_deref().unwrap_or_default();
    let scenario = match Scenario::load(name) {
        Ok(scenario) => scenario,
        Err(why) => {
            diagnostics::error(why);
            return ExitStatus::Usage;
        }
    };
    let conversations = match serve(&scenario, arguments) {
        Ok(conversations) => conversations,
        Err(error) => {
            diagnostics::error(format_args!("{}: {error}", arguments.listen));
            return ExitStatus::Usage;
        }
    };
    let verdict = Verdict::new(&scenario, &conversations);
    let published =
        if arguments.json { report::publish(json::line(&verdict.to_json())) } else { report::publish(&verdict) };
    published.max(verdict.status())
}

/// Serves connections until the scenario is over: each as it was seen, in the order they came.
fn serve(scenario: &Scenario, arguments: &Play) -> io::Result<Vec<Conversation>> {
    let listeners = Listeners::new(vec![TcpListener::bind(arguments.listen)?])?;
    for address in listeners.addresses() {
        diagnostics::line(format_args!("listening on {address}: {} {}", scenario.name, scenario.about));
    }
    let interrupt = interrupt::flag();
    let (sender, results) = channel();
    let mut seen = Seen { conversations: Vec::new(), open: 0, results, last: Instant::now() };
    loop {
        if let Some((link, _)) = listeners.accept(TICK, || interrupt.load(Ordering::Relaxed))? {
            let number = seen.conversations.len();
            seen.conversations.push(Conversation::default());
            seen.open += 1;
            start(link, number, scenario, &sender)?;
        }
        seen.collect();
        let patience = if seen.is_complete(scenario) { AFTERWARDS.min(arguments.patience) } else { arguments.patience };
        if interrupt.load(Ordering::Relaxed) || seen.open == 0 && seen.last.elapsed() >= patience {
            return Ok(seen.conversations);
        }
    }
}

fn start(link: Link, number: usize, scenario: &Scenario, sender: &Sender<(usize, Conversation)>) -> io::Result<()> {
    let acts = scenario.connections.get(number).cloned();
    let sender = sender.clone();
    let serve = move || {
        let conversation = server::serve(link, acts.as_deref());
        // Nobody waits for it where the program is interrupted.
        let _ = sender.send((number, conversation));
    };
    thread::Builder::new().name("connection".into()).spawn(serve).map(drop)
}

/// The connections so far.
struct Seen {
    conversations: Vec<Conversation>,
    open: usize,
    results: Receiver<(usize, Conversation)>,
    /// When a connection came or ended last.
    last: Instant,
}

impl Seen {
    fn collect(&mut self) {
        if self.open > 0 {
            self.last = Instant::now();
        }
        while let Ok((number, conversation)) = self.results.try_recv() {
            self.conversations[number] = conversation;
            self.open -= 1;
        }
    }

    /// Whether nothing more is due.
    fn is_complete(&self, scenario: &Scenario) -> bool {
        self.conversations.len() >= scenario.connections.len()
    }
}
