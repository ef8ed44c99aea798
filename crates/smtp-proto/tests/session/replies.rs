//! Which reply answers which command.

use smtp_proto::{Code, Command, Event, SessionError, Stage};

use super::{MAIL, RCPT, exchange, greeted, name, send_all};

#[test]
fn helo_clears_the_capabilities() {
    let mut session = greeted("250-mx.example\r\n250 PIPELINING\r\n");
    assert!(session.capabilities().pipelining);
    exchange(&mut session, &Command::Helo(&name()), "250-mx.example\r\n250 PIPELINING\r\n");
    assert!(!session.capabilities().pipelining);
}

#[test]
fn a_new_connection_forgets_the_previous_one() {
    let mut session = greeted("250-mx.example\r\n250 PIPELINING\r\n");
    session.command(&MAIL).unwrap();
    assert_eq!(session.received(b"250 o"), (5, None));
    session.restart();
    assert!(!session.capabilities().pipelining);
    assert!(session.output().is_empty());
    assert!(session.incomplete_reply().is_empty());
    assert_eq!(session.stage(), Stage::Greeting);
    assert_eq!(session.command(&MAIL), Err(SessionError::Greeting));
}

#[test]
fn a_reply_before_the_last_octet_of_its_command_answers_nothing() {
    let mut session = greeted("250 mx.example\r\n");
    session.command(&MAIL).unwrap();
    session.sent(session.output().len() - 1).unwrap();
    let (_, event) = session.received(b"250 too early\r\n");
    assert!(matches!(event, Some(Event::Unsolicited { stage: Stage::Mail, .. })));
    assert_eq!(session.command(&RCPT), Err(SessionError::Over));
    assert_eq!(session.received(b"250 more\r\n"), (10, None));
}

#[test]
fn a_reply_that_begins_before_its_command_answers_nothing() {
    let mut session = greeted("250 mx.example\r\n");
    assert_eq!(session.received(b"250 prema"), (9, None));
    session.command(&MAIL).unwrap();
    send_all(&mut session);
    let (_, event) = session.received(b"ture\r\n");
    assert!(matches!(event, Some(Event::Unsolicited { stage: Stage::Idle, .. })), "{event:?}");
    assert!(session.is_over());
    assert!(session.output().is_empty());
}

#[test]
fn a_refused_ehlo_offers_nothing() {
    for reply in ["350-mx.example\r\n350 PIPELINING\r\n", "550-mx.example\r\n550 PIPELINING\r\n"] {
        assert!(!greeted(reply).capabilities().pipelining, "{reply}");
    }
}

#[test]
fn service_closing_is_the_last_event() {
    let mut session = greeted("250 mx.example\r\n");
    let (_, event) = session.received(b"421 4.3.2 going down\r\n250 ok\r\n");
    assert!(matches!(event, Some(Event::ServiceClosing(reply)) if reply.code() == Code::SERVICE_CLOSING));
    assert_eq!(session.command(&Command::Quit), Err(SessionError::Over));
}

#[test]
fn codes_that_answer_only_one_command_end_the_session_otherwise() {
    let mail_is_due = || {
        let mut session = greeted("250 mx.example\r\n");
        session.command(&MAIL).unwrap();
        send_all(&mut session);
        session
    };
    let mut session = mail_is_due();
    let (_, event) = session.received(b"220 mx.example\r\n");
    assert!(matches!(event, Some(Event::OutOfStep { stage: Stage::Mail, .. })), "{event:?}");
    assert!(session.is_over());
    let mut session = mail_is_due();
    let (_, event) = session.received(b"221 bye\r\n");
    assert!(matches!(event, Some(Event::ServiceClosing(_))), "{event:?}");
    assert!(session.is_over());
    exchange(&mut greeted("250 mx.example\r\n"), &Command::Quit, "221 bye\r\n");
}
