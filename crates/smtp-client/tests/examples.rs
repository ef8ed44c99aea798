//! The blocking examples of the documentation, unchanged, against a server that hangs up on EHLO.

use std::sync::mpsc;

use smtp_client::KnownHosts;
use smtp_proto::{Envelope, TlsPolicy};
use smtp_testkit::server::loose::{HELO, MESSAGE, QUIT, Server};

#[path = "../examples/blocking.rs"]
#[allow(dead_code, unreachable_pub, reason = "it has its own main")]
mod blocking;
#[path = "../examples/mail_server.rs"]
#[allow(unreachable_pub, reason = "the example is also built as a crate")]
mod mail_server;

const HANG_UP: &str = "S: 220 ready\nC: EHLO\n-- close\n-- connect\n";

#[test]
fn a_hang_up_on_ehlo_and_a_server_that_is_gone_are_reported_as_the_page_says() {
    let page = include_str!("../../../docs/blocking.md");
    let server = Server::start(&format!("{HANG_UP}{HELO}{MESSAGE}{QUIT}"));
    let address = server.address;
    let after_helo = blocking::deliver(address.into()).unwrap();
    assert_eq!(server.heard().len(), 2);
    let with_nobody_there = blocking::deliver(address.into()).unwrap();
    // Other systems have other numbers for the error.
    let shown = if cfg!(target_os = "linux") { vec![after_helo, with_nobody_there] } else { vec![after_helo] };
    for report in shown {
        let report = report.replace(&address.to_string(), "127.0.0.1:2525");
        assert!(page.contains(&format!("```text\n{report}```\n")), "{report}");
    }
}

#[test]
fn a_mail_server_keeps_its_connection_and_remembers_a_hang_up_on_ehlo() {
    let two_messages = format!("{HELO}{MESSAGE}{MESSAGE}{QUIT}");
    let server = Server::start(&format!("{HANG_UP}{two_messages}-- connect\n{two_messages}"));
    let known = KnownHosts::new();
    for _ in 0..2 {
        let (to_queue, queue) = mpsc::channel();
        for recipient in ["b@example.net", "c@example.net"] {
            let envelope = Envelope::new("a@example.com".parse().unwrap(), vec![recipient.parse().unwrap()]).unwrap();
            to_queue.send((envelope, "Subject: hello\r\n\r\nhello\r\n".to_owned())).unwrap();
        }
        drop(to_queue);
        let reports = mail_server::deliver((server.address.into(), TlsPolicy::Never, known.clone()), &queue).unwrap();
        assert!(reports.len() == 2 && reports.iter().all(|report| report.contains("> delivered")), "{reports:?}");
    }
    // The second run knows about the server: its first command is HELO.
    assert_eq!(server.heard().len(), 3);
}
