//! The inputs of the operations.

/// One line, with an enhanced status code.
pub const SINGLE: &str = "250 2.1.0 Ok\r\n";

/// An EHLO reply of twelve lines, as from a large provider.
pub const EHLO: &str = include_str!("../../testdata/replies/bench-ehlo.reply");

/// 1,024 octets of message, ending in CR LF.
pub const ONE_KIB: &str = include_str!("../../testdata/messages/one-kib.eml");

/// The sender of all messages.
pub const SENDER: &str = "sender@example.com";

/// The recipient of messages with one recipient.
pub const RECIPIENT: &str = "recipient@example.com";

/// The client's name for EHLO.
pub const HELLO_NAME: &str = "client.example";

/// `count` addresses.
pub fn recipients(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("recipient-{number:02}@example.com")).collect()
}

/// 4 MiB of lines of 76 characters. One line in `dots_in` starts with a dot; none if it is 0.
///
/// The last line has no line end, because clients differ in what they do after one.
pub fn content(dots_in: usize) -> Vec<u8> {
    const SIZE: usize = 4 * 1024 * 1024;
    let text: String = ('0'..='z').filter(char::is_ascii_alphanumeric).cycle().take(76).collect();
    let mut content = Vec::with_capacity(SIZE + text.len());
    for number in 1.. {
        // Not the first line, because a message starts with a header.
        let dot = dots_in > 0 && number > 1 && number % dots_in == 0;
        content.extend_from_slice(if dot { b"." } else { b"" });
        content.extend_from_slice(&text.as_bytes()[usize::from(dot)..]);
        if content.len() >= SIZE {
            break;
        }
        content.extend_from_slice(b"\r\n");
    }
    content
}

/// A reply of `lines` lines with `text` in each.
pub fn long_reply(lines: usize, text: &str) -> String {
    format!("250-{text}\r\n").repeat(lines - 1) + &format!("250 {text}\r\n")
}
