//! Owned reports, JSON reports, and reports with long replies.

use smtp_proto::{Config, Delivery, Disconnect, Envelope, HelloName, OwnedReport, Step};

/// Many recipients.
const RECIPIENTS: usize = 1000;

/// Runs a delivery to this many recipients, with a server that sends these replies and then closes the connection.
fn deliver(recipients: usize, server: &[&str]) -> Delivery {
    let from = "a@example.com".parse().unwrap();
    let to = (0..recipients).map(|number| format!("b{number}@example.net").parse().unwrap());
    let envelope = Envelope::new(from, to.collect()).unwrap();
    let mut delivery = Delivery::new(Config::new(HelloName::new("client.example").unwrap()), envelope);
    delivery.connected().unwrap();
    let mut server = server.iter();
    loop {
        match delivery.poll() {
            Step::Transmit(transmit) => {
                let len = transmit.octets().len();
                delivery.sent(len).unwrap();
            }
            Step::Content(_) => delivery.end_content().unwrap(),
            Step::Rewind => delivery.cannot_rewind().unwrap(),
            Step::Receive(_) => match server.next() {
                Some(reply) => delivery.received(reply.as_bytes()).unwrap(),
                None => delivery.disconnected(Disconnect::Closed).unwrap(),
            },
            Step::Connect(_) | Step::Secure(_) | Step::Authenticate(_) | Step::Done(_) => return delivery,
        }
    }
}

/// The replies before the content. The second recipient is refused.
fn to_content(recipients: usize, refusal: &str) -> Vec<&str> {
    let rcpt = (0..recipients).map(|number| if number == 1 { refusal } else { "250 ok\r\n" });
    ["220 hi\r\n", "250 mx\r\n", "250 ok\r\n"].into_iter().chain(rcpt).chain(["354 go\r\n"]).collect()
}

#[test]
fn an_owned_report_equals_the_report_and_outlives_the_delivery() {
    let server = [&to_content(3, "550 no\r\n")[..], &["250 taken\r\n", "221 bye\r\n"]].concat();
    let delivery = deliver(3, &server);
    let servers = [Some("192.0.2.1:25".to_owned())];
    let text = delivery.report().to_string();
    let owned: OwnedReport = delivery.report().with_servers(&servers).into_owned();
    drop((delivery, servers));
    assert_eq!(owned.to_string(), text);
    let [attempt] = owned.as_report().attempts().collect::<Vec<_>>()[..] else { panic!("{owned}") };
    assert_eq!(attempt.server(), Some("192.0.2.1:25"));
    assert_eq!(owned.clone(), owned);
}

#[test]
fn a_reason_is_the_reply_or_what_went_wrong_on_the_connections() {
    for (server, expected) in [
        (&["220 hi\r\n", "250 mx\r\n", "550 5.7.1 not you\r\n"][..], "550 5.7.1 not you"),
        (&["554 no\r\n"], "554 no"),
        (&["220 hi\r\n", "250 mx\r\n", "250 ok\r\n"], "the server closed the connection at RCPT"),
        (
            &["220 hi\r\n", "250 mx\r\n", "250 ok\r\n", "550 no\r\n", "what\r\n"],
            "550 no (the server sent something that is not an SMTP reply at QUIT: what)",
        ),
    ] {
        let delivery = deliver(1, server);
        let reasons: Vec<_> = delivery.report().recipients().map(|recipient| recipient.reason().to_string()).collect();
        assert_eq!(reasons, [expected], "{server:?}");
    }
}

#[test]
fn a_reason_lists_what_went_wrong_on_each_connection() {
    let mut delivery = deliver(1, &["220 hi\r\n"]);
    delivery.connected().unwrap();
    delivery.disconnected(Disconnect::Closed).unwrap();
    let expected =
        "the server closed the connection at EHLO; the server closed the connection at the greeting".to_owned();
    let reasons: Vec<_> = delivery.report().recipients().map(|recipient| recipient.reason().to_string()).collect();
    assert_eq!(reasons, [expected]);
}

/// A reply of about 60 KiB. Each octet of its text is escaped with six characters.
fn long_reply() -> String {
    let line = "\x1b".repeat(12_000);
    format!("250-{line}\r\n").repeat(4) + &format!("250 {line}\r\n")
}

#[test]
fn a_long_reply_is_shown_in_full_only_once() {
    let long = long_reply();
    let delivery = deliver(RECIPIENTS, &[&to_content(RECIPIENTS, "550 no\r\n")[..], &[&long, "221 bye\r\n"]].concat());
    let report = delivery.report();
    let repeated: Vec<_> = report.recipients().map(|recipient| recipient.is_repeated()).collect();
    assert_eq!(repeated, [&[false, false][..], &[true; RECIPIENTS - 2]].concat());
    let lengths: Vec<_> = report.recipients().map(|recipient| recipient.reason().to_string().len()).collect();
    assert!(lengths[0] > 300_000, "{}", lengths[0]);
    assert_eq!(lengths[1], "550 no".len());
    assert_eq!(lengths[2..], [500 + '…'.len_utf8(); RECIPIENTS - 2]);
    let shown = report.to_string();
    assert!(shown.len() < lengths[0] + RECIPIENTS * 600, "{}", shown.len());
}

#[cfg(feature = "serde")]
mod json {
    use super::{RECIPIENTS, deliver, long_reply, to_content};

    #[test]
    fn a_report_is_an_object_and_text_from_the_server_is_escaped() {
        let server =
            [&to_content(2, "550-5.1.1 no\r\n550 5.1.1 \x1b\"\r\n")[..], &["250 taken\r\n", "221 bye\r\n"]].concat();
        let delivery = deliver(2, &server);
        let servers = [Some("192.0.2.1:25".to_owned())];
        let report = delivery.report().with_servers(&servers);
        let json = serde_json::to_string(&report).unwrap();
        let expected = r#"{"outcome":"partial","recipients":[
            {"address":"b0@example.net","status":"delivered","reply":{"code":250,"enhanced":null,"text":"taken"},"reason":"250 taken"},
            {"address":"b1@example.net","status":"failed","reply":{"code":550,"enhanced":"5.1.1","text":"5.1.1 no\n5.1.1 \\u{1b}\""},"reason":"550 5.1.1 no / 5.1.1 \\u{1b}\""}
            ],"attempts":[
            {"server":"192.0.2.1:25","greeting":"ehlo","tls":null,"auth":null,"stage":"quit","ended":"quit","reason":null}]}"#;
        assert_eq!(json, expected.lines().map(str::trim).collect::<String>());
        assert_eq!(serde_json::to_string(&report.into_owned()).unwrap(), json);
    }

    #[test]
    fn unknown_values_are_null() {
        let json = serde_json::to_string(&deliver(1, &["220 hi\r\n"]).report()).unwrap();
        let attempt = r#"{"server":null,"greeting":"ehlo","tls":null,"auth":null,"stage":"hello","ended":"closed","reason":"the server closed the connection at EHLO"}"#;
        assert_eq!(json, format!(r#"{{"outcome":null,"recipients":[],"attempts":[{attempt}]}}"#));
    }

    #[test]
    fn a_long_reply_is_in_the_json_only_once() {
        let long = long_reply();
        let delivery =
            deliver(RECIPIENTS, &[&to_content(RECIPIENTS, "550 no\r\n")[..], &[&long, "221 bye\r\n"]].concat());
        let json = serde_json::to_string(&delivery.report()).unwrap();
        // In the reply and in the reason, and a few hundred octets for each recipient.
        assert!((600_000..1_000_000 + RECIPIENTS * 1_400).contains(&json.len()), "{}", json.len());
    }
}
