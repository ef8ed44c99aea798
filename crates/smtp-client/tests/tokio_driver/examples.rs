//! The examples of the documentation, unchanged, against a server that hangs up on EHLO.

use smtp_testkit::server::loose::{HELLO, HELO, MESSAGE, QUIT, Server};

#[path = "../../examples/async.rs"]
#[allow(dead_code, unreachable_pub, reason = "it has its own main")]
mod one;
#[path = "../../examples/pool.rs"]
#[allow(dead_code, unreachable_pub, reason = "it has its own main")]
mod pool;

const HANG_UP: &str = "S: 220 ready\nC: EHLO\n-- close\n";

#[tokio::test]
async fn the_examples_survive_a_hang_up_on_ehlo() {
    let helo_at_once = format!("-- connect\n{HELO}{MESSAGE}");
    let server = Server::start(&format!("{HANG_UP}{helo_at_once}{QUIT}"));
    let report = one::deliver(server.address.into()).await.unwrap();
    assert!(report.starts_with("<b@example.net> delivered"), "{report}");
    server.heard();

    // The second message uses the connection of the first.
    let server = Server::start(&format!("{HANG_UP}{helo_at_once}{MESSAGE}{QUIT}"));
    let reports = pool::deliver(server.address.into()).await.unwrap();
    assert!(reports.iter().all(|report| report.contains("> delivered")), "{reports:?}");
    assert_eq!(server.heard().len(), 2);

    let server = Server::start(&format!("{HELLO}{MESSAGE}{QUIT}"));
    one::deliver(server.address.into()).await.unwrap();
    server.heard();
}
