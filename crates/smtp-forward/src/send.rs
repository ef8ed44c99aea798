//! Delivers messages and reports on each.

use std::{
    fmt, io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use smtp_client::Client;
use smtp_proto::{Afterwards, Cancel, Cause, Config, Delivery, Envelope, Misuse, Need, NoRecipients, Report};

use crate::{
    arguments::{Send, Tls},
    diagnostics,
    exit_status::ExitStatus,
    interrupt,
    message::{self, Message},
    progress::Progress,
    report::{self, Account, json, people},
    watch::Watch,
};

/// How often the interrupt flag is looked at while messages are read.
const TICK: Duration = Duration::from_millis(100);

pub(crate) fn run(arguments: &Send) -> ExitStatus {
    match prepare_and_deliver(arguments) {
        Ok(status) => status,
        Err(failure) => {
            diagnostics::error(&failure);
            failure.status()
        }
    }
}

/// Why nothing was sent, or not all.
#[derive(Debug)]
enum Failure {
    Usage(&'static str),
    Recipients(NoRecipients),
    Unreadable(PathBuf, io::Error),
    Fault(Misuse),
}

impl Failure {
    const fn status(&self) -> ExitStatus {
        match self {
            Self::Usage(_) | Self::Recipients(_) => ExitStatus::Usage,
            Self::Unreadable(..) => ExitStatus::NoInput,
            Self::Fault(_) => ExitStatus::Software,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(why) => f.write_str(why),
            Self::Recipients(why) => write!(f, "{why}"),
            Self::Unreadable(path, error) => write!(f, "{} cannot be read: {error}", path.display()),
            Self::Fault(misuse) => write!(f, "a fault of this program: {misuse}"),
        }
    }
}

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Self {
        Self::Fault(misuse)
    }
}

fn prepare_and_deliver(arguments: &Send) -> Result<ExitStatus, Failure> {
    let next_hop = arguments.next_hop().map_err(Failure::Usage)?;
    let mut config = arguments.config().map_err(Failure::Usage)?;
    let files = if arguments.files.is_empty() { vec![PathBuf::from("-")] } else { arguments.files.clone() };
    if files.iter().filter(|path| message::is_standard_input(path)).count() > 1 {
        return Err(Failure::Usage("standard input holds one message, and can be read once"));
    }
    let interrupt = interrupt::flag();
    let messages = read_all(files, &interrupt)?;
    if arguments.tls == Tls::Opportunistic {
        diagnostics::note("TLS is not spoken yet: the message goes in clear");
    }
    if messages.len() > 1 {
        config.afterwards = Afterwards::Keep;
    }
    let client = Client::new(next_hop).with_bounds(arguments.server.bounds()).with_interrupt(interrupt);
    deliver_all(arguments, messages, &config, client)
}

/// Reads every message once, before anything is sent. Interrupted, it gives as many that were not
/// read: the delivery of each is given up in turn.
fn read_all(files: Vec<PathBuf>, interrupt: &Arc<AtomicBool>) -> Result<Vec<Message>, Failure> {
    let count = files.len();
    let (sender, receiver) = mpsc::channel();
    // A pipe can keep a reader waiting for ever.
    thread::spawn(move || {
        let read = |path: PathBuf| Message::read(&path).map_err(|error| Failure::Unreadable(path, error));
        // Whoever was interrupted does not take it.
        let _ = sender.send(files.into_iter().map(read).collect());
    });
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(messages) => return messages,
            Err(_) if interrupt.load(Ordering::Relaxed) => {
                return Ok(std::iter::repeat_with(Message::unread).take(count).collect());
            }
            Err(_) => {}
        }
    }
}

fn deliver_all(
    arguments: &Send,
    mut messages: Vec<Message>,
    config: &Config,
    mut client: Client,
) -> Result<ExitStatus, Failure> {
    let progress = if arguments.trace { Progress::none() } else { Progress::of(&messages) };
    let mut watch = Watch::new(arguments.trace, progress);
    let mut status = ExitStatus::Ok;
    let mut earlier: Option<Delivery> = None;
    let count = messages.len();
    for (number, message) in (1..).zip(&mut messages) {
        let facts = message.facts();
        let envelope = Envelope::new(arguments.from.clone(), arguments.to.clone())
            .map_err(Failure::Recipients)?
            .with_body(facts.body)
            .with_size(facts.size);
        let mut delivery = match earlier.take() {
            None => Delivery::new(config.clone(), envelope),
            Some(mut delivery) => {
                delivery.deliver_next(envelope)?;
                delivery
            }
        };
        match message.open() {
            Ok(mut content) => client.deliver(&mut delivery, &mut content, &mut watch)?,
            Err(error) => {
                watch.progress.suspend(|| diagnostics::error(format_args!("message {number}: {error}")));
                status = status.max(ExitStatus::NoInput);
                delivery.cancel(Cancel::ContentUnreadable);
                client.deliver(&mut delivery, &mut io::empty(), &mut watch)?;
            }
        }
        if number == count {
            client.quit(&mut delivery, &mut watch)?;
        }
        let account = Account { report: delivery.report(), servers: client.servers() };
        status = status.max(account.report.into());
        watch.progress.message();
        status = status.max(watch.progress.suspend(|| show(arguments, account)));
        earlier = Some(delivery);
    }
    watch.progress.finish();
    Ok(status)
}

fn show(arguments: &Send, account: Account<'_>) -> ExitStatus {
    if arguments.json {
        report::publish(json::line(&json::Message::from(account)))
    } else {
        report::publish(format_args!("{}{}", people::Message(account), hint(account.report)))
    }
}

/// What the user can do about a message that was not sent.
fn hint(report: Report<'_>) -> &'static str {
    let needs_8bit = |cause| matches!(cause, Cause::Needs(needs) if needs.contains(Need::EightBitMime));
    if report.recipients().any(|recipient| needs_8bit(recipient.cause)) {
        "`--8bit send` lets 8-bit content go unannounced.\n"
    } else {
        ""
    }
}
