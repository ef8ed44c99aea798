//! The command `send`: scans every message, then sends them over several connections at once.

use std::{
    fmt, io, panic,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Instant,
};

use smtp_client::KnownHosts;
use smtp_proto::{EnvelopeError, Escaped, Need};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    addresses,
    arguments::Send,
    batch::{Batch, Envelopes, Queue},
    books::Books,
    connection::Connection,
    diagnostics,
    exit_status::ExitStatus,
    file::Location,
    header_recipients::Unaddressed,
    host::{Host, Login},
    interrupt,
    login_arguments::LoginFailure,
    maildir,
    message::{Message, Recipients},
    notes, open_files,
    progress::Progress,
    runtime,
    shared::Shared,
    spool::{Room, TemporaryFileError},
    supervision::TICK,
    tls_arguments::{Tls, TlsFailure},
};

pub(crate) fn run(arguments: Send) -> ExitStatus {
    let sent = match prepare(arguments) {
        Ok(batch) => runtime::block_on(send(batch)).map_err(Failure::NoRuntime),
        Err(failure) => Err(failure),
    };
    sent.unwrap_or_else(|failure| {
        diagnostics::error(&failure);
        failure.status()
    })
}

/// Delivers every message, over several connections at once on one thread, and reports on each once. Returns the worst
/// status.
async fn send(batch: Batch) -> ExitStatus {
    let progress = if batch.arguments.trace { Progress::none() } else { Progress::of(&batch.messages, batch.count) };
    let books = Books::new(batch.arguments.json, batch.count, progress);
    let login = if batch.credentials.is_some() { Login::Untried } else { Login::NotNeeded };
    let host = Host::new(batch.arguments.batch_timeout, login, Instant::now());
    let mut queue = Queue::new(&batch);
    let firsts = queue.firsts(&batch);
    let shared = Arc::new(Shared::new(batch, queue, host, books));
    let mut connections: JoinSet<_> =
        firsts.into_iter().map(|first| Box::new(Connection::new(Arc::clone(&shared), first)).send()).collect();
    loop {
        match timeout(TICK, connections.join_next()).await {
            Ok(Some(Ok(()))) => {}
            // A bug in this program is not hidden.
            Ok(Some(Err(panicked))) => panic::resume_unwind(panicked.into_panic()),
            Ok(None) => return shared.books().close(),
            Err(_) => shared.books().go_on(),
        }
    }
}

