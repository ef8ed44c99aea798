//! The commands of docs/testing-a-client.md, as they are printed there but for the port and the folder.

mod program;

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use program::{MESSAGE, start, text};

const PAGE: &str = include_str!("../../../docs/testing-a-client.md");
const ADDRESS: &str = "127.0.0.1:2525";
const FILE: &str = "message.eml";

/// The text of the first block of the page that starts so.
fn block(start: &str) -> &'static str {
    let rest = PAGE.split("```").find_map(|block| block.strip_prefix(start));
    rest.unwrap_or_else(|| panic!("no block starts with {start}"))
}

/// The arguments of a command, with other names for the address and the file.
fn arguments(command: &str, address: &str, file: &str) -> Vec<String> {
    assert!(command.contains(ADDRESS), "{command}");
    command.split_whitespace().map(|word| word.replace(ADDRESS, address).replace(FILE, file)).collect()
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[test]
fn the_commands_of_the_page_print_what_it_says() {
    let message = Path::new(env!("CARGO_TARGET_TMPDIR")).join(FILE);
    fs::write(&message, MESSAGE).unwrap();

    let playing = arguments(block("sh\nsmtp-forward "), "127.0.0.1:0", FILE);
    let mut server = start(&borrowed(&playing), None);
    let mut errors = BufReader::new(server.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    let address = line.strip_prefix("listening on ").and_then(|rest| rest.split(": ").next());
    let address = address.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("{line}"));

    let command = block("sh\nsmtp-forward send ");
    let sending = [vec!["send".to_owned()], arguments(command, "{server}", message.to_str().unwrap())].concat();
    let client = start(&borrowed(&sending), Some(address)).wait_with_output().unwrap();
    assert!(client.status.success(), "{}", text(&client.stderr));

    let played = server.wait_with_output().unwrap();
    errors.read_to_string(&mut line).unwrap();
    assert!(played.status.success(), "{line}");
    assert_eq!(text(&played.stdout), block("text\n"));
}
