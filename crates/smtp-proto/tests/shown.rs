//! The texts that users see: error messages, debug output and whole reports.

use std::fmt::{self, Debug, Display, Write};

use smtp_proto::{
    AddressError, Cancel, Cause, Command, Config, ContentError, Delivery, Disconnect, Envelope, EnvelopeError,
    HelloName, Limits, Mailbox, MisuseError, Need, Needs, NotificationDropped, ParameterError, Reply, ReplyDecoder,
    Session, SessionError, Stage, keywords,
};

fn name() -> HelloName {
    HelloName::new("client.example").unwrap()
}

fn reply(octets: &[u8]) -> Reply<'_> {
    Reply::parse(octets).unwrap().unwrap().1
}

const fn needs(needs: Needs) -> Cause<'static> {
    Cause::Needs { needs, reply: None }
}

fn delivery(needs: &[Need]) -> Delivery {
    let from = Mailbox::new("a@example.com").unwrap().into();
    let to = ["b@example.net", "c@example.net"].map(|address| Mailbox::new(address).unwrap().into());
    let envelope = Envelope::new(from, to.into()).unwrap();
    let envelope = needs.iter().fold(envelope, |envelope, need| envelope.requiring(*need));
    let mut delivery = Delivery::new(Config::new(name()), envelope);
    delivery.connected().unwrap();
    delivery
}

/// Plays a server that sends these replies, and a driver that writes everything at once.
fn converse(delivery: &mut Delivery, server: &[&str]) {
    for octets in server {
        delivery.received(octets.as_bytes()).unwrap();
        while let smtp_proto::Step::Transmit(transmit) = delivery.poll() {
            let len = transmit.octets().len();
            delivery.sent(len).unwrap();
        }
    }
}

