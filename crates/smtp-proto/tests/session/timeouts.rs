//! Timeouts, and when they start over.

use smtp_proto::{Command, Limits, Session, SessionError, Stage, Timeouts};

use super::{MAIL, RCPT, encoder, greeted, hear, name, send_all};

#[test]
fn a_timeout_starts_over_for_a_reply_or_a_block_but_not_for_an_octet() {
    let timeouts = Timeouts::RFC_5321;
    let mut session = Session::new(Limits::DEFAULT);
    let greeting = session.timeout(&timeouts);
    assert_eq!(greeting.duration, timeouts.greeting());
    assert_eq!(session.received(b"220 mx.exam"), (11, None));
    assert_eq!(session.timeout(&timeouts), greeting);
    hear(&mut session, "ple\r\n", Stage::Greeting);
    session.command(&Command::Ehlo(&name())).unwrap();
    let writing = session.timeout(&timeouts);
    assert_eq!(writing.duration, timeouts.block());
    assert_ne!(writing.progress, greeting.progress);
    session.sent(3).unwrap();
    assert_eq!(session.timeout(&timeouts), writing);
    send_all(&mut session);
    assert_eq!(session.timeout(&timeouts).duration, timeouts.hello());
    assert_ne!(session.timeout(&timeouts).progress, writing.progress);
}

#[test]
fn each_timeout_is_that_of_rfc_5321() {
    let minutes = |timeouts: Timeouts| {
        [
            timeouts.greeting(),
            timeouts.mail(),
            timeouts.rcpt(),
            timeouts.data(),
            timeouts.block(),
            timeouts.content_end(),
        ]
        .map(|wait| wait.as_secs() / 60)
    };
    assert_eq!(minutes(Timeouts::RFC_5321), [5, 5, 5, 2, 3, 10]);
    let mut session = greeted("250 mx.example\r\n");
    let timeouts = Timeouts::RFC_5321;
    for (command, reply, limit) in [
        (MAIL, "250 ok\r\n", timeouts.mail()),
        (RCPT, "250 ok\r\n", timeouts.rcpt()),
        (Command::Data, "354 go\r\n", timeouts.data()),
    ] {
        session.command(&command).unwrap();
        send_all(&mut session);
        assert_eq!(session.timeout(&timeouts).duration, limit);
        hear(&mut session, reply, command.stage());
    }
    session.begin_content(encoder()).unwrap();
    assert_eq!(session.timeout(&timeouts).duration, timeouts.block());
    session.end_content().unwrap();
    send_all(&mut session);
    assert_eq!(session.timeout(&timeouts).duration, timeouts.content_end());
    hear(&mut session, "250 ok\r\n", Stage::ContentEnd);
    session.command(&Command::Quit).unwrap();
    send_all(&mut session);
    assert_eq!(session.timeout(&timeouts).duration, timeouts.quit());
}

#[test]
fn a_timeout_does_not_start_over_if_nothing_was_sent() {
    let mut session = greeted("250 mx.example\r\n");
    let before = session.timeout(&Timeouts::RFC_5321);
    session.sent(0).unwrap();
    assert_eq!(session.timeout(&Timeouts::RFC_5321), before);
    assert_eq!(session.sent(1), Err(SessionError::NothingToSend));
}
