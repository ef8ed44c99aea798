//! `smtp-forward` with servers that use TLS.

mod program;

use std::{io::Write, process::Output};

use program::{MESSAGE, run, text};
use serde_json::Value;
use smtp_testkit::server::{
    loose::{HELLO, HELO, MESSAGE as TAKEN, QUIT, Server},
    tls::Certificates,
};
use tempfile::NamedTempFile;

const STARTTLS: &str = "S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n";
const CONNECT: &str = "-- connect\n";

/// A file with the certificate of the authority that the servers of the testkit have theirs from.
fn authority() -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(Certificates::of_this_process().authority_pem().as_bytes()).unwrap();
    file
}

/// Sends a message to a server with this script. Returns the output, and what the server heard on each connection.
fn send(script: &str, more: &[&str]) -> (Output, Vec<Vec<String>>) {
    let server = Server::start(script);
    let authority = authority();
    let more: Vec<_> =
        more.iter().map(|argument| argument.replace("{ca}", authority.path().to_str().unwrap())).collect();
    let arguments = ["send", "--from", "a@example.com", "--to", "b@example.net", "--server", "{server}"];
    let arguments: Vec<_> = arguments.into_iter().chain(more.iter().map(String::as_str)).collect();
    let output = run(&arguments, Some(server.address), MESSAGE.as_bytes());
    (output, server.heard())
}

fn has_mail(heard: &[Vec<String>]) -> bool {
    heard.iter().flatten().any(|line| line.starts_with("MAIL"))
}

#[test]
fn a_message_is_sent_as_securely_as_the_policy_asks() {
    let secured = format!("{STARTTLS}-- tls\nC: EHLO\nS: 250 hi\n{TAKEN}{QUIT}");
    let in_clear = format!("{HELLO}{TAKEN}{QUIT}");
    let implicit = format!("-- tls\n{in_clear}");
    let refused = format!("{HELLO}{QUIT}");
    let required = &["--tls", "required", "--ca-file", "{ca}"][..];
    let implicitly = &["--tls", "implicit", "--ca-file", "{ca}"][..];
    for (script, arguments, status, said, sent) in [
        (&secured, &[][..], 0, "Over TLSv1.3, to a server that was not verified: ", true),
        (&secured, required, 0, "Over TLSv1.3, to a verified server.", true),
        (&secured, &["--ca-file", "{ca}"], 0, "Over TLSv1.3, to a verified server.", true),
        (&secured, &["--tls", "required"], 75, "is not trusted", false),
        (&secured, &[required, &["--tls-name", "other.test"]].concat(), 75, "is not for other.test", false),
        (&secured, &[required, &["--tls-name", "mx.test"]].concat(), 0, "to a verified server.", true),
        (&in_clear, &[], 0, "In clear: the server does not offer STARTTLS.", true),
        (&refused, required, 75, "it needs TLS", false),
        (&"S: 220 ready\n".to_owned(), implicitly, 75, "it does not speak TLS on this port", false),
        (&implicit, implicitly, 0, "Over TLSv1.3, to a verified server.", true),
        (&implicit, &["--tls", "implicit"], 75, "is not trusted", false),
        // Somebody injects octets, which arrive before or after the handshake has begun.
        (&format!("{STARTTLS}S: 250 injected\n"), &[], 75, "sent octets in clear at the TLS handshake", false),
        (&format!("{STARTTLS}S: 250 injected\n"), required, 75, "sent octets in clear at the TLS handshake", false),
        // Clear text to a server that speaks TLS.
        (&"-- silence\n".to_owned(), &["--timeout", "0.3"], 75, "The server may expect TLS from the start", false),
        (&"S: \u{15}\u{3}\u{3}\n-- close\n".to_owned(), &[], 75, "The server may expect TLS from the start", false),
        // A refusal, and a handshake that fails.
        (
            &format!("S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\nS: 454 not now\n{TAKEN}{QUIT}"),
            &[],
            0,
            "In clear: the server refused STARTTLS with 454 not now.",
            true,
        ),
        (
            &format!("S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\nS: 454 not now\n{QUIT}"),
            required,
            75,
            "it needs TLS, which the server does not offer or HELO cannot carry: 454 not now",
            false,
        ),
        (&format!("{STARTTLS}-- close\n{CONNECT}{in_clear}"), &[], 0, "a new connection was opened without TLS.", true),
        (&format!("{STARTTLS}-- close\n{CONNECT}{in_clear}"), required, 75, "the TLS handshake", false),
        // A hang-up on EHLO: inside TLS and before it.
        (
            &format!(
                "{STARTTLS}-- tls\nC: EHLO\n-- close\n{CONNECT}{STARTTLS}-- tls\nC: HELO\nS: 250 hi\n{TAKEN}{QUIT}"
            ),
            required,
            0,
            "Over TLSv1.3, to a verified server.",
            true,
        ),
        (
            &format!("-- tls\nS: 220 ready\nC: EHLO\n-- close\n{CONNECT}-- tls\n{HELO}{TAKEN}{QUIT}"),
            implicitly,
            0,
            "Over TLSv1.3, to a verified server.",
            true,
        ),
        (
            &format!("S: 220 ready\nC: EHLO\n-- close\n{CONNECT}{HELO}{TAKEN}{QUIT}"),
            required,
            75,
            "it needs TLS",
            false,
        ),
        (
            &format!("{STARTTLS}-- tls\nC: EHLO\nS: 250-hi\nS: 250 REQUIRETLS\n{TAKEN}{QUIT}"),
            &[required, &["--requiretls"]].concat(),
            0,
            "to a verified server.",
            true,
        ),
        (
            &format!("{STARTTLS}-- tls\n{refused}")
                .replace("S: 220 ready\nC: EHLO\nS: 250 hi\nC: QUIT", "C: EHLO\nS: 250 hi\nC: QUIT"),
            &[required, &["--requiretls"]].concat(),
            65,
            "it needs REQUIRETLS",
            false,
        ),
    ] {
        let (output, heard) = send(script, arguments);
        let report = text(&output.stdout);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}\n{script}\n{report}");
        assert!(report.contains(said), "{arguments:?}\n{script}\n{report}");
        assert_eq!(has_mail(&heard), sent, "{arguments:?}\n{script}\n{heard:?}");
    }
}

