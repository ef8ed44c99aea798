//! Delivers messages over connections that are kept.

use std::io::Cursor;

use smtp_client::{
    NextHop,
    tokio::{Destination, Pool, PoolLimits},
};
use smtp_proto::{Config, Envelope, HelloName};

/// Returns the reports as text.
pub async fn deliver(server: NextHop) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let pool = Pool::new(PoolLimits::default());
    let to = Destination::new(server, Config::new(HelloName::new("client.example.com")?));
    let mut reports = Vec::new();
    for name in ["b", "c"] {
        let envelope = Envelope::new("a@example.com".parse()?, vec![format!("{name}@example.net").parse()?])?;
        let mut content = Cursor::new(format!("Subject: hello\r\n\r\nhello {name}\r\n"));
        reports.push(pool.deliver(&to, envelope, &mut content, &mut (), |report| report.to_string()).await?);
    }
    pool.close().await;
    Ok(reports)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = std::env::args().nth(1).unwrap_or("localhost:2525".into());
    print!("{}", deliver(server.parse()?).await?.concat());
    Ok(())
}