#[test]
fn each_error_has_its_message() {
    let fault = |octets: &[u8]| Reply::parse(octets).unwrap_err();
    let cases: [(&dyn Display, &str); 76] = [
        (&AddressError::Empty, "it is empty"),
        (&AddressError::NoDomain, "it has no @ with a domain after it"),
        (&AddressError::NoLocalPart, "it has nothing before the @"),
        (&AddressError::Control(7), "it has a control character at octet 7"),
        (&AddressError::Invisible('\u{ad}'), "it has the invisible character U+00AD"),
        (&AddressError::DisplayName, "it has a display name"),
        (&AddressError::Several, "it has several addresses"),
        (&AddressError::AngleBracket, "it has an angle bracket, where a server may end the address"),
        (&AddressError::Space, "it has a space outside of quotes"),
        (&AddressError::Dots, "it has two dots in a row"),
        (&AddressError::EdgeDot, "the local part or the domain starts or ends with a dot"),
        (&AddressError::Unquoted(','), "the local part has ',' outside of quotes"),
        (&AddressError::LocalPart, "the local part is neither a dot-string nor a quoted string"),
        (&AddressError::Domain, "the domain is neither labels separated by dots nor an address in brackets"),
        (&AddressError::TooLong, "it is too long: an address has at most 254 octets, a client name 255"),
        (&AddressError::NotAscii, "it is not ASCII"),
        (&Cancel::Interrupted, "the delivery was interrupted"),
        (&Cancel::Deadline, "the delivery took longer than allowed"),
        (&Cancel::TooSlow, "the server reads the content too slowly"),
        (&Cancel::ContentUnreadable, "the content could not be read to its end"),
        (&Cancel::ContentChanged, "the content changed before it was sent"),
        (&Cause::Reply(reply(b"550 no\r\n")), "550 no"),
        (&Cause::Connections, "the connection failed"),
        (&Cause::TooLarge(1000), "it is larger than the server's limit of 1000 octets"),
        (
            &needs(Needs::NONE.with(Need::DeliverBy)),
            "it needs DELIVERBY, which the server does not offer or HELO cannot carry",
        ),
        (
            &needs(Needs::NONE.with(Need::EightBitMime)),
            "it needs 8BITMIME, which the server does not offer or HELO cannot carry",
        ),
        (
            &needs(Needs::NONE.with(Need::BinaryMime).with(Need::Smtputf8)),
            "it needs SMTPUTF8, BINARYMIME, which the server does not offer or HELO cannot carry",
        ),
        (&Cause::NotOffered("DSN"), "a parameter needs DSN, which the server does not offer"),
        (&Cause::Cancelled(Cancel::Deadline), "the delivery took longer than allowed"),
        (&Cause::Content(ContentError::BareLf(3)), "the content has a bare LF at octet 3"),
        (&ContentError::BareCr(4), "the content has a bare CR at octet 4"),
        (&ContentError::EightBit(5), "the content was declared 7-bit but has an 8-bit octet or NUL at octet 5"),
        (&MisuseError::NotConnecting, "the delivery did not ask for a connection"),
        (&MisuseError::NotConnected, "there is no connection"),
        (&MisuseError::NothingToSend, "more octets were reported as sent than there were to send"),
        (&MisuseError::NoContentWanted, "the delivery did not ask for content"),
        (&MisuseError::TooMuchContent, "more content was given than the delivery asked for"),
        (&MisuseError::NotDone, "the delivery is not done"),
        (&EnvelopeError::NoRecipients, "an envelope needs at least one recipient"),
        (&EnvelopeError::LineTooLong, "a command with its parameters would be longer than 512 octets"),
        (&EnvelopeError::Repeated, "a command would have the same parameter twice"),
        (&ParameterError::Empty, "it is empty"),
        (&ParameterError::TooLong(100), "it is longer than 100 octets"),
        (&ParameterError::Character(3), "it has a character at octet 3 that is not allowed"),
        (&ParameterError::NeverWithOthers, "NEVER cannot stand beside other conditions"),
        (&ParameterError::Condition, "it is not one of NEVER, SUCCESS, FAILURE and DELAY"),
        (&ParameterError::Time, "the time is out of range"),
        (&ParameterError::Keyword, "the keyword is not made of letters, digits and inner hyphens"),
        (&ParameterError::Reserved, "the keyword belongs to a parameter that is set in another way"),
        (&NotificationDropped::NotOffered, "without the requested notifications, which the server does not offer"),
        (&NotificationDropped::Refused, "without the requested notifications, which the server refused"),
        (&SessionError::ParameterNotOffered, "the server does not offer the extension of a parameter"),
        (&SessionError::Over, "the session is over"),
        (&SessionError::Greeting, "the greeting has not arrived"),
        (&SessionError::Order, "the command is out of order"),
        (&SessionError::Unanswered, "earlier commands must be answered first"),
        (&SessionError::NotOffered("SIZE"), "the server does not offer SIZE"),
        (&SessionError::Content(ContentError::BareLf(3)), "the content has a bare LF at octet 3"),
        (&ContentError::TooLong { size: 5 }, "the content is longer than its announced size of 5 octets"),
        (&ContentError::TooShort { size: 5, found: 4 }, "the content ended after 4 of 5 announced octets"),
        (&SessionError::NothingToSend, "more octets were reported as sent than there were to send"),
        (&Stage::Connect, "connecting"),
        (&Stage::Vrfy, "VRFY"),
        (&Stage::Help, "HELP"),
        (&Stage::Noop, "NOOP"),
        (&Stage::Idle, "nothing"),
        (&Needs::NONE, ""),
        (&Need::ALL.iter().copied().fold(Needs::NONE, Needs::with), ALL_NEEDS),
        (&name(), "client.example"),
        (&fault(b"HTTP/1.1 400\r\n").kind(), "something that is not an SMTP reply"),
        (&fault(b"250-a\r\n251 b\r\n"), "a reply whose lines have different codes: \"251 b\""),
        (&reply(b"250-2.1.0 a\r\n250 b\x1b\r\n"), "250 2.1.0 a / b\\u{1b}"),
        (&reply(b"250\r\n"), "250"),
        (&reply(b"550 5.7.509 no\r\n").enhanced().unwrap(), "5.7.509"),
        (&keywords(&reply(b"250-x\r\n250 AUTH=LOGIN \xff\r\n")).next().unwrap(), "AUTH LOGIN \\xff"),
        (&keywords(&reply(b"250-x\r\n250 DSN\r\n")).next().unwrap(), "DSN"),
    ];
    for (shown, words) in cases {
        assert_eq!(shown.to_string(), words);
    }
}

const ALL_NEEDS: &str = "TLS, AUTH, SMTPUTF8, 8BITMIME, BINARYMIME, REQUIRETLS, DELIVERBY, a verified certificate, \
     the extension of an additional parameter";

#[test]
fn debug_output_is_readable() {
    let mut decoder = ReplyDecoder::new(&Limits::DEFAULT);
    assert_eq!(decoder.decode(b"250-a\xff\r\n25"), (10, Ok(None)));
    let mailbox = Mailbox::new("a@example.com").unwrap();
    let cases: [(&dyn Debug, &str); 8] = [
        (&decoder, "ReplyDecoder(\"250-a\\xff\\r\\n25\")"),
        (&Reply::parse(b"nonsense\n").unwrap_err(), "ReplyError(something that is not an SMTP reply: \"nonsense\")"),
        (&reply(b"250 ok\r\n"), "Reply(250 ok)"),
        (&reply(b"250 ok\r\n").code(), "250"),
        (&reply(b"250 2.1.5 ok\r\n").enhanced(), "Some(2.1.5)"),
        (&keywords(&reply(b"250-x\r\n250 SIZE 5\r\n")).next(), "Some(Keyword(SIZE 5))"),
        (&Needs::NONE.with(Need::DeliverBy).with(Need::Auth), "{Auth, DeliverBy}"),
        (&mailbox, "<a@example.com>"),
    ];
    for (shown, words) in cases {
        assert_eq!(format!("{shown:?}"), words);
    }
}

