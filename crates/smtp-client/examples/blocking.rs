//! Delivers a message with the blocking driver.

use std::io::Cursor;

use smtp_client::{Client, NextHop};
use smtp_proto::{Config, Delivery, Envelope, HelloName};

/// Returns the report as text.
pub fn deliver(server: NextHop) -> Result<String, Box<dyn std::error::Error>> {
    let config = Config::new(HelloName::new("client.example.com")?);
    let envelope = Envelope::new("a@example.com".parse()?, vec!["b@example.net".parse()?])?;
    let mut delivery = Delivery::new(config, envelope);
    let mut content = Cursor::new("Subject: hello\r\n\r\nhello\r\n");
    Client::new(server).deliver(&mut delivery, &mut content, &mut ())?;
    Ok(delivery.report().to_string())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = std::env::args().nth(1).unwrap_or("localhost:2525".into());
    print!("{}", deliver(server.parse()?)?);
    Ok(())
}
