//! A session of io-smtp, which leaves the loop to its caller, like ours.

use std::borrow::Cow;

use io_smtp::{
    coroutine::{SmtpCoroutine, SmtpCoroutineState, SmtpYield},
    message::{SmtpMessageSend, SmtpMessageSendOptions},
    rfc5321::{
        SmtpDomain, SmtpEhloDomain, SmtpForwardPath, SmtpLocalPart, SmtpMailbox, SmtpReversePath, ehlo::SmtpEhlo,
        greeting::SmtpGreetingGet, quit::SmtpQuit,
    },
};
use smtp_testkit::peers::{Client, Failure, Line};

use crate::inputs;

/// io-smtp.
pub struct IoSmtp<L>(L);

impl<L: Line> IoSmtp<L> {
    /// Reads the greeting and sends EHLO.
    pub fn hello(mut line: L) -> Self {
        line.open();
        run(&mut SmtpGreetingGet::new(), &mut line).expect("a greeting");
        let name = SmtpEhloDomain::SmtpDomain(SmtpDomain(Cow::Borrowed(inputs::HELLO_NAME)));
        run(&mut SmtpEhlo::new(name), &mut line).expect("the server says hello");
        Self(line)
    }
}

impl<L: Line> Client for IoSmtp<L> {
    type Message<'m> = IoSmtpMessage;

    fn send(&mut self, IoSmtpMessage { sender, recipients, message }: IoSmtpMessage) -> Result<(), Failure> {
        // Do not look for Bcc, because the others do not.
        let options = SmtpMessageSendOptions { keep_bcc: true, ..SmtpMessageSendOptions::default() };
        run(&mut SmtpMessageSend::new(sender, recipients, message, options), &mut self.0)
            .map_err(|_| Failure::Broken)?;
        Ok(())
    }

    fn quit(mut self) -> Result<(), Failure> {
        run(&mut SmtpQuit::new(), &mut self.0).map_err(|_| Failure::Broken)?;
        Ok(())
    }
}

/// A message for io-smtp, which takes ownership of it.
#[derive(Clone, Debug)]
pub struct IoSmtpMessage {
    sender: SmtpReversePath<'static>,
    recipients: Vec<SmtpForwardPath<'static>>,
    message: Vec<u8>,
}

/// A message for io-smtp.
pub fn for_io_smtp(recipients: &[String], message: &[u8]) -> IoSmtpMessage {
    let mailbox = |address: &str| {
        let (local, domain) = address.split_once('@').expect("an address");
        SmtpMailbox {
            local_part: SmtpLocalPart(Cow::Owned(local.to_owned())),
            domain: SmtpEhloDomain::SmtpDomain(SmtpDomain(Cow::Owned(domain.to_owned()))),
        }
    };
    IoSmtpMessage {
        sender: SmtpReversePath::SmtpMailbox(mailbox(inputs::SENDER)),
        recipients: recipients.iter().map(|recipient| SmtpForwardPath(mailbox(recipient))).collect(),
        message: message.to_vec(),
    }
}

fn run<C: SmtpCoroutine<Yield = SmtpYield>>(coroutine: &mut C, line: &mut impl Line) -> C::Return {
    let mut room = [0; 2048];
    let mut len = None;
    loop {
        match coroutine.resume(len.take().map(|len| &room[..len])) {
            SmtpCoroutineState::Yielded(SmtpYield::WantsWrite(octets)) => line.write(&octets),
            SmtpCoroutineState::Yielded(SmtpYield::WantsRead) => len = Some(line.read(&mut room)),
            SmtpCoroutineState::Complete(result) => return result,
        }
    }
}