/// Why nothing was sent.
#[derive(Debug)]
enum Failure {
    Usage(&'static str),
    Recipients(EnvelopeError),
    Login(LoginFailure),
    Tls(TlsFailure),
    /// The limit on open files, which is too low for the connections.
    Connections(u64),
    /// The thread that reads the messages ended early, which is a fault of this program.
    ReaderEnded,
    /// The reactor could not be created.
    NoRuntime(io::Error),
    /// Before it was known who gets the messages.
    Interrupted,
    /// Every message that cannot be read or kept, or whose recipients are unclear.
    Unreadable(Vec<(String, io::Error)>),
}

impl Failure {
    fn status(&self) -> ExitStatus {
        match self {
            Self::Usage(_) | Self::Recipients(_) | Self::Connections(_) => ExitStatus::Usage,
            Self::Login(failure) => failure.status(),
            Self::Tls(failure) => failure.status(),
            Self::ReaderEnded => ExitStatus::Software,
            Self::Interrupted | Self::NoRuntime(_) => ExitStatus::TempFail,
            Self::Unreadable(all) => {
                let is_temporary = all.iter().any(|(_, error)| TemporaryFileError::is_wrapped_in(error));
                let is_readable = all.iter().all(|(_, error)| Unaddressed::is_wrapped_in(error));
                match (is_temporary, is_readable) {
                    (true, _) => ExitStatus::CantCreate,
                    (false, true) => ExitStatus::DataErr,
                    (false, false) => ExitStatus::NoInput,
                }
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(why) => f.write_str(why),
            Self::Recipients(why) => write!(f, "{why}"),
            Self::Login(failure) => write!(f, "{failure}"),
            Self::Tls(failure) => write!(f, "{failure}"),
            Self::Connections(most) => {
                write!(f, "too many connections: they need more than the {most} open files that this system allows")
            }
            Self::ReaderEnded => f.write_str("internal error: the messages were not read; nothing was sent"),
            Self::NoRuntime(error) => write!(f, "{error}; nothing was sent"),
            Self::Interrupted => f.write_str("interrupted before all messages were read; nothing was sent"),
            Self::Unreadable(all) => {
                for (name, error) in all {
                    if TemporaryFileError::is_wrapped_in(error) {
                        writeln!(f, "{error}")?;
                    } else if Unaddressed::is_wrapped_in(error) {
                        writeln!(f, "{name}: {error}")?;
                    } else {
                        writeln!(f, "{name} cannot be read: {error}")?;
                    }
                }
                f.write_str("nothing was sent")
            }
        }
    }
}

fn prepare(arguments: Send) -> Result<Batch, Failure> {
    let next_hop = arguments.next_hop().map_err(Failure::Usage)?;
    if arguments.trace && arguments.connections.get() > 1 {
        return Err(Failure::Usage("--trace works only with a single connection"));
    }
    if arguments.recording.record.is_some() && arguments.connections.get() > 1 {
        return Err(Failure::Usage("--record works only with a single connection"));
    }
    let files = files(&arguments)?;
    let count = files.len().saturating_mul(usize::try_from(arguments.repeat.get()).unwrap_or(usize::MAX));
    open_files::make_room(count.min(arguments.connections.get().into())).map_err(Failure::Connections)?;
    let tls = arguments.server.tls(arguments.tls.tls, arguments.login.is_wanted()).map_err(Failure::Usage)?;
    if arguments.requiretls && tls == Tls::None {
        return Err(Failure::Usage("--requiretls needs TLS, which --tls none forbids"));
    }
    let login = arguments.login.login(tls, &arguments.tls).map_err(Failure::Login)?;
    let config = arguments.config(count, tls, login.policy);
    let tls = arguments.tls.config().map_err(Failure::Tls)?;
    let envelope = |to| {
        let envelope = arguments.envelope.envelope(arguments.from.clone(), to).map_err(Failure::Recipients)?;
        let envelope = if arguments.requiretls { envelope.requiring(Need::RequireTls) } else { envelope };
        Ok(Arc::new(envelope))
    };
    let recipients = if arguments.header_recipients { Recipients::InHeader } else { Recipients::Given };
    let given = match recipients {
        Recipients::Given => Some(envelope(addresses::distinct(&arguments.to))?),
        Recipients::InHeader => None,
    };
    let interrupt = interrupt::flag();
    let room = Room::new(arguments.repeat.get() > 1, arguments.spool_limit);
    notes::repeated(&arguments.files);
    notes::repeated(&arguments.maildir);
    notes::repeated(&arguments.mbox);
    notes::awaited(&files);
    let messages = read_all(files, recipients, room, &interrupt)?;
    let named = |message: &Message| envelope(message.recipients().ok_or(Failure::Interrupted)?.to_vec());
    let envelopes = match given {
        Some(envelope) => Envelopes::Same(envelope),
        None => Envelopes::Each(messages.iter().map(named).collect::<Result<_, _>>()?),
    };
    let messages = messages.into_iter().map(Arc::new).collect();
    let credentials = login.source.map(Arc::new);
    let hosts = KnownHosts::new();
    Ok(Batch { arguments, messages, count, envelopes, config, next_hop, tls, credentials, hosts })
}

/// Lists the locations of the messages.
fn files(arguments: &Send) -> Result<Vec<Location>, Failure> {
    let mut files: Vec<_> = arguments.files.iter().map(|path| Location::given(path)).collect();
    if files.iter().filter(|file| **file == Location::StandardInput).count() > 1 {
        return Err(Failure::Usage("standard input can be given only once"));
    }
    let mut bad = Vec::new();
    for dir in &arguments.maildir {
        match maildir::messages(dir) {
            Ok(messages) => files.extend(messages.into_iter().map(Location::Maildir)),
            Err(more) => bad.extend(more.into_iter().map(|(path, error)| (shown(&path), error))),
        }
    }
    for path in &arguments.mbox {
        match Location::of_mbox(path) {
            Ok(messages) => files.extend(messages),
            Err(error) => bad.push((shown(path), error)),
        }
    }
    if !bad.is_empty() {
        return Err(Failure::Unreadable(bad));
    }
    if files.is_empty() {
        files.push(Location::StandardInput);
    }
    Ok(files)
}

fn shown(path: &Path) -> String {
    Escaped(path.as_os_str().as_encoded_bytes()).to_string()
}

/// Reads every message once, before anything is sent. If interrupted, returns unread messages instead, whose deliveries
/// are then cancelled one by one.
fn read_all(
    files: Vec<Location>,
    recipients: Recipients,
    room: Room,
    interrupt: &Arc<AtomicBool>,
) -> Result<Vec<Message>, Failure> {
    let unread: Vec<_> = files.iter().cloned().map(Message::unread).collect();
    let (work, work_to_do) = mpsc::channel();
    let (result, results) = mpsc::channel();
    // On a separate thread, because reading a pipe can block for ever.
    let reader = move || {
        for (files, room) in work_to_do {
            // This fails after an interrupt.
            let _ = result.send(read_each(files, recipients, room));
        }
    };
    if thread::Builder::new().name("reader".into()).spawn(reader).is_err() {
        // There are enough threads on this system already. One is enough, unless a signal has to interrupt it.
        return read_each(files, recipients, room);
    }
    if work.send((files, room)).is_err() {
        return Err(Failure::ReaderEnded);
    }
    loop {
        match results.recv_timeout(TICK) {
            Ok(messages) => return messages,
            Err(RecvTimeoutError::Timeout) if interrupt.load(Ordering::Relaxed) => return Ok(unread),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Failure::ReaderEnded),
        }
    }
}

fn read_each(files: Vec<Location>, recipients: Recipients, mut room: Room) -> Result<Vec<Message>, Failure> {
    let mut messages = Vec::new();
    let mut bad = Vec::new();
    for file in files {
        let name = file.name();
        match Message::read(file, recipients, &mut room) {
            Ok(message) => messages.push(message),
            Err(error) => bad.push((name, error)),
        }
    }
    if !bad.is_empty() {
        return Err(Failure::Unreadable(bad));
    }
    notes::without_header(&messages);
    Ok(messages)
}