#[test]
fn a_message_that_requires_tls_says_so_to_the_server() {
    let script = format!("-- tls\nS: 220 ready\nC: EHLO\nS: 250-hi\nS: 250 REQUIRETLS\n{TAKEN}{QUIT}");
    let (_, heard) = send(&script, &["--tls", "implicit", "--ca-file", "{ca}", "--requiretls"]);
    assert_eq!(heard[0][1], "MAIL FROM:<a@example.com> REQUIRETLS");
}

#[test]
fn a_certificate_can_be_pinned_by_the_fingerprint_that_a_probe_prints() {
    let offers = "S: 220 ready\nC: EHLO\nS: 250-hi\nS: 250-SIZE\nS: 250 STARTTLS\n";
    let probed = Server::start(&format!(
        "{offers}C: STARTTLS\nS: 220 go\n-- tls\nC: EHLO\nS: 250-hi\nS: 250 AUTH LOGIN\n{QUIT}"
    ));
    let output = run(&["probe", "--json", "--server", "{server}"], Some(probed.address), b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["offers"][0]["keyword"], "AUTH");
    assert_eq!(report["offers_in_clear"][1]["keyword"], "STARTTLS");
    let tls = &report["tls"];
    assert_eq!((&tls["version"], &tls["verified"]), (&"TLSv1.3".into(), &false.into()));
    assert_eq!(tls["names"][0], "localhost");
    let fingerprint = tls["fingerprint"].as_str().unwrap();
    let other = fingerprint.replace(['0', '1'], "2");
    for (pin, status) in [(fingerprint, 0), (&other, 75)] {
        let script = format!("-- tls\n{HELLO}{TAKEN}{QUIT}");
        let (output, heard) = send(&script, &["--tls", "implicit", "--tls-fingerprint", pin]);
        assert_eq!(output.status.code(), Some(status), "{}", text(&output.stdout));
        assert_eq!(has_mail(&heard), status == 0);
    }
}

