//! Which commands are allowed when.

use smtp_proto::{Command, Limits, Session, SessionError, Stage};

use super::{MAIL, RCPT, encoder, exchange, greeted, hear, name, send_all};

#[test]
fn commands_out_of_order_are_errors_and_change_nothing() {
    let hello = name();
    let plain = || greeted("250 mx.example\r\n");
    let in_mail = || {
        let mut session = plain();
        exchange(&mut session, &MAIL, "250 ok\r\n");
        session
    };
    let in_rcpt = || {
        let mut session = in_mail();
        exchange(&mut session, &RCPT, "250 ok\r\n");
        session
    };
    let in_data = |reply: &str| {
        let mut session = in_rcpt();
        exchange(&mut session, &Command::Data, reply);
        session
    };
    let quitting = || {
        let mut session = plain();
        session.command(&Command::Quit).unwrap();
        session
    };
    let (all, none) = ("EHLO MAIL RCPT DATA RSET NOOP QUIT", "");
    let cases: [(&str, Session, &str, SessionError); 8] = [
        ("before the greeting", Session::new(Limits::DEFAULT), none, SessionError::Greeting),
        ("after hello", plain(), "EHLO MAIL RSET NOOP QUIT", SessionError::Order),
        ("after MAIL", in_mail(), "RCPT RSET NOOP QUIT", SessionError::Order),
        ("after RCPT", in_rcpt(), "RCPT DATA RSET NOOP QUIT", SessionError::Order),
        ("after 354", in_data("354 go\r\n"), none, SessionError::Order),
        ("after a refused DATA", in_data("450 later\r\n"), "RCPT DATA RSET NOOP QUIT", SessionError::Order),
        // It is not known whether the server now expects content.
        ("after a DATA that makes no sense", in_data("250 ok\r\n"), none, SessionError::Order),
        ("after QUIT", quitting(), none, SessionError::Over),
    ];
    for (moment, session, allowed, why) in cases {
        for verb in all.split(' ') {
            let command = match verb {
                "EHLO" => Command::Ehlo(&hello),
                "MAIL" => MAIL,
                "RCPT" => RCPT,
                "DATA" => Command::Data,
                "RSET" => Command::Rset,
                "NOOP" => Command::Noop,
                _ => Command::Quit,
            };
            let mut tried = session.clone();
            let expected = if allowed.split(' ').any(|word| word == verb) { Ok(()) } else { Err(why) };
            assert_eq!(tried.command(&command), expected, "{verb} {moment}");
            assert_eq!(tried == session, expected.is_err(), "{verb} {moment}");
        }
    }
}

#[test]
fn without_pipelining_one_command_is_in_flight() {
    let mut session = greeted("250-mx.example\r\n250 SIZE\r\n");
    session.command(&MAIL).unwrap();
    assert_eq!(session.command(&RCPT), Err(SessionError::Unanswered));
    send_all(&mut session);
    assert_eq!(session.command(&RCPT), Err(SessionError::Unanswered));
    hear(&mut session, "250 ok\r\n", Stage::Mail);
    assert_eq!(session.command(&RCPT), Ok(()));
}

#[test]
fn a_group_ends_with_data_and_stays_within_the_limit() {
    let mut session = greeted("250-mx.example\r\n250 PIPELINING\r\n");
    session.command(&MAIL).unwrap();
    let mut recipients = 0;
    while session.command(&RCPT).is_ok() {
        recipients += 1;
    }
    let group = send_all(&mut session);
    assert!(group.len() <= Limits::DEFAULT.pipeline());
    assert!(group.len() + "RCPT TO:<postmaster>\r\n".len() > Limits::DEFAULT.pipeline());
    hear(&mut session, "250 ok\r\n", Stage::Mail);
    for _ in 0..recipients {
        hear(&mut session, "250 ok\r\n", Stage::Rcpt);
    }
    session.command(&RCPT).unwrap();
    session.command(&Command::Data).unwrap();
    assert_eq!(session.command(&Command::Quit), Err(SessionError::Unanswered));
}

#[test]
fn content_starts_only_after_354() {
    for (reply, starts) in [("354 go\r\n", true), ("250 ok\r\n", false), ("350 go\r\n", false), ("554 no\r\n", false)] {
        let mut session = greeted("250 mx.example\r\n");
        exchange(&mut session, &MAIL, "250 ok\r\n");
        exchange(&mut session, &RCPT, "250 ok\r\n");
        exchange(&mut session, &Command::Data, reply);
        assert_eq!(session.begin_content(encoder()).is_ok(), starts, "{reply}");
    }
}

#[test]
fn a_refused_mail_opens_no_transaction_for_the_commands_after_it() {
    let mut session = greeted("250-mx.example\r\n250 PIPELINING\r\n");
    session.command(&MAIL).unwrap();
    session.command(&RCPT).unwrap();
    send_all(&mut session);
    hear(&mut session, "550 no\r\n", Stage::Mail);
    hear(&mut session, "503 no\r\n", Stage::Rcpt);
    assert_eq!(session.command(&Command::Data), Err(SessionError::Order));
    assert_eq!(session.command(&MAIL), Ok(()));
}

#[test]
fn a_refused_mail_does_not_end_the_transaction_after_rset() {
    let mut session = greeted("250-mx.example\r\n250 PIPELINING\r\n");
    for command in [MAIL, RCPT, Command::Rset, MAIL, RCPT] {
        session.command(&command).unwrap();
    }
    send_all(&mut session);
    hear(&mut session, "550 no\r\n", Stage::Mail);
    hear(&mut session, "503 no\r\n", Stage::Rcpt);
    hear(&mut session, "250 ok\r\n", Stage::Rset);
    hear(&mut session, "250 ok\r\n", Stage::Mail);
    hear(&mut session, "250 ok\r\n", Stage::Rcpt);
    assert_eq!(session.command(&MAIL), Err(SessionError::Order));
    assert_eq!(session.command(&Command::Data), Ok(()));
}

#[test]
fn a_group_may_be_as_long_as_the_limit_and_no_longer() {
    let group = "MAIL FROM:<>\r\nRCPT TO:<postmaster>\r\n".len();
    for (room, expected) in [(group, Ok(())), (group - 1, Err(SessionError::Unanswered))] {
        let limits = Limits::DEFAULT.with_pipeline(room);
        let mut session = Session::new(limits);
        hear(&mut session, "220 mx.example\r\n", Stage::Greeting);
        exchange(&mut session, &Command::Ehlo(&name()), "250-mx.example\r\n250 PIPELINING\r\n");
        session.command(&MAIL).unwrap();
        assert_eq!(session.command(&RCPT), expected, "{room}");
    }
}

#[test]
fn a_refused_hello_offers_nothing_and_opens_no_session() {
    let mut session = greeted("550-mx.example\r\n550 PIPELINING\r\n");
    assert!(!session.capabilities().pipelining);
    assert_eq!(session.command(&MAIL), Err(SessionError::Order));
    exchange(&mut session, &Command::Helo(&name()), "250 mx.example\r\n");
    assert_eq!(session.command(&MAIL), Ok(()));
}
