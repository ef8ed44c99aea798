//! Commands: each command that a user can build is one line, and parses back to the same values.

use arbitrary::{Arbitrary, Result, Unstructured};
use smtp_proto::{Body, Command, ForwardPath, HelloName, MailParameters, Mailbox, RcptParameters, ReversePath};

/// Texts and parameters to build commands from.
#[derive(Clone, Debug)]
pub struct Input {
    name: Text,
    from: Text,
    to: Text,
    size: Option<u64>,
    body: Body,
    smtputf8: bool,
}

/// A text with the characters of addresses, and with characters that would end an address.
#[derive(Clone, Debug)]
struct Text(String);

impl<'a> Arbitrary<'a> for Text {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const PARTS: [&str; 64] = [
            "a",
            "b",
            ".",
            "@",
            "\"",
            "\\",
            "<",
            ">",
            " ",
            "\r\n",
            "\n",
            "\r",
            "\0",
            "é",
            "-",
            "_",
            "[",
            "]",
            ":",
            "x@y",
            "\"q\"@z",
            "[192.0.2.1]",
            "example.net",
            "> AUTH=<",
            "> NOTIFY=NEVER",
            "postmaster",
            "\u{a0}",
            "\u{85}",
            "\u{2028}",
            "1",
            "+",
            ",",
            "\u{ad}",
            "\u{61c}",
            "\u{180e}",
            "\u{200b}",
            "\u{200f}",
            "\u{202a}",
            "\u{202e}",
            "\u{2060}",
            "\u{2064}",
            "\u{2066}",
            "\u{206a}",
            "\u{206f}",
            "\u{feff}",
            "\u{fff9}",
            "\u{fffb}",
            "\u{e0000}",
            "\u{e0041}",
            "\u{e007f}",
            "\u{9b}",
            "\u{1b}",
            "\u{7f}",
            "\"u> NOTIFY=NEVER\"@z",
            "Bob <a@b>",
            "..",
            ";",
            "(",
            ")",
            "=",
            "\u{10ffff}",
            "\u{2764}\u{fe0f}",
            "xn--",
            "[IPv6:::1]",
        ];
        let len = usize::from(u8::arbitrary(u)? & 15);
        let mut text = String::new();
        for octet in u.bytes(len.min(u.len()))? {
            match octet {
                0xff => text.push_str(&"long.".repeat(50)),
                other => text.push_str(PARTS[usize::from(other & 63)]),
            }
        }
        Ok(Self(text))
    }
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let choices = u8::arbitrary(u)?;
        Ok(Self {
            body: if choices & 1 != 0 { Body::EightBit } else { Body::SevenBit },
            smtputf8: choices & 2 != 0,
            size: if choices & 4 != 0 { Some(u64::from_le_bytes(Arbitrary::arbitrary(u)?)) } else { None },
            name: Text::arbitrary(u)?,
            from: Text::arbitrary(u)?,
            to: Text::arbitrary(u)?,
        })
    }
}

/// Builds all commands that the texts allow, and parses them back.
pub fn body(input: Input) {
    let Input { name, from, to, size, body, smtputf8 } = input;
    let mut fixed = vec![Command::Data, Command::Rset, Command::Noop, Command::Quit];
    let name = HelloName::new(&name.0).ok();
    if let Some(name) = &name {
        assert!(is_word(name.as_str()) && name.as_str().is_ascii(), "{name:?} must be one word");
        fixed.extend([Command::Ehlo(name), Command::Helo(name), Command::Lhlo(name)]);
    }
    for command in &fixed {
        let line = line(command);
        let argument = name.as_ref().map(HelloName::as_str).filter(|_| line.len() > 4).unwrap_or_default();
        let (verb, rest) = line.split_at(4);
        let known = ["EHLO", "HELO", "LHLO", "DATA", "RSET", "NOOP", "QUIT"].contains(&verb);
        assert!(known && rest.trim_start_matches(' ') == argument, "{line:?}");
    }
    if let Ok(path) = from.0.parse::<ReversePath>() {
        let parameters = MailParameters::new().with_size(size).with_body(body).with_smtputf8(smtputf8);
        let line = line(&Command::Mail(&path, &parameters));
        let (read, rest) = path_of(&line, "MAIL FROM:");
        assert_eq!(read, path.as_str(), "{line:?}");
        assert_eq!(read.parse::<ReversePath>().as_ref(), Ok(&path), "the path parses back to itself");
        let mut expected = size.map(|size| format!(" SIZE={size}")).unwrap_or_default();
        expected += if body == Body::EightBit { " BODY=8BITMIME" } else { "" };
        expected += if smtputf8 { " SMTPUTF8" } else { "" };
        assert_eq!(rest, expected, "only the parameters follow");
        if let ReversePath::Mailbox(mailbox) = &path {
            check_mailbox(mailbox);
        }
    }
    if let Ok(path) = to.0.parse::<ForwardPath>() {
        let line = line(&Command::Rcpt(&path, RcptParameters::NONE));
        let (read, rest) = path_of(&line, "RCPT TO:");
        assert_eq!((read, rest), (path.as_str(), ""), "{line:?}");
        assert_eq!(read.parse::<ForwardPath>().as_ref(), Ok(&path), "the path parses back to itself");
        if let ForwardPath::Mailbox(mailbox) = &path {
            check_mailbox(mailbox);
        }
    }
}

/// The command as a server reads it. Checks that it is one line.
fn line(command: &Command<'_>) -> String {
    let mut octets = Vec::new();
    command.encode(&mut octets);
    let text = String::from_utf8(octets).expect("commands are UTF-8");
    let line = text.strip_suffix("\r\n").expect("a line end");
    assert!(!line.contains(char::is_control), "{line:?} must be one line");
    assert!(!line.contains(fools_a_reader), "{line:?} must be what it looks like");
    line.into()
}

/// Reads the path between angle brackets like a server that does not know quoted strings. Returns the path and what
/// follows it.
fn path_of<'l>(line: &'l str, verb: &str) -> (&'l str, &'l str) {
    let path = line.strip_prefix(verb).and_then(|rest| rest.strip_prefix('<')).expect("a path after the verb");
    path.split_once('>').unwrap_or_else(|| panic!("the path in {line:?} does not end"))
}

fn check_mailbox(mailbox: &Mailbox) {
    let address = mailbox.as_str();
    assert_eq!(address, format!("{}@{}", mailbox.local_part(), mailbox.domain()));
    assert!(address.len() <= 254, "RFC 5321 section 4.5.3.1.3");
    assert!(is_word(mailbox.domain()), "{mailbox:?}: the domain must be one word");
    let local = mailbox.local_part();
    let is_one_piece = if local.starts_with('"') { is_quoted_string(local) } else { is_word(local) };
    assert!(is_one_piece, "{mailbox:?}");
}

/// Whether a server that knows quoted strings reads this, which starts with a quote, as one quoted string.
fn is_quoted_string(text: &str) -> bool {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1 == text.len(),
            _ => {}
        }
    }
    false
}

/// Whether a server that splits at whitespace and angle brackets reads this as one word.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'))
}

/// Whether a character cannot be seen, or changes the order or the look of others.
fn fools_a_reader(character: char) -> bool {
    [
        0xad..=0xad,
        0x61c..=0x61c,
        0x180e..=0x180e,
        0x200b..=0x200f,
        0x202a..=0x202e,
        0x2060..=0x2064,
        0x2066..=0x206f,
        0xfeff..=0xfeff,
        0xfff9..=0xfffb,
        0xe0000..=0xe007f,
    ]
    .iter()
    .any(|range| range.contains(&u32::from(character)))
}
