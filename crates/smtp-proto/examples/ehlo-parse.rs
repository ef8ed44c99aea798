//! Reads a captured EHLO reply from standard input, and prints which extensions it offers.
//!
//! printf '250-mx.example.com\r\n250-SIZE 1000000\r\n250 STARTTLS\r\n' | cargo run --example ehlo-parse

use std::{
    error::Error,
    io::{self, Read, Write},
};

use smtp_proto::{Capabilities, Reply, SizeLimit, keywords};

fn main() -> Result<(), Box<dyn Error>> {
    let mut octets = Vec::new();
    io::stdin().read_to_end(&mut octets)?;
    io::stdout().write_all(describe(&octets)?.as_bytes())?;
    Ok(())
}

/// Lists every keyword, and the size limit.
pub(crate) fn describe(octets: &[u8]) -> Result<String, Box<dyn Error>> {
    let (_, reply) = Reply::parse(octets)?.ok_or("the reply is not complete")?;
    let capabilities = Capabilities::from_reply(&reply).ok_or("the server refused EHLO")?;
    let mut lines: Vec<_> = keywords(&reply).map(|keyword| keyword.to_string()).collect();
    lines.push(match capabilities.size {
        SizeLimit::NotOffered => "the server does not offer SIZE".to_owned(),
        SizeLimit::Unlimited => "messages of any size".to_owned(),
        SizeLimit::Octets(limit) => format!("messages of at most {limit} octets"),
    });
    Ok(lines.join("\n") + "\n")
}
