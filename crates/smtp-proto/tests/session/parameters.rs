//! Parameters of MAIL and RCPT, and commands that only ask.

use smtp_proto::{
    Answered, Argument, Code, Command, ForwardPath, Limits, MailParameters, Notify, Parameter, RcptParameters, Return,
    ReversePath, Session, SessionError, Verification,
};

use super::{exchange, hear, name};

fn other() -> Parameter {
    Parameter::new("X-Own", "X", None).unwrap()
}

fn greeted(keeps: bool, offers: &str) -> Session {
    let mut session = Session::new(Limits::DEFAULT);
    if keeps {
        session.keep_keywords();
    }
    hear(&mut session, "220 hi\r\n", smtp_proto::Stage::Greeting);
    exchange(&mut session, &Command::Ehlo(&name()), offers);
    session
}

#[test]
fn a_parameter_is_refused_unless_its_extension_is_offered() {
    let dsn = MailParameters::new().with_return(Return::Full);
    let own = MailParameters::new().with_parameter(other());
    let (not, own_not) = (SessionError::NotOffered("DSN"), SessionError::ParameterNotOffered);
    for (keeps, offers, parameters, expected) in [
        (false, "250-x\r\n250 DSN\r\n", &dsn, Ok(())),
        (false, "250-x\r\n250 DSNX\r\n", &dsn, Err(not)),
        (true, "250-x\r\n250 x-own\r\n", &own, Ok(())),
        (true, "250-x\r\n250 X-OTHER\r\n", &own, Err(own_not)),
        // The keywords were not kept.
        (false, "250-x\r\n250 X-OWN\r\n", &own, Err(own_not)),
    ] {
        let mut session = greeted(keeps, offers);
        assert_eq!(session.command(&Command::Mail(&ReversePath::Null, parameters)), expected, "{offers}");
    }
    let notify = RcptParameters::new().with_notify(Some(Notify::NEVER));
    let own = RcptParameters::new().with_parameter(other());
    for (offers, parameters, expected) in [
        ("250-x\r\n250 DSN\r\n", &notify, Ok(())),
        ("250 x\r\n", &notify, Err(not)),
        ("250-x\r\n250 X-OWN\r\n", &own, Ok(())),
        ("250 x\r\n", &own, Err(own_not)),
    ] {
        let mut session = greeted(true, offers);
        exchange(&mut session, &super::MAIL, "250 ok\r\n");
        assert_eq!(session.command(&Command::Rcpt(&ForwardPath::Postmaster, parameters)), expected, "{offers}");
    }
}

#[test]
fn keywords_are_forgotten_with_the_connection_and_after_helo() {
    let own = MailParameters::new().with_parameter(other());
    let mut session = greeted(true, "250-x\r\n250 X-OWN\r\n");
    exchange(&mut session, &Command::Helo(&name()), "250 x\r\n");
    let mail = Command::Mail(&ReversePath::Null, &own);
    assert_eq!(session.command(&mail), Err(SessionError::ParameterNotOffered));
    let mut session = greeted(true, "250-x\r\n250 X-OWN\r\n");
    session.restart();
    hear(&mut session, "220 hi\r\n", smtp_proto::Stage::Greeting);
    exchange(&mut session, &Command::Ehlo(&name()), "250 x\r\n");
    assert_eq!(session.command(&mail), Err(SessionError::ParameterNotOffered));
}

#[test]
fn vrfy_and_help_are_answered_one_by_one() {
    let mut session = greeted(false, "250-x\r\n250 PIPELINING\r\n");
    let user = Argument::new("Smith").unwrap();
    session.command(&Command::Vrfy(&user)).unwrap();
    assert_eq!(session.output(), b"VRFY Smith\r\n");
    assert_eq!(session.command(&Command::Help(None)), Err(SessionError::Unanswered));
    super::send_all(&mut session);
    hear(&mut session, "252 try it\r\n", smtp_proto::Stage::Vrfy);
    assert_eq!(Verification::of(Code::new(252).unwrap()), Some(Verification::NotVerified));
    exchange(&mut session, &Command::Help(Some(&user)), "214 no help\r\n");
    assert_eq!(Answered::of(Code::new(214).unwrap()), Some(Answered::Yes));
}
