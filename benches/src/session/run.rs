//! One session of each client. It first talks to a server, to check that all conversations are equivalent;
//! the recorded replies are then replayed for measuring.

use smtp_proto::{
    Afterwards, Body, Command, ContentEncoder, Delivery, Event, Limits, LineEndings, MailParameters, RcptParameters,
    Session, Stage,
};
use smtp_testkit::peers::{Client, Stream, with_clock};

use super::{
    io_smtp::{IoSmtp, for_io_smtp},
    ours,
    peers::{self, for_async_smtp, for_lettre, for_mail_send},
    server::{Conversation, Replay, Script, Server},
};
use crate::{Instrument, inputs, instrument::Case};

pub(super) const GROUP: &str = "session";
pub(super) const MESSAGE: &[u8] = inputs::ONE_KIB.as_bytes();

/// `session`: a message of 1 KiB, from the greeting to QUIT, to one recipient and to a hundred; and a second
/// message on a kept connection.
///
/// The envelope, the message, the policy and the stream are made before the measurement. smtp-codec has no
/// session.
pub fn all(instrument: &mut impl Instrument) {
    with_clock(|| {
        let one: &'static [String] = inputs::recipients(1).leak();
        let hundred: &'static [String] = inputs::recipients(100).leak();
        whole(instrument, Case { group: GROUP, case: "1 recipient" }, one);
        whole(instrument, Case { group: GROUP, case: "100 recipients" }, hundred);
        second(instrument, Case { group: GROUP, case: "second message" }, one);
    });
}

/// `retry`: the server hangs up on EHLO, and accepts the message after HELO on a second connection.
/// Compared only with our session without a hang-up, because no peer ever sends HELO.
pub fn retry(instrument: &mut impl Instrument) {
    let case = Case { group: "retry", case: "hang-up at EHLO" };
    let recipients = inputs::recipients(1);
    let server = Server::that_hangs_up_on_ehlo();
    drive_ours(&recipients, server.clone());
    let [commands, content] = said(&server.conversation());
    assert_eq!(
        commands.lines().collect::<Vec<_>>(),
        [
            "EHLO client.example",
            "HELO client.example",
            "MAIL FROM:<sender@example.com",
            "RCPT TO:<recipient-00@example.com",
            "DATA",
            "QUIT"
        ]
    );
    let hang_up = server.script();
    let server = Server::default();
    drive_ours(&recipients, server.clone());
    assert_eq!(content, said(&server.conversation())[1]);

    measure_ours(instrument, case, "ours", &recipients, hang_up);
    measure_ours(instrument, case, "plain", &recipients, server.script());
}

fn whole(instrument: &mut impl Instrument, case: Case, recipients: &'static [String]) {
    let envelope = for_lettre(recipients);
    let [by_us, by_mail_send, by_lettre, by_async_smtp, by_io_smtp] = std::array::from_fn(|_| Server::default());
    drive_ours(recipients, by_us.clone());
    send_and_quit(peers::mail_send(Stream::new(by_mail_send.clone())), for_mail_send(recipients, MESSAGE));
    let stream = Box::new(Stream::new(by_lettre.clone()));
    send_and_quit(peers::lettre(stream, &peers::lettre_name()), (envelope, MESSAGE));
    send_and_quit(peers::async_smtp(Stream::new(by_async_smtp.clone())), for_async_smtp(recipients, MESSAGE));
    send_and_quit(IoSmtp::hello(by_io_smtp.clone()), for_io_smtp(recipients, MESSAGE));
    let ours = said(&by_us.conversation());
    for peer in [&by_mail_send, &by_lettre, &by_async_smtp, &by_io_smtp] {
        assert_eq!(ours, said(&peer.conversation()));
    }

    measure_ours(instrument, case, "ours", recipients, by_us.script());

    let script = by_mail_send.script();
    let setup = || (Stream::new(Replay::new(script)), for_mail_send(recipients, MESSAGE));
    instrument.measure_with(case.by("mail-send"), setup, |(stream, message)| {
        send_and_quit(peers::mail_send(stream), message);
    });

    let script = by_lettre.script();
    let setup = || (Box::new(Stream::new(Replay::new(script))), peers::lettre_name());
    instrument.measure_with(case.by("lettre"), setup, |(stream, name)| {
        send_and_quit(peers::lettre(stream, &name), (envelope, MESSAGE));
    });

    let script = by_async_smtp.script();
    let setup = || (Stream::new(Replay::new(script)), for_async_smtp(recipients, MESSAGE));
    instrument.measure_with(case.by("async-smtp"), setup, |(stream, message)| {
        send_and_quit(peers::async_smtp(stream), message);
    });

    let script = by_io_smtp.script();
    let message = for_io_smtp(recipients, MESSAGE);
    let setup = || (Replay::new(script), message.clone());
    instrument.measure_with(case.by("io-smtp"), setup, |(line, message)| {
        send_and_quit(IoSmtp::hello(line), message);
    });
}

