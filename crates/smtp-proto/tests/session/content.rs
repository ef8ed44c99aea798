//! Content: how it is written, and how many replies it gets.

use smtp_proto::{Command, Limits, Session, SessionError, Stage, Timeouts};

use super::{MAIL, RCPT, encoder, exchange, greeted, hear, name, send_all};

#[test]
fn content_and_its_end_are_written_between_the_right_replies() {
    let mut session = greeted("250 mx.example\r\n");
    assert_eq!(session.begin_content(encoder()), Err(SessionError::Order));
    exchange(&mut session, &MAIL, "250 ok\r\n");
    exchange(&mut session, &RCPT, "250 ok\r\n");
    exchange(&mut session, &Command::Data, "354 go\r\n");
    session.begin_content(encoder()).unwrap();
    assert_eq!(session.command(&Command::Quit), Err(SessionError::Order));
    session.content(b".one\ntwo").unwrap();
    assert_eq!(session.stage(), Stage::Content);
    assert_eq!(session.end_content(), Ok(None));
    assert_eq!(session.content(b"more"), Err(SessionError::Order));
    assert_eq!(send_all(&mut session), "..one\r\ntwo\r\n.\r\n");
    assert_eq!(session.stage(), Stage::ContentEnd);
    hear(&mut session, "250 taken\r\n", Stage::ContentEnd);
    assert_eq!(session.command(&MAIL), Ok(()));
}

#[test]
fn content_that_is_written_in_parts_neither_piles_up_nor_times_out() {
    let mut session = greeted("250 mx.example\r\n");
    exchange(&mut session, &MAIL, "250 ok\r\n");
    exchange(&mut session, &RCPT, "250 ok\r\n");
    exchange(&mut session, &Command::Data, "354 go\r\n");
    session.begin_content(encoder()).unwrap();
    let block = Limits::DEFAULT.block();
    // Content that is given when nothing is left to write starts the timeout over.
    let before = session.timeout(&Timeouts::RFC_5321).progress + 1;
    let mut wire = Vec::new();
    for _ in 0..10 {
        let room = block - session.output().len();
        session.content(&vec![b'x'; room]).unwrap();
        assert_eq!(session.output().len(), block);
        wire.extend_from_slice(&session.output()[..block / 2]);
        session.sent(block / 2).unwrap();
    }
    assert_eq!(session.timeout(&Timeouts::RFC_5321).progress, before + 5);
    session.end_content().unwrap();
    wire.extend_from_slice(session.output());
    assert_eq!(wire, [vec![b'x'; block * 11 / 2], b"\r\n.\r\n".to_vec()].concat());
}

#[test]
fn the_last_hello_decides_how_many_replies_the_content_gets() {
    let client = name();
    let (lhlo, ehlo, helo) = (Command::Lhlo(&client), Command::Ehlo(&client), Command::Helo(&client));
    for (said, replies) in
        [(&[lhlo][..], 2), (&[ehlo], 1), (&[helo], 1), (&[lhlo, ehlo], 1), (&[lhlo, helo], 1), (&[ehlo, lhlo], 2)]
    {
        let mut session = Session::new(Limits::DEFAULT);
        hear(&mut session, "220 mx.example\r\n", Stage::Greeting);
        for hello in said {
            exchange(&mut session, hello, "250 mx.example\r\n");
        }
        exchange(&mut session, &MAIL, "250 ok\r\n");
        for reply in ["250 ok\r\n", "550 no\r\n", "250 ok\r\n"] {
            exchange(&mut session, &RCPT, reply);
        }
        exchange(&mut session, &Command::Data, "354 go\r\n");
        session.begin_content(encoder()).unwrap();
        session.end_content().unwrap();
        assert_eq!(session.stage(), Stage::Content, "the dot is not sent yet");
        send_all(&mut session);
        for _ in 0..replies {
            hear(&mut session, "250 taken\r\n", Stage::ContentEnd);
        }
        assert_eq!(session.stage(), Stage::Idle, "{said:?}");
    }
}
