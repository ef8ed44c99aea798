//! One play over real sockets, between the scripted server and the driver.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    driver::Driver,
    worker::{Command, Worker},
};
use crate::{
    player::{Mismatch, Plan},
    server::{Difference, Listeners, Scripted, Writes},
    transcript::{Action, Item, Transcript},
};

/// The driver's timeout where the server is silent.
const SILENCE: Duration = Duration::from_millis(300);
/// How many addresses the next hop has.
const ADDRESSES: usize = 2;

/// What a play needs besides its transcript.
#[derive(Clone, Copy)]
pub(super) struct Setting<'s> {
    pub(super) plan: &'s Plan,
    pub(super) writes: Writes,
    /// How long to wait for a driver that does nothing.
    pub(super) patience: Duration,
}

/// Plays a transcript. If a play with short timeouts fails, it is repeated with longer ones, because a
/// busy machine can delay a correct driver.
pub(super) fn play<D: Driver + 'static>(
    transcript: &Transcript,
    setting: Setting<'_>,
    make: &Arc<dyn Fn() -> D + Send + Sync>,
) -> Result<(), Mismatch> {
    let short = if setting.plan.waits { SILENCE.min(setting.patience / 3) } else { setting.patience };
    let played = Play::new(transcript, setting, short, make).and_then(Play::run);
    match played {
        Err(_) if setting.plan.waits => Play::new(transcript, setting, setting.patience / 3, make).and_then(Play::run),
        played => played,
    }
}

struct Play<'p> {
    transcript: &'p Transcript,
    setting: Setting<'p>,
    /// The longest timeout of the policy.
    wait: Duration,
    server: Scripted,
    driver: Worker,
    message: usize,
    done: usize,
    since: Instant,
    /// How long the driver must have waited during the message so far.
    waited: Duration,
}

impl<'p> Play<'p> {
    fn new<D: Driver + 'static>(
        transcript: &'p Transcript,
        setting: Setting<'p>,
        wait: Duration,
        make: &Arc<dyn Fn() -> D + Send + Sync>,
    ) -> Result<Self, Mismatch> {
        let no_start = |error: io::Error| Mismatch {
            line: 0,
            what: format!("the play cannot start: {error}"),
            conversation: String::new(),
        };
        let listeners = Listeners::bind(ADDRESSES).map_err(no_start)?;
        let server = Scripted::new(listeners, setting.writes, setting.patience);
        let mut driver = Worker::start(Arc::clone(make)).map_err(no_start)?;
        let config = transcript.config.clone();
        let config = config.clone().with_timeouts(config.timeouts().at_most(wait));
        let message = transcript.messages[0].clone();
        let since = Instant::now();
        driver.command(Command::Deliver(server.addresses().to_vec(), Box::new(config), message));
        Ok(Self { transcript, setting, wait, server, driver, message: 0, done: 0, since, waited: Duration::ZERO })
    }

    fn run(mut self) -> Result<(), Mismatch> {
        let script = &self.transcript.script;
        for (item, crossing) in script.iter().zip(&self.setting.plan.crossing) {
            if !crossing.is_empty() {
                self.server.allow(crossing);
            }
            self.act(item).map_err(|difference| self.mismatch(difference, item))?;
        }
        match script.last() {
            Some(last) if self.server.one_too_many() => {
                Err(self.mismatch("the client opens another connection".to_owned().into(), last))
            }
            _ => Ok(()),
        }
    }

    fn act(&mut self, item: &Item) -> Result<(), Difference> {
        match &item.action {
            Action::NextMessage => {
                self.message += 1;
                self.start(Command::DeliverNext(self.transcript.messages[self.message].clone()));
            }
            Action::Quit => self.start(Command::Quit),
            Action::Silence(_) => self.waited += self.wait,
            _ => {}
        }
        let Self { server, driver, .. } = self;
        if let Action::Done { kept: true } = item.action {
            self.done(true)?;
            return self.server.act(&item.action, || true);
        }
        server.act(&item.action, || driver.is_done())?;
        if let Action::Done { kept: false } = item.action {
            self.done(false)?;
        }
        Ok(())
    }

    fn start(&mut self, command: Command) {
        self.since = Instant::now();
        self.waited = Duration::ZERO;
        self.driver.command(command);
    }

    /// Checks that the driver returns, with the expected report.
    fn done(&mut self, kept: bool) -> Result<(), Difference> {
        let summary = self.driver.summary(self.setting.patience)?;
        let expected = &self.setting.plan.reports[self.done];
        self.done += 1;
        if summary.report != *expected {
            return Err(format!("the report is\n{}instead of\n{expected}", summary.report).into());
        }
        if summary.kept != kept {
            return Err(format!("connection kept: {}, expected: {kept}", summary.kept).into());
        }
        let took = self.since.elapsed();
        if took < self.waited {
            return Err(format!("the driver waits for {took:?} instead of {:?}", self.waited).into());
        }
        Ok(())
    }

    fn mismatch(&mut self, difference: Difference, item: &Item) -> Mismatch {
        let mut mismatch = difference.in_line(item, self.server.log());
        if self.driver.is_done() {
            match self.driver.summary(Duration::ZERO) {
                Ok(summary) => mismatch.conversation.extend(["the driver reports:\n", &summary.report]),
                Err(why) => mismatch.conversation.push_str(&why),
            }
        }
        mismatch
    }
}
