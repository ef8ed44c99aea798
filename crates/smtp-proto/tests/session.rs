//! A session by itself: which command may come when, and which reply answers what.

use smtp_proto::{
    Body, Code, Command, ContentEncoder, Event, ForwardPath, HelloName, Limits, LineEndings, MailParameters,
    ReversePath, Session, SessionError, Stage, Timeouts,
};

const NO_PARAMETERS: &MailParameters = &MailParameters::new();
const MAIL: Command<'static> = Command::Mail(&ReversePath::Null, NO_PARAMETERS);
const RCPT: Command<'static> = Command::Rcpt(&ForwardPath::Postmaster);

fn encoder() -> ContentEncoder {
    ContentEncoder::new(LineEndings::Mend, Body::SevenBit)
}

fn name() -> HelloName {
    HelloName::new("client.example").unwrap()
}

/// Gives the command, hands it over whole, and hears `reply`.
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

#[test]
fn commands_out_of_order_are_refused_and_change_nothing() {
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
        // Whether the server timeouts for content cannot be known.
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
fn without_pipelining_one_command_is_under_way() {
    let mut session = greeted("250-mx.example\r\n250 SIZE\r\n");
    session.command(&MAIL).unwrap();
    assert_eq!(session.command(&RCPT), Err(SessionError::Unanswered));
    send_all(&mut session);
    assert_eq!(session.command(&RCPT), Err(SessionError::Unanswered));
    hear(&mut session, "250 ok\r\n", Stage::Mail);
    assert_eq!(session.command(&RCPT), Ok(()));
}

#[test]
fn a_group_ends_with_data_and_stays_below_the_limit() {
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
fn helo_takes_back_what_ehlo_offered() {
    let mut session = greeted("250-mx.example\r\n250 PIPELINING\r\n");
    assert!(session.capabilities().pipelining);
    exchange(&mut session, &Command::Helo(&name()), "250-mx.example\r\n250 PIPELINING\r\n");
    assert!(!session.capabilities().pipelining);
}

#[test]
fn a_new_connection_knows_nothing_of_the_one_before() {
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
fn content_starts_after_354_and_nothing_else() {
    for (reply, starts) in [("354 go\r\n", true), ("250 ok\r\n", false), ("350 go\r\n", false), ("554 no\r\n", false)] {
        let mut session = greeted("250 mx.example\r\n");
        exchange(&mut session, &MAIL, "250 ok\r\n");
        exchange(&mut session, &RCPT, "250 ok\r\n");
        exchange(&mut session, &Command::Data, reply);
        assert_eq!(session.begin_content(encoder()).is_ok(), starts, "{reply}");
    }
}

#[test]
fn a_refused_mail_opens_no_transaction_for_what_was_pipelined_behind_it() {
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
fn a_refused_mail_ends_its_own_transaction_and_not_the_one_behind_rset() {
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
fn an_ehlo_that_was_not_taken_offers_nothing() {
    for reply in ["350-mx.example\r\n350 PIPELINING\r\n", "550-mx.example\r\n550 PIPELINING\r\n"] {
        assert!(!greeted(reply).capabilities().pipelining, "{reply}");
    }
}

#[test]
fn service_closing_is_the_last_event_wherever_it_comes() {
    let mut session = greeted("250 mx.example\r\n");
    let (_, event) = session.received(b"421 4.3.2 going down\r\n250 ok\r\n");
    assert!(matches!(event, Some(Event::ServiceClosing(reply)) if reply.code() == Code::SERVICE_CLOSING));
    assert_eq!(session.command(&Command::Quit), Err(SessionError::Over));
}

#[test]
fn codes_that_answer_one_command_only_end_the_session_elsewhere() {
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
fn a_wait_starts_again_for_a_reply_and_a_block_and_not_for_an_octet() {
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
fn content_that_is_always_written_in_part_neither_piles_up_nor_runs_out_of_time() {
    let mut session = greeted("250 mx.example\r\n");
    exchange(&mut session, &MAIL, "250 ok\r\n");
    exchange(&mut session, &RCPT, "250 ok\r\n");
    exchange(&mut session, &Command::Data, "354 go\r\n");
    session.begin_content(encoder()).unwrap();
    let block = Limits::DEFAULT.block();
    // Content that comes when nothing was left to write starts the time over.
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
fn each_wait_is_that_of_rfc_5321() {
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
fn a_refused_hello_offers_nothing_and_opens_nothing() {
    let mut session = greeted("550-mx.example\r\n550 PIPELINING\r\n");
    assert!(!session.capabilities().pipelining);
    assert_eq!(session.command(&MAIL), Err(SessionError::Order));
    exchange(&mut session, &Command::Helo(&name()), "250 mx.example\r\n");
    assert_eq!(session.command(&MAIL), Ok(()));
}

#[test]
fn content_is_answered_once_or_for_each_recipient_by_the_hello_that_was_said_last() {
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

#[test]
fn a_wait_does_not_start_again_where_nothing_was_sent() {
    let mut session = greeted("250 mx.example\r\n");
    let before = session.timeout(&Timeouts::RFC_5321);
    session.sent(0).unwrap();
    assert_eq!(session.timeout(&Timeouts::RFC_5321), before);
    assert_eq!(session.sent(1), Err(SessionError::NothingToSend));
}
