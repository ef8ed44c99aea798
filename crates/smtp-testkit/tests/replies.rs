//! Parses the replies of testdata/replies: whole, octet by octet, and split in two at every octet.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use smtp_proto::{Capabilities, Code, Escaped, Limits, Reply, ReplyDecoder, ReplyError, SizeLimit, keywords};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/replies")
}

/// Name and octets of each file.
fn replies(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "reply")).collect();
    files.sort();
    assert!(!files.is_empty());
    let read = |path: &PathBuf| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap());
    files.iter().map(read).collect()
}

/// The result of decoding octets that arrive in these pieces.
fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<(Code, Vec<u8>)>, ReplyError> {
    let mut decoder = ReplyDecoder::new(&Limits::DEFAULT);
    for piece in pieces {
        let (taken, reply) = decoder.decode(piece);
        if let Some(reply) = reply? {
            assert_eq!(taken, piece.len(), "octets are left after the reply");
            return Ok(Some((reply.code(), reply.octets().to_vec())));
        }
    }
    Ok(None)
}

fn describe(name: &str, reply: &Reply<'_>) -> String {
    let mut text = format!("{name}: {}", reply.code());
    if let Some(enhanced) = reply.enhanced() {
        write!(text, ", enhanced {enhanced}").unwrap();
    }
    text.push('\n');
    for line in reply.lines() {
        writeln!(text, "  |{}|", Escaped(line)).unwrap();
    }
    let is_hello = name.contains("ehlo") || name.contains("lhlo");
    if is_hello && reply.code().severity().is_none() {
        let known: Vec<_> = keywords(reply).map(|keyword| keyword.to_string()).collect();
        writeln!(text, "  keywords: {}", or_none(&known)).unwrap();
        writeln!(text, "  offers: {}", or_none(&offers(&Capabilities::from_reply(reply).unwrap_or_default()))).unwrap();
    }
    text
}

fn or_none(names: &[String]) -> String {
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

fn offers(offered: &Capabilities) -> Vec<String> {
    let size = match offered.size {
        SizeLimit::NotOffered => None,
        SizeLimit::Unlimited => Some("size".to_owned()),
        SizeLimit::Octets(limit) => Some(format!("size up to {limit}")),
    };
    let flags = [
        (offered.pipelining, "pipelining"),
        (offered.eight_bit_mime, "8bitmime"),
        (offered.enhanced_status_codes, "enhanced status codes"),
        (offered.smtputf8, "smtputf8"),
        (offered.starttls, "starttls"),
        (offered.chunking, "chunking"),
        (offered.binary_mime, "binarymime"),
        (offered.dsn, "dsn"),
    ];
    let flags = flags.into_iter().filter(|(offered, _)| *offered).map(|(_, name)| name.to_owned());
    let auth = offered.auth.map(|mechanisms| {
        mechanisms.iter().fold("auth".to_owned(), |text, mechanism| text + " " + &mechanism.name().to_ascii_lowercase())
    });
    flags.chain(auth).chain(size).collect()
}

fn snapshot(text: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("replies", text);
    });
}

#[test]
fn every_reply_is_parsed_as_its_snapshot_says() {
    let mut text = String::new();
    for (name, octets) in replies(&directory()) {
        let parsed = Reply::parse(&octets).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let (taken, reply) = parsed.unwrap_or_else(|| panic!("{name} is not complete"));
        assert_eq!(taken, octets.len(), "{name}: octets are left after the reply");
        text.push_str(&describe(&name, &reply));
    }
    text.push_str("\ninvalid or incomplete\n\n");
    for (name, octets) in replies(&directory().join("invalid")) {
        match Reply::parse(&octets) {
            Ok(Some((reply, _))) => panic!("{name} was parsed as {reply}"),
            Ok(None) => writeln!(text, "{name}: incomplete").unwrap(),
            Err(fault) => writeln!(text, "{name}: {fault}").unwrap(),
        }
    }
    snapshot(&text);
}

#[test]
fn splitting_a_reply_does_not_change_it() {
    let invalid = replies(&directory().join("invalid"));
    for (name, octets) in replies(&directory()).into_iter().chain(invalid) {
        let whole = Reply::parse(&octets).map(|reply| reply.map(|(_, reply)| (reply.code(), reply.octets().to_vec())));
        for at in 0..=octets.len() {
            let (first, second) = octets.split_at(at);
            // A fault may be found in the first piece; the rest is then ignored.
            assert_eq!(decoded([first, second]), whole, "{name}, split at {at}");
        }
        assert_eq!(decoded(octets.chunks(1)), whole, "{name}, one octet at a time");
    }
}

#[test]
fn a_reply_ends_where_the_next_one_starts() {
    for (name, octets) in replies(&directory()) {
        let two = [&octets[..], b"250-next\r\n"].concat();
        // Empty lines before a reply are not part of it.
        let own = octets.strip_prefix(b"\r\n").unwrap_or(&octets);
        let (taken, reply) = Reply::parse(&two).unwrap().unwrap();
        assert_eq!((reply.octets(), &two[taken..]), (own, &b"250-next\r\n"[..]), "{name}");
        let mut decoder = ReplyDecoder::new(&Limits::DEFAULT);
        let (taken, reply) = decoder.decode(&two);
        assert_eq!((taken, reply.unwrap().unwrap().octets()), (octets.len(), own), "{name}");
    }
}