fn second(instrument: &mut impl Instrument, case: Case, recipients: &'static [String]) {
    let envelope = for_lettre(recipients);
    let server = Server::default();
    let mut delivery = Delivery::new(ours::config(Afterwards::Keep), ours::envelope(recipients));
    let mut line = server.clone();
    assert_eq!(ours::drive(&mut delivery, MESSAGE, &mut line), 1);
    server.mark();
    delivery.deliver_next(ours::envelope(recipients)).expect("it is done");
    assert_eq!(ours::drive(&mut delivery, MESSAGE, &mut line), 1);
    let ours = said(&server.conversation());

    let mut line = Replay::new(server.script());
    let mut delivery = Delivery::new(ours::config(Afterwards::Keep), ours::envelope(recipients));
    ours::drive(&mut delivery, MESSAGE, &mut line);
    let one_more = || ours::envelope(recipients);
    instrument.measure_with(case.by("ours"), one_more, |envelope| {
        delivery.deliver_next(envelope).expect("it is done");
        ours::drive(&mut delivery, MESSAGE, &mut line)
    });

    let message = || for_mail_send(recipients, MESSAGE);
    let server = Server::default();
    let script = twice(peers::mail_send(Stream::new(server.clone())), &server, message, &ours);
    let mut client = peers::mail_send(Stream::new(Replay::new(script)));
    peers::send(&mut client, message());
    instrument.measure_with(case.by("mail-send"), message, |message| peers::send(&mut client, message));

    let message = || (envelope, MESSAGE);
    let server = Server::default();
    let stream = Box::new(Stream::new(server.clone()));
    let script = twice(peers::lettre(stream, &peers::lettre_name()), &server, message, &ours);
    let mut client = peers::lettre(Box::new(Stream::new(Replay::new(script))), &peers::lettre_name());
    peers::send(&mut client, message());
    instrument.measure_with(case.by("lettre"), message, |message| peers::send(&mut client, message));

    let message = || for_async_smtp(recipients, MESSAGE);
    let server = Server::default();
    let script = twice(peers::async_smtp(Stream::new(server.clone())), &server, message, &ours);
    let mut client = peers::async_smtp(Stream::new(Replay::new(script)));
    peers::send(&mut client, message());
    instrument.measure_with(case.by("async-smtp"), message, |message| peers::send(&mut client, message));

    let message = || for_io_smtp(recipients, MESSAGE);
    let server = Server::default();
    let script = twice(IoSmtp::hello(server.clone()), &server, message, &ours);
    let mut client = IoSmtp::hello(Replay::new(script));
    peers::send(&mut client, message());
    instrument.measure_with(case.by("io-smtp"), message, |message| peers::send(&mut client, message));
}

/// Sends two messages, and checks that the second conversation is the same as ours. Returns its script.
fn twice<C: Client>(
    mut client: C,
    server: &Server,
    message: impl Fn() -> C::Message<'static>,
    ours: &[String; 2],
) -> &'static Script {
    peers::send(&mut client, message());
    server.mark();
    peers::send(&mut client, message());
    assert_eq!(*ours, said(&server.conversation()));
    server.script()
}

pub(super) fn send_and_quit<C: Client>(mut client: C, message: C::Message<'_>) {
    peers::send(&mut client, message);
    peers::quit(client);
}

fn drive_ours(recipients: &[String], mut server: Server) {
    let mut delivery = Delivery::new(ours::config(Afterwards::Quit), ours::envelope(recipients));
    assert_eq!(ours::drive(&mut delivery, MESSAGE, &mut server), recipients.len());
}

fn measure_ours(
    instrument: &mut impl Instrument,
    case: Case,
    who: &'static str,
    recipients: &[String],
    script: &'static Script,
) {
    let setup = || (ours::config(Afterwards::Quit), ours::envelope(recipients));
    instrument.measure_with(case.by(who), setup, |(config, envelope)| {
        let mut delivery = Delivery::new(config, envelope);
        let delivered = ours::drive(&mut delivery, MESSAGE, &mut Replay::new(script));
        (delivery, delivered)
    });
}

/// What a client sent, for comparison: its commands without parameters, and the content without the empty
/// line that some clients add at the end.
fn said(conversation: &Conversation) -> [String; 2] {
    let content = String::from_utf8(conversation.content.clone()).expect("the message is ASCII");
    [conversation.commands.join("\n"), content.replace("\r\n\r\n.\r\n", "\r\n.\r\n")]
}

/// A session that has sent one message and waits for the next, including its buffers.
pub fn idle() -> Session {
    let mut session = Session::new(Limits::DEFAULT);
    let name = inputs::HELLO_NAME.parse().expect("a name");
    let [sender, recipient] = [inputs::SENDER, "recipient@example.com"];
    let (sender, recipient) = (sender.parse().expect("an address"), recipient.parse().expect("an address"));
    answered(&mut session, "220 mx.example.com ESMTP\r\n");
    for (command, reply) in [
        (Command::Ehlo(&name), inputs::EHLO),
        (Command::Mail(&sender, &MailParameters::default()), "250 2.1.0 Ok\r\n"),
        (Command::Rcpt(&recipient, RcptParameters::NONE), "250 2.1.5 Ok\r\n"),
        (Command::Data, "354 Go on\r\n"),
    ] {
        session.command(&command).expect("in order");
        answered(&mut session, reply);
    }
    session.begin_content(ContentEncoder::new(LineEndings::Mend, Body::SevenBit)).expect("content is due");
    session.content(MESSAGE).expect("lines of ASCII");
    session.end_content().expect("lines of ASCII");
    answered(&mut session, "250 2.0.0 Ok\r\n");
    assert_eq!(session.stage(), Stage::Idle);
    session
}

fn answered(session: &mut Session, reply: &str) {
    session.sent(session.output().len()).expect("all shown octets can be sent");
    // Replies arrive in two pieces, so that their buffer is allocated too.
    let (start, rest) = reply.split_at(reply.len() / 2);
    assert!(session.received(start.as_bytes()).1.is_none());
    assert!(matches!(session.received(rest.as_bytes()).1, Some(Event::Reply { .. })));
}