#[test]
fn the_debug_output_of_a_session_has_its_output_and_an_incomplete_reply() {
    let mut session = Session::new(Limits::DEFAULT);
    assert!(matches!(session.received(b"220 hi\r\n"), (8, Some(_))));
    session.command(&Command::Ehlo(&name())).unwrap();
    assert_eq!(session.received(b"25"), (2, None));
    let debugged = format!("{session:?}");
    assert!(
        debugged.starts_with("Session { state: Commands(None), security: Clear, decoder: ReplyDecoder(\"25\"), "),
        "{debugged}"
    );
    assert!(debugged.contains("output: \"EHLO client.example\\r\\n\", unanswered: "), "{debugged}");
}

#[test]
fn a_report_has_a_line_for_each_recipient_and_each_connection() {
    let mut delivery = delivery(&[]);
    converse(&mut delivery, &["220 hi\r\n", "550 no \"EHLO\"\r\n"]);
    assert_eq!(
        delivery.report().to_string(),
        "connection 1: EHLO was refused with 550 no \"EHLO\"; open, waiting for HELO\n"
    );
    converse(&mut delivery, &["250 mx\r\n", "250 ok\r\n", "550 5.1.1 who?\r\n", "421 bye\r\n"]);
    let report = delivery.report();
    assert_eq!(
        report.to_string(),
        "<b@example.net> failed: 550 5.1.1 who?\n\
         <c@example.net> deferred: 421 bye\n\
         connection 1: EHLO was refused with 550 no \"EHLO\"; the server ended the session at RCPT: 421 bye\n"
    );
    let [first, second] = ["Reply(550 5.1.1 who?)", "Reply(421 bye)"];
    assert_eq!(
        format!("{report:?}"),
        format!(
            "Report {{ recipients: [\
             RecipientReport {{ path: <b@example.net>, status: Failed, cause: Reply({first}) }}, \
             RecipientReport {{ path: <c@example.net>, status: Deferred, cause: Reply({second}) }}], \
             attempts: [Attempt {{ hello: Some(Helo), stage: Rcpt, end: Some(ServiceClosing), reused: false, \
             ehlo_refusal: Some(Reply(550 no \"EHLO\")), reply: Some({second}), detail: \"\", tls: NotWanted, \
             mechanism: None }}], .. }}"
        )
    );
    let debugged = format!("{delivery:?}");
    assert!(
        debugged.starts_with("Delivery { state: Done(Closed), session: Session { state: Over(Idle, None),"),
        "{debugged}"
    );
    assert!(debugged.ends_with(&format!("report: {report:?}, .. }}")), "{debugged}");
}

/// Accepts this many octets, and then fails.
struct Short(usize);

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

#[test]
fn errors_of_the_writer_are_returned() {
    let ends: [fn(&mut Delivery); 9] = [
        |delivery| delivery.disconnected(Disconnect::Closed).unwrap(),
        |delivery| delivery.disconnected(Disconnect::Reset).unwrap(),
        |delivery| delivery.disconnected(Disconnect::WriteFailed).unwrap(),
        |delivery| delivery.disconnected(Disconnect::ReadFailed).unwrap(),
        |delivery| delivery.timed_out().unwrap(),
        |delivery| delivery.received(b"\"no' r\xffeply\r\n").unwrap(),
        |delivery| delivery.received(b"421-4.3.2 closing\r\n421 now\r\n").unwrap(),
        |delivery| delivery.cancel(Cancel::Interrupted),
        |_| {},
    ];
    for end in ends {
        let mut delivery = delivery(&[Need::Tls, Need::Auth]);
        converse(&mut delivery, &["220 hi\r\n"]);
        end(&mut delivery);
        let report = delivery.report();
        let len = report.to_string().len();
        for room in 0..len {
            assert!(write!(Short(room), "{report}").is_err(), "{room} of {len}: {report}");
        }
        assert!(write!(Short(len), "{report}").is_ok());
    }
    let octets = b"250-x\r\n250 AUTH=LOGIN\r\n";
    let keyword = keywords(&reply(octets)).next().unwrap();
    for room in 0.."AUTH LOGIN".len() {
        assert!(write!(Short(room), "{keyword}").is_err());
    }
}
