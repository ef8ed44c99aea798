//! Tests of `Delivery` alone: probes, misuse, and how much a report keeps.

use std::time::Duration;

use smtp_proto::{
    Afterwards, AttemptEnd, AuthPolicy, AuthRequest, Authentication, Cancel, Config, Connect, Delivery, Disconnect,
    Envelope, EnvelopeError, ForwardPath, Hello, HelloName, Mailbox, Mechanism, MisuseError, Place, ReversePath,
    Secured, Stage, Status, Step, TlsPolicy, TlsVersion,
};

fn config() -> Config {
    Config::new(HelloName::new("client.example").unwrap())
}

fn envelope(recipients: usize) -> Envelope {
    let to = |index| ForwardPath::from(Mailbox::new(&format!("r{index}@example.net")).unwrap());
    Envelope::new(ReversePath::Null, (0..recipients).map(to).collect()).unwrap()
}

/// A delivery that is done and keeps its connection.
fn kept() -> Delivery {
    let mut config = config();
    config = config.with_afterwards(Afterwards::Keep);
    let mut delivery = Delivery::new(config, envelope(1));
    delivery.connected().unwrap();
    converse(&mut delivery, &["220 a\r\n", "250 b\r\n", "250 c\r\n", "250 d\r\n", "354 e\r\n"]);
    delivery.end_content().unwrap();
    send_all(&mut delivery);
    converse(&mut delivery, &["250 f\r\n"]);
    delivery
}

#[test]
fn a_server_that_loses_step_with_a_group_gets_the_next_commands_one_by_one() {
    const OFFER: [&str; 2] = ["220 a\r\n", "250-b\r\n250 PIPELINING\r\n"];
    let mut delivery = Delivery::new(config(), envelope(2));
    delivery.connected().unwrap();
    let group = converse(&mut delivery, &OFFER);
    assert_eq!(group.lines().count(), 5, "{group}");
    assert!(!delivery.known_host().lockstep());
    // The rest of the group is lost.
    assert_eq!(converse(&mut delivery, &["250 sender\r\n"]), "");
    delivery.timed_out().unwrap();
    assert!(matches!(delivery.poll(), Step::Done(_)));
    let known = delivery.known_host();
    assert!(known.lockstep());
    let mut next = Delivery::new(config(), envelope(2));
    next.know(known).unwrap();
    next.connected().unwrap();
    converse(&mut next, &OFFER);
    for command in ["RCPT TO:<r0@example.net>\r\n", "RCPT TO:<r1@example.net>\r\n", "DATA\r\n"] {
        assert_eq!(converse(&mut next, &["250 ok\r\n"]), command);
    }
    assert_eq!(next.known_host(), smtp_proto::KnownHost::UNKNOWN, "nothing new");
}

