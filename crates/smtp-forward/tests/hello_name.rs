//! The name that `smtp-forward` gives in EHLO.

mod program;

use program::{MESSAGE, run, text};
use smtp_testkit::server::loose::{HELLO, MESSAGE as TAKEN, QUIT, Server};

/// What EHLO said, with these arguments.
fn hello(more: &[&str]) -> String {
    let server = Server::start(&format!("{HELLO}{TAKEN}{QUIT}"));
    let send = ["send", "--server", "{server}", "--from", "a@example.com", "--to", "b@example.net"];
    let output = run(&[&send[..], more].concat(), Some(server.address), MESSAGE.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    server.heard()[0][0].clone()
}

#[test]
fn by_default_it_is_a_fully_qualified_name_or_the_address_literal_of_the_connection() {
    let said = hello(&[]);
    let is_fully_qualified = said.contains('.') && !said.contains(['_', '[']);
    assert!(said == "EHLO [127.0.0.1]" || is_fully_qualified, "{said}");
}

#[test]
fn a_name_that_was_given_is_taken_as_it_is() {
    for name in ["DESKTOP_AB12CD", "0123456789ab", "mail.example.com", "[192.0.2.1]"] {
        assert_eq!(hello(&["--helo-name", name]), format!("EHLO {name}"));
    }
}
