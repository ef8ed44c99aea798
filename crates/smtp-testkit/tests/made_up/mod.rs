//! A fake machine: plays its inputs and outputs to the oracle.

#![allow(dead_code, reason = "each test file uses a part")]

use std::time::Duration;

use smtp_proto::{Config, Connect, Envelope, HelloName, Place, Step, Timeout, Transmit};
use smtp_testkit::oracle::{Input, Oracle, Promise, Violation};

pub(crate) const GREETING: &[u8] = b"220 mx.example.net\r\n";
pub(crate) const EHLO: &[u8] = b"EHLO client.example\r\n";
pub(crate) const HELO: &[u8] = b"HELO client.example\r\n";
pub(crate) const MAIL: &[u8] = b"MAIL FROM:<a@client.example>\r\n";
pub(crate) const RCPT: &[u8] = b"RCPT TO:<b@example.net>\r\n";
pub(crate) const SECOND_RCPT: &[u8] = b"RCPT TO:<c@example.net>\r\n";
pub(crate) const OK: &[u8] = b"250 ok\r\n";
pub(crate) const GO: &[u8] = b"354 go\r\n";

/// One run of the fake machine. Keeps the first violation.
pub(crate) struct Run {
    pub(crate) oracle: Oracle,
    pub(crate) progress: u32,
    broken: Option<Violation>,
}

impl Run {
    pub(crate) fn new(config: &Config) -> Self {
        Self { oracle: Oracle::new(config.clone(), envelope()), progress: 0, broken: None }
    }

    pub(crate) fn usual() -> Self {
        let mut run = Self::new(&config());
        run.connect(Place::Any).server(GREETING);
        run
    }

    pub(crate) fn output(&mut self, step: &Step<'_>) -> &mut Self {
        let seen = self.oracle.output(step, false);
        self.broken = self.broken.take().or(seen.err());
        self
    }

    pub(crate) fn input(&mut self, input: Input<'_>) -> &mut Self {
        if self.broken.is_none() {
            assert_eq!(self.oracle.misuse(&input), None, "{input:?} fits");
            self.broken = self.oracle.input(input).err();
        }
        self
    }

    pub(crate) fn connect(&mut self, place: Place) -> &mut Self {
        self.asks_for(place).input(Input::Connected)
    }

    pub(crate) fn asks_for(&mut self, place: Place) -> &mut Self {
        self.output(&Step::Connect(Connect::new(place, config().timeouts().connect())))
    }

    pub(crate) fn server(&mut self, octets: &[u8]) -> &mut Self {
        self.progress += 1;
        self.input(Input::Received(octets))
    }

    /// Shows octets and hands them over.
    pub(crate) fn client(&mut self, octets: &[u8]) -> &mut Self {
        self.shows(octets).input(Input::Sent(octets.len()));
        self.progress += 1;
        self
    }

    pub(crate) fn shows(&mut self, octets: &[u8]) -> &mut Self {
        let timeout = Timeout::new(config().timeouts().block(), self.progress);
        self.output(&Step::Transmit(Transmit::new(octets, timeout)))
    }

    pub(crate) fn waits(&mut self, limit: Duration) -> &mut Self {
        let timeout = Timeout::new(limit, self.progress);
        self.output(&Step::Receive(timeout))
    }

    pub(crate) fn content(&mut self, octets: &[u8]) -> &mut Self {
        self.output(&Step::Content(16_384)).input(Input::Content(octets))
    }

    pub(crate) fn end_content(&mut self) -> &mut Self {
        self.output(&Step::Content(16_384)).input(Input::EndContent)
    }

    /// Up to the 354.
    pub(crate) fn reach_content(&mut self) -> &mut Self {
        self.client(EHLO).server(OK).client(MAIL).server(OK).client(RCPT).server(OK).client(SECOND_RCPT).server(OK);
        self.client(b"DATA\r\n").server(GO)
    }

    /// Up to the end of the content, which is handed over.
    pub(crate) fn reach_end(&mut self) -> &mut Self {
        self.reach_content().content(b"hi\r\n").end_content().client(b"hi\r\n.\r\n")
    }

    pub(crate) fn breaks(&self, promise: Promise) {
        let broken = self.broken.as_ref().expect("the oracle found no violation");
        assert_eq!(broken.promise(), promise, "{broken}");
    }

    pub(crate) fn keeps_all(&self) {
        assert_eq!(self.broken, None);
    }
}

pub(crate) fn config() -> Config {
    let config = Config::new(HelloName::new("client.example").unwrap());
    // The waits of a made-up machine do not depend on whether every recipient has its status.
    let timeouts = config.timeouts().with_quit(Duration::from_secs(3600));
    config.with_timeouts(timeouts)
}

pub(crate) fn envelope() -> Envelope {
    let to = ["b@example.net", "c@example.net"].map(|path| path.parse().unwrap());
    Envelope::new("a@client.example".parse().unwrap(), to.into()).unwrap()
}