type Call = (&'static str, fn(&mut Delivery) -> Result<(), MisuseError>);

/// Sends all output.
fn send_all(delivery: &mut Delivery) -> String {
    let mut sent = Vec::new();
    while let Step::Transmit(transmit) = delivery.poll() {
        let len = transmit.octets().len();
        sent.extend_from_slice(transmit.octets());
        delivery.sent(len).unwrap();
    }
    String::from_utf8(sent).unwrap()
}

/// Receives each of these and sends what follows. Returns all that was sent.
fn converse(delivery: &mut Delivery, server: &[&str]) -> String {
    let say = |octets: &&str| {
        delivery.received(octets.as_bytes()).unwrap();
        send_all(delivery)
    };
    server.iter().map(say).collect()
}

#[test]
fn an_envelope_needs_a_recipient() {
    assert_eq!(Envelope::new(ReversePath::Null, Vec::new()), Err(EnvelopeError::NoRecipients));
}

#[test]
fn a_probe_sends_hello_and_quit_and_reports_the_replies() {
    let mut probe = Delivery::probe(config());
    assert!(matches!(probe.poll(), Step::Connect(Connect { place: Place::Any, .. })));
    probe.connected().unwrap();
    assert_eq!(converse(&mut probe, &["220 mx.example ready\r\n"]), "EHLO client.example\r\n");
    assert_eq!(converse(&mut probe, &["250-mx.example\r\n250 PIPELINING\r\n"]), "QUIT\r\n");
    assert!(probe.capabilities().pipelining);
    converse(&mut probe, &["221 bye\r\n"]);
    let Step::Done(report) = probe.poll() else { panic!("{probe:?}") };
    assert_eq!(report.recipients().count(), 0);
    assert_eq!(report.longest_line(), None);
    let [attempt] = report.attempts().collect::<Vec<_>>()[..] else { panic!("{report:?}") };
    assert_eq!(attempt.greeting().unwrap().octets(), b"220 mx.example ready\r\n");
    assert_eq!(attempt.hello_reply().unwrap().octets(), b"250-mx.example\r\n250 PIPELINING\r\n");
    assert!(attempt.ehlo_refusal().is_none());
    assert!(attempt.reply().is_none());
    assert_eq!(attempt.detail(), b"");
    assert_eq!(
        (attempt.hello(), attempt.stage(), attempt.end(), attempt.reused()),
        (Some(Hello::Ehlo), Stage::Quit, Some(AttemptEnd::Quit), false)
    );
}

#[test]
fn misuse_is_an_error_and_changes_nothing() {
    use MisuseError::{NoContentWanted, NotConnected, NotConnecting, NotDone, NothingToSend, TooMuchContent};
    let connecting = || Delivery::new(config(), envelope(1));
    let greeting = || {
        let mut delivery = connecting();
        delivery.connected().unwrap();
        delivery
    };
    let content = || {
        let mut delivery = greeting();
        converse(&mut delivery, &["220 a\r\n", "250 b\r\n", "250 c\r\n", "250 d\r\n", "354 e\r\n"]);
        delivery
    };
    let content_end = || {
        let mut delivery = content();
        delivery.end_content().unwrap();
        send_all(&mut delivery);
        delivery
    };
    let gone = || {
        let mut delivery = greeting();
        delivery.cancel(Cancel::Interrupted);
        delivery
    };
    let calls: [Call; 12] = [
        ("connected", Delivery::connected),
        ("connect_failed", |delivery| delivery.connect_failed("no")),
        ("sent nothing", |delivery| delivery.sent(0)),
        ("sent too much", |delivery| delivery.sent(1)),
        ("received", |delivery| delivery.received(b"2")),
        ("disconnected", |delivery| delivery.disconnected(Disconnect::Closed)),
        ("timed_out", Delivery::timed_out),
        ("content", |delivery| delivery.content(b"x")),
        ("content above the room", |delivery| delivery.content(&vec![b'x'; 16_385])),
        ("end_content", Delivery::end_content),
        ("deliver_next", |delivery| delivery.deliver_next(envelope(2))),
        ("quit", Delivery::quit),
    ];
    // In the order of the calls. `None`: the call is allowed.
    let (no, none) = (Some(NotConnected), None);
    let (fresh, room, large, early) = (Some(NotConnecting), Some(NoContentWanted), Some(TooMuchContent), Some(NotDone));
    let much = Some(NothingToSend);
    let moments: [(&str, Delivery, [Option<MisuseError>; 12]); 6] = [
        ("connecting", connecting(), [none, none, no, no, no, no, no, room, room, room, early, early]),
        ("greeting", greeting(), [fresh, fresh, none, much, none, none, none, room, room, room, early, early]),
        ("content", content(), [fresh, fresh, none, much, none, none, none, none, large, none, early, early]),
        ("content end", content_end(), [fresh, fresh, none, much, none, none, none, room, room, room, early, early]),
        ("gone", gone(), [fresh, fresh, no, no, no, no, no, room, room, room, none, none]),
        ("kept", kept(), [fresh, fresh, none, much, none, none, none, room, room, room, none, none]),
    ];
    for (moment, delivery, expected) in moments {
        assert_eq!(delivery.is_kept(), moment == "kept");
        for ((call, make), expected) in calls.into_iter().zip(expected) {
            let mut tried = delivery.clone();
            assert_eq!(make(&mut tried).err(), expected, "{call} when {moment}");
            assert!(tried == delivery || expected.is_none(), "{call} when {moment}");
        }
    }
}

#[test]
fn nothing_on_a_kept_connection_changes_the_report() {
    let calls: [Call; 5] = [
        ("no reply", |delivery| delivery.received(b"hello\r\n")),
        ("a reply to nothing", |delivery| delivery.received(b"250 ok\r\n")),
        ("421", |delivery| delivery.received(b"421 bye\r\n")),
        ("half of a 421", |delivery| {
            delivery.received(b"421 by")?;
            delivery.disconnected(Disconnect::Closed)
        }),
        ("reset", |delivery| delivery.disconnected(Disconnect::Reset)),
    ];
    for (name, call) in calls {
        let mut delivery = kept();
        let before = delivery.report().to_string();
        call(&mut delivery).unwrap();
        assert_eq!(delivery.report().to_string(), before, "{name}");
    }
}

#[test]
fn a_report_keeps_less_of_each_reply_when_there_are_many_long_ones() {
    let recipients = 40;
    let mut delivery = Delivery::new(config(), envelope(recipients));
    delivery.connected().unwrap();
    converse(&mut delivery, &["220 mx.example\r\n", "250 mx.example\r\n", "250 ok\r\n"]);
    let refusal = format!("{}550 5.7.1 no\r\n", "550-5.7.1 you are not welcome here\r\n".repeat(1700));
    for _ in 0..recipients {
        converse(&mut delivery, &[&refusal]);
    }
    let kept: Vec<usize> = delivery.report().recipients().map(|found| found.reply().unwrap().octets().len()).collect();
    assert_eq!(kept.len(), recipients);
    assert!(delivery.report().recipients().all(|found| found.status == Status::Failed));
    // A mebibyte at full length, then whole lines of at most 128 octets.
    let full = kept.iter().take_while(|len| **len == refusal.len()).count();
    assert_eq!(full, (1_usize << 20).div_ceil(refusal.len()));
    assert!(kept[full..].iter().all(|len| *len == 3 * "550-5.7.1 you are not welcome here\r\n".len()), "{kept:?}");
}

#[test]
fn a_line_that_is_too_long_for_some_servers_is_reported_and_sent() {
    let mut delivery = Delivery::new(config(), envelope(1));
    delivery.connected().unwrap();
    converse(&mut delivery, &["220 a\r\n", "250 b\r\n", "250 c\r\n", "250 d\r\n", "354 e\r\n"]);
    delivery.content(&[b'x'; 1500]).unwrap();
    delivery.end_content().unwrap();
    assert_eq!(send_all(&mut delivery), format!("{}\r\n.\r\n", "x".repeat(1500)));
    converse(&mut delivery, &["250 f\r\n", "221 g\r\n"]);
    assert_eq!(delivery.report().longest_line(), Some(1500));
    assert!(delivery.report().to_string().contains("the content has a line of 1500 octets"));
}

#[test]
fn once_every_recipient_has_its_status_no_wait_is_longer_than_the_one_for_quit() {
    let (usual, short) = (Duration::from_secs(300), Duration::from_secs(30));
    let wait = |delivery: &Delivery| match delivery.poll() {
        Step::Receive(timeout) => timeout.duration,
        other => panic!("expected to wait: {other:?}"),
    };
    let keep = || Delivery::new(config().with_afterwards(Afterwards::Keep), envelope(2));
    for (last, expected) in [("250 d\r\n", Duration::from_secs(120)), ("550 d\r\n", short)] {
        // RSET, for the connection is to be kept.
        let mut delivery = keep();
        delivery.connected().unwrap();
        converse(&mut delivery, &["220 a\r\n", "250 b\r\n", "250 c\r\n", "550 d\r\n"]);
        assert_eq!(wait(&delivery), usual);
        converse(&mut delivery, &[last]);
        assert_eq!(wait(&delivery), expected, "{last}");
    }
    // DATA was pipelined behind the recipients that were refused.
    let mut delivery = keep();
    delivery.connected().unwrap();
    let said = converse(&mut delivery, &["220 a\r\n", "250-b\r\n250 PIPELINING\r\n", "250 c\r\n550 d\r\n550 d\r\n"]);
    assert!(said.ends_with("DATA\r\n"), "{said}");
    assert_eq!(wait(&delivery), short);
}

#[test]
fn hello_gives_the_address_literal_of_each_connection_where_that_is_asked_for_and_known() {
    for (address_literal, local, name) in [
        (true, Some("192.0.2.1"), "[192.0.2.1]"),
        (true, Some("2001:db8::1"), "[IPv6:2001:db8::1]"),
        (true, Some("::ffff:192.0.2.1"), "[192.0.2.1]"),
        (true, None, "client.example"),
        (false, Some("192.0.2.1"), "client.example"),
    ] {
        let mut delivery = Delivery::new(config().with_address_literal(address_literal), envelope(1));
        match local {
            Some(local) => delivery.connected_from(local.parse().unwrap()).unwrap(),
            None => delivery.connected().unwrap(),
        }
        assert_eq!(converse(&mut delivery, &["220 a\r\n"]), format!("EHLO {name}\r\n"));
        delivery.disconnected(Disconnect::Closed).unwrap();
        delivery.connected_from([192, 0, 2, 7].into()).unwrap();
        let name = if address_literal { "[192.0.2.7]" } else { "client.example" };
        assert_eq!(converse(&mut delivery, &["220 a\r\n"]), format!("HELO {name}\r\n"));
    }
}

#[test]
fn a_name_is_fully_qualified_if_it_has_two_labels_of_letters_digits_and_hyphens() {
    for (name, expected) in [
        ("mail.example.com", true),
        ("a-1.example", true),
        ("0123456789ab", false),
        ("localhost", false),
        ("DESKTOP_AB12CD", false),
        ("desktop_1.example", false),
        ("192.0.2.1", false),
        ("[192.0.2.1]", false),
    ] {
        assert_eq!(HelloName::new(name).unwrap().is_fully_qualified(), expected, "{name}");
    }
}

#[test]
fn at_most_ten_challenges_are_answered_even_if_the_caller_would_answer_more() {
    let login = Authentication::new([Mechanism::CramMd5]);
    let config = config().with_tls(TlsPolicy::Implicit).with_auth(AuthPolicy::Required(login));
    let mut delivery = Delivery::new(config, envelope(1));
    delivery.connected().unwrap();
    assert!(matches!(delivery.poll(), Step::Secure(_)));
    delivery.secured(Secured::verified(TlsVersion::Tls13)).unwrap();
    converse(&mut delivery, &["220 a\r\n", "250-b\r\n250 AUTH CRAM-MD5\r\n"]);
    let Step::Authenticate(auth) = delivery.poll() else { panic!("{delivery:?}") };
    assert!(matches!(auth.request, AuthRequest::Start { .. }));
    delivery.auth_start(None).unwrap();
    assert_eq!(send_all(&mut delivery), "AUTH CRAM-MD5\r\n");
    for _ in 0..10 {
        delivery.received(b"334 YQ==\r\n").unwrap();
        let Step::Authenticate(auth) = delivery.poll() else { panic!("{delivery:?}") };
        assert!(matches!(auth.request, AuthRequest::Challenge(b"a")));
        delivery.auth_response(b"a").unwrap();
        assert_eq!(send_all(&mut delivery), "YQ==\r\n");
    }
    assert_eq!(converse(&mut delivery, &["334 YQ==\r\n", "501 b\r\n"]), "*\r\nQUIT\r\n");
}
