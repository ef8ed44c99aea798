//! Tests of `Session` alone: which commands are allowed, which reply answers which command, content and timeouts.

mod content;
mod order;
mod parameters;
mod replies;
mod timeouts;

use smtp_proto::{
    Body, Command, ContentEncoder, Event, ForwardPath, HelloName, Limits, LineEndings, MailParameters, RcptParameters,
    ReversePath, Session, Stage,
};

const NO_PARAMETERS: &MailParameters = &MailParameters::new();
const MAIL: Command<'static> = Command::Mail(&ReversePath::Null, NO_PARAMETERS);
const RCPT: Command<'static> = Command::Rcpt(&ForwardPath::Postmaster, RcptParameters::NONE);

fn encoder() -> ContentEncoder {
    ContentEncoder::new(LineEndings::Mend, Body::SevenBit)
}

fn name() -> HelloName {
    HelloName::new("client.example").unwrap()
}

/// Sends the command completely, and receives `reply`.
fn exchange(session: &mut Session, command: &Command<'_>, reply: &str) {
    session.command(command).unwrap();
    send_all(session);
    hear(session, reply, command.stage());
}

fn send_all(session: &mut Session) -> String {
    let octets = String::from_utf8(session.output().to_vec()).unwrap();
    session.sent(octets.len()).unwrap();
    octets
}

fn hear(session: &mut Session, octets: &str, expected: Stage) {
    let (taken, event) = session.received(octets.as_bytes());
    assert_eq!(taken, octets.len());
    assert!(matches!(event, Some(Event::Reply { stage, .. }) if stage == expected), "{event:?}");
}

fn greeted(ehlo_reply: &str) -> Session {
    let mut session = Session::new(Limits::DEFAULT);
    hear(&mut session, "220 mx.example\r\n", Stage::Greeting);
    exchange(&mut session, &Command::Ehlo(&name()), ehlo_reply);
    session
}