#[test]
fn arguments_about_tls_are_checked_before_anything_is_sent() {
    let (key, nothing) = (NamedTempFile::new().unwrap(), NamedTempFile::new().unwrap());
    let (key, nothing) = (key.path().to_str().unwrap(), nothing.path().to_str().unwrap());
    for (arguments, status, said) in [
        (&["--ca-file", "/no/such/file"][..], 66, "/no/such/file cannot be read"),
        (&["--ca-file", nothing], 64, "certificate"),
        (&["--tls-fingerprint", "12:34"], 64, "64 hexadecimal digits"),
        (&["--tls-fingerprint", &"00".repeat(32), "--ca-file", "{ca}"], 64, "cannot be used with"),
        (&["--tls-name", "b\u{fc}cher.example"], 64, "xn--"),
        (&["--client-cert", nothing], 64, "--client-key"),
        (&["--client-cert", nothing, "--client-key", key], 64, "certificate"),
        (&["--tls", "none", "--requiretls"], 64, "--requiretls needs TLS"),
        (&["--bind", "localhost"], 64, "invalid IP address"),
        (&["-4", "-6"], 64, "cannot be used with"),
    ] {
        let (output, heard) = send(&format!("{HELLO}{TAKEN}{QUIT}"), arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(said), "{arguments:?}: {}", text(&output.stderr));
        assert!(heard.is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_server_can_be_given_as_a_url() {
    let in_clear = format!("{HELLO}{TAKEN}{QUIT}");
    let implicit = format!("-- tls\n{in_clear}");
    for (script, url, more, status, said) in [
        (&in_clear, "smtp://{server}", &[][..], 0, ""),
        (&implicit, "smtps://{server}/", &["--ca-file", "{ca}"], 0, ""),
        (&implicit, "smtps://{server}", &["--tls", "none"], 64, "smtps:// is implicit TLS"),
        (&in_clear, "smtp://user:hunter2@{server}", &[], 64, "--auth-user"),
        (&in_clear, "user:hunter2@{server}", &[], 64, "--auth-user"),
        (&in_clear, "http://{server}", &[], 64, "expected HOST"),
    ] {
        let server = Server::start(script);
        let authority = authority();
        let more = more.iter().map(|argument| argument.replace("{ca}", authority.path().to_str().unwrap()));
        let arguments =
            ["send", "--from", "a@example.com", "--to", "b@example.net", "--server", url].map(str::to_owned);
        let arguments: Vec<_> = arguments.into_iter().chain(more).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let output = run(&arguments, Some(server.address), MESSAGE.as_bytes());
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{url}: {errors}");
        assert!(errors.contains(said) && !errors.contains("hunter2"), "{url}: {errors}");
        assert_eq!(has_mail(&server.heard()), status == 0, "{url}");
    }
}

#[test]
fn connections_go_from_the_given_address_to_the_given_family() {
    for (arguments, status) in
        [(&["--bind", "127.0.0.1"][..], 0), (&["-4"], 0), (&["--bind", "::1"], 75), (&["--bind", "192.0.2.1"], 75)]
    {
        let (output, heard) = send(&format!("{HELLO}{TAKEN}{QUIT}"), arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", text(&output.stdout));
        assert_eq!(has_mail(&heard), status == 0, "{arguments:?}");
    }
}

/// After the end of the content, the connection is kept. Then the server ends it with an alert.
#[test]
fn a_kept_connection_that_ended_is_replaced_by_one_that_is_secured_like_it() {
    let script = format!("{STARTTLS}-- tls\nC: EHLO\nS: 250 hi\n{TAKEN}-- close\n");
    let script = format!("{script}{CONNECT}{STARTTLS}-- tls\nC: EHLO\nS: 250 hi\n{TAKEN}{QUIT}");
    let (output, heard) = send(&script, &["--tls", "required", "--ca-file", "{ca}", "--repeat", "2"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_eq!(heard.iter().map(|lines| lines.iter().filter(|line| *line == "DATA").count()).sum::<usize>(), 2);
}
