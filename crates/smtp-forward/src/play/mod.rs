//! The command `play`: a faulty server for any client. It plays a scenario and reports what the client did.

mod acts;
mod arguments;
pub(crate) mod conversation;
mod promise;
pub(crate) mod scenario;
pub(crate) mod server;
mod verdict;

use std::{
    io,
    net::TcpListener,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use smtp_proto::Escaped;
use smtp_testkit::server::{Link, Listeners, tls::Certificates};

pub(crate) use self::arguments::Play;
use self::{acts::Act, conversation::Conversation, scenario::Scenario, verdict::Verdict};
use crate::{
    diagnostics,
    exit_status::ExitStatus,
    file::whole::{Readers, write_whole},
    interrupt,
    output::publish,
    report::json,
};

/// How often to check whether the scenario is over.
const TICK: Duration = Duration::from_millis(20);
/// How long to wait for surplus connections once the scenario has been played.
const AFTERWARDS: Duration = Duration::from_secs(1);

pub(crate) fn run(arguments: &Play) -> ExitStatus {
    if arguments.list {
        let names = Scenario::list().map(|(name, about)| format!("{name:26} {about}\n"));
        return publish(names.collect::<String>());
    }
    // clap requires a scenario unless `--list` is given.
    let name = arguments.scenario.as_deref().unwrap_or_default();
    let scenario = match Scenario::load(name) {
        Ok(scenario) => scenario,
        Err(why) => {
            diagnostics::error(why);
            return ExitStatus::Usage;
        }
    };
    if let Some(path) = &arguments.write_ca {
        let authority = Certificates::of_this_process().authority_pem();
        if let Err(error) = write_whole(path, authority.as_bytes(), Readers::Default) {
            let path = Escaped(path.as_os_str().as_encoded_bytes());
            diagnostics::error(format_args!("{path} cannot be written: {error}"));
            return ExitStatus::CantCreate;
        }
    }
    let conversations = match serve(&scenario, arguments) {
        Ok(conversations) => conversations,
        Err(error) => {
            diagnostics::error(format_args!("{}: {error}", arguments.listen));
            return ExitStatus::Usage;
        }
    };
    let verdict = Verdict::new(&scenario, &conversations);
    let published = if arguments.json { publish(json::Line(verdict.to_json())) } else { publish(&verdict) };
    published.max(verdict.status())
}

/// Serves connections until the scenario is over. Returns what was seen on each, in order.
fn serve(scenario: &Scenario, arguments: &Play) -> io::Result<Vec<Conversation>> {
    let listeners = Listeners::new(vec![TcpListener::bind(arguments.listen)?])?;
    for address in listeners.addresses() {
        diagnostics::line(format_args!("listening on {address}: {} {}", scenario.name, scenario.about));
    }
    let interrupt = interrupt::flag();
    let started = Instant::now();
    let mut connections = Vec::new();
    loop {
        if let Some((link, _)) = listeners.accept(TICK, || interrupt.load(Ordering::Relaxed))? {
            let acts = scenario.acts.connections.get(connections.len()).cloned();
            connections.push(start(link, acts, arguments.password.clone())?);
        }
        let seen: Vec<_> = connections.iter().map(|connection| look(connection)).collect();
        if interrupt.load(Ordering::Relaxed) || is_over(&seen, scenario, arguments.patience, started) {
            return Ok(seen.iter().map(|conversation| Conversation::clone(conversation)).collect());
        }
    }
}

/// Serves a connection on a new thread.
fn start(link: Link, acts: Option<Vec<Act>>, password: String) -> io::Result<Arc<Mutex<Conversation>>> {
    let seen = Arc::new(Mutex::new(Conversation { last: Some(Instant::now()), ..Conversation::default() }));
    let noted = Arc::clone(&seen);
    let serve = move || server::serve(link, acts.as_deref(), &password, &noted);
    thread::Builder::new().name("connection".into()).spawn(serve)?;
    Ok(seen)
}

fn look(seen: &Mutex<Conversation>) -> MutexGuard<'_, Conversation> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether nothing has happened for as long as `patience`. While the server is silent on purpose, it waits until the
/// client ends the connection.
fn is_over(seen: &[MutexGuard<'_, Conversation>], scenario: &Scenario, patience: Duration, started: Instant) -> bool {
    let is_open = |conversation: &&MutexGuard<'_, Conversation>| conversation.ended.is_none();
    if seen.iter().filter(is_open).any(|conversation| conversation.is_left_alone) {
        return false;
    }
    let is_complete = seen.len() >= scenario.acts.connections.len() && !seen.iter().any(|it| it.ended.is_none());
    let patience = if is_complete { AFTERWARDS.min(patience) } else { patience };
    let last = seen.iter().filter_map(|conversation| conversation.last).max().unwrap_or(started);
    last.elapsed() >= patience
}
