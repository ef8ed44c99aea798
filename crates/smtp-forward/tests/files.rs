//! `smtp-forward send` with pipes, links, and paths that are not files.

#![cfg(unix)]

mod program;

use std::{
    fs::{self, File},
    io,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use program::{
    MESSAGE,
    messages::{Change, SEND, arguments, ended, make_fifo, three},
    run, text,
};
use smtp_testkit::server::loose::{HELLO, MESSAGE as TAKEN, QUIT, Server};

#[test]
fn links_in_a_maildir_are_named_and_nothing_is_sent() {
    let links: [(&str, Change); 3] = [
        ("new/2", |dir| symlink(dir.join("elsewhere/secret"), dir.join("new/2")).unwrap()),
        ("new", |dir| {
            fs::rename(dir.join("new"), dir.join("was")).unwrap();
            symlink(dir.join("elsewhere"), dir.join("new")).unwrap();
        }),
        ("cur", |dir| {
            fs::remove_dir(dir.join("cur")).unwrap();
            symlink(dir.join("elsewhere"), dir.join("cur")).unwrap();
        }),
    ];
    for (named, link) in links {
        let dir = tempfile::tempdir().unwrap();
        for part in ["new", "cur", "elsewhere"] {
            fs::create_dir(dir.path().join(part)).unwrap();
        }
        fs::write(dir.path().join("new/1"), MESSAGE).unwrap();
        fs::write(dir.path().join("elsewhere/secret"), MESSAGE).unwrap();
        link(dir.path());
        let server = Server::start("S: 220 ready\n");
        let output =
            run(&[&SEND[..], &["--maildir", dir.path().to_str().unwrap()]].concat(), Some(server.address), b"");
        assert_eq!(output.status.code(), Some(66), "{named}");
        let said = format!("{} cannot be read: it is a symbolic link", dir.path().join(named).to_str().unwrap());
        assert!(text(&output.stderr).contains(&said), "{named}: {}", text(&output.stderr));
        assert!(server.heard().is_empty(), "{named}");
    }
}

#[test]
fn a_pipe_is_a_message_that_is_read_once() {
    let (dir, paths) = three();
    let fifo = dir.path().join("fifo");
    make_fifo(&fifo);
    let content = format!("Subject: fifo\n\n{}", "A line.\n".repeat(100_000));
    for more in [&[][..], &["--spool-limit", "800015"], &["--repeat", "2"]] {
        let times = if more == ["--repeat", "2"] { 2 } else { 1 };
        let server = Server::start(&format!("{HELLO}{}{QUIT}", TAKEN.repeat(2 * times)));
        let writer = thread::spawn({
            let (fifo, content) = (fifo.clone(), content.clone());
            move || fs::write(fifo, content)
        });
        let files = [fifo.clone(), paths[0].clone()];
        let output = run(&arguments(&files, more), Some(server.address), b"");
        assert_eq!(output.status.code(), Some(0), "{more:?}: {}", text(&output.stderr));
        writer.join().unwrap().unwrap();
        let heard = server.heard();
        assert_eq!(ended(&heard), ["fifo", "1"].repeat(times), "{more:?}");
        assert!(heard[0].contains(&(content.replace('\n', "\r\n") + ".\r\n")), "{more:?}");
    }
}

#[test]
fn devices_and_directories_are_rejected() {
    let (dir, paths) = three();
    let link = dir.path().join("link");
    symlink("/dev/zero", &link).unwrap();
    for (path, why) in [
        (Path::new("/dev/zero"), "it is a device"),
        (Path::new("/dev/null"), "it is a device"),
        (&link, "it is a device"),
        (dir.path(), "it is a directory"),
    ] {
        let server = Server::start("S: 220 ready\n");
        let output = run(&arguments(&[paths[0].clone(), path.to_owned()], &[]), Some(server.address), b"");
        assert_eq!(output.status.code(), Some(66), "{path:?}");
        let said = format!("{} cannot be read: {why}", path.to_str().unwrap());
        assert!(text(&output.stderr).contains(&said), "{}", text(&output.stderr));
        assert!(server.heard().is_empty(), "{path:?}");
    }
}

#[test]
fn nothing_is_sent_if_the_spool_limit_is_exceeded() {
    let (dir, paths) = three();
    let fifo = dir.path().join("fifo");
    make_fifo(&fifo);
    let (one, two) = (vec![b'x'; 1024], vec![b'x'; 1025]);
    for (limit, octets, input, taken) in [
        ("1K", &one, Stdio::null(), true),
        ("1K", &two, Stdio::null(), false),
        // The pipe and standard input together.
        ("1K", &one, File::open(&paths[0]).unwrap().into(), false),
        ("2K", &one, File::open(&paths[0]).unwrap().into(), true),
        // Standard input may be a device that never ends.
        ("3M", &one, File::open("/dev/zero").unwrap().into(), false),
    ] {
        let server = Server::start(&format!("{HELLO}{}{QUIT}", TAKEN.repeat(2)));
        let writer = thread::spawn({
            let (fifo, octets) = (fifo.clone(), octets.clone());
            move || fs::write(fifo, octets)
        });
        let address = server.address.to_string();
        let output = Command::new(env!("CARGO_BIN_EXE_smtp-forward"))
            .args(SEND.map(|argument| if argument == "{server}" { &address } else { argument }))
            .args(["--8bit", "send", "--spool-limit", limit, fifo.to_str().unwrap(), "-"])
            .stdin(input)
            .output()
            .unwrap();
        writer.join().unwrap().unwrap();
        assert_eq!(output.status.code(), Some(if taken { 0 } else { 66 }), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr).contains("(--spool-limit)"), !taken, "{}", text(&output.stderr));
        assert_eq!(server.heard().is_empty(), !taken, "{limit}");
    }
}

#[test]
fn standard_input_that_cannot_be_read_is_not_an_empty_message() {
    let (_dir, paths) = three();
    for (redirection, why) in [("<&-", "it is closed"), ("0>\"$OUTPUT\"", "Bad file descriptor")] {
        let server = Server::start(HELLO);
        let output = Command::new("sh")
            .args(["-c", &format!("exec \"$0\" \"$@\" {redirection}"), env!("CARGO_BIN_EXE_smtp-forward")])
            .args(SEND.map(|argument| argument.replace("{server}", &server.address.to_string())))
            .env("OUTPUT", &paths[0])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(66), "{redirection}");
        assert!(text(&output.stderr).contains(&format!("- cannot be read: {why}")), "{}", text(&output.stderr));
        assert!(server.heard().is_empty(), "{redirection}");
    }
}

#[test]
fn a_pipe_without_an_end_is_read_up_to_the_limit() {
    let (dir, paths) = three();
    let fifo = dir.path().join("fifo");
    make_fifo(&fifo);
    let writer = thread::spawn({
        let fifo = fifo.clone();
        move || {
            let mut fifo = File::options().write(true).open(fifo)?;
            io::copy(&mut io::repeat(b'x'), &mut fifo).map(drop)
        }
    });
    let server = Server::start("S: 220 ready\n");
    let output =
        run(&arguments(&[paths[0].clone(), fifo.clone()], &["--spool-limit", "3M"]), Some(server.address), b"");
    assert_eq!(output.status.code(), Some(66));
    let said = format!("{} cannot be read: standard input and pipes have more than 3145728", fifo.to_str().unwrap());
    assert!(text(&output.stderr).contains(&said), "{}", text(&output.stderr));
    assert!(server.heard().is_empty());
    assert_eq!(writer.join().unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}
