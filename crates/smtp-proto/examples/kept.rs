//! Several messages over one connection: delivers each file to one recipient.
//!
//! cargo run --example kept -- 127.0.0.1:25 alice@example.com bob@example.net 1.eml 2.eml

#[allow(dead_code, reason = "its main")]
pub(crate) mod blocking;

use std::{
    env,
    error::Error,
    fs::File,
    io::{self, Read, Seek, Write},
    net::ToSocketAddrs,
};

use blocking::Driver;
use smtp_proto::{Afterwards, Config, Delivery, Envelope, HelloName, MisuseError};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [server, from, to, files @ ..] = &arguments[..] else {
        return Err("usage: kept SERVER:PORT FROM TO FILE...".into());
    };
    let addresses = server.to_socket_addrs()?.collect();
    let envelope = Envelope::new(from.parse()?, vec![to.parse()?])?;
    let files = files.iter().map(File::open).collect::<Result<Vec<_>, _>>()?;
    let reports = deliver_all(Driver::new(addresses), &envelope, files)?;
    write!(io::stdout(), "{}", reports.concat())?;
    Ok(())
}

/// Returns the report of each message.
pub(crate) fn deliver_all(
    mut driver: Driver,
    envelope: &Envelope,
    messages: impl IntoIterator<Item = impl Read + Seek>,
) -> Result<Vec<String>, Box<dyn Error>> {
    let config = Config::new(HelloName::new("localhost")?).with_afterwards(Afterwards::Keep);
    let mut reports = Vec::new();
    let mut delivery: Option<Delivery> = None;
    for message in messages {
        let delivery = match &mut delivery {
            Some(delivery) => {
                // The delivery decides whether it uses the kept connection or asks for a new one.
                delivery.deliver_next(envelope.clone())?;
                delivery
            }
            none => none.insert(Delivery::new(config.clone(), envelope.clone())),
        };
        driver.deliver(delivery, message)?;
        reports.push(delivery.report().to_string());
    }
    if let Some(delivery) = &mut delivery {
        quit(&mut driver, delivery)?;
    }
    Ok(reports)
}

/// Sends QUIT if there is a kept connection.
fn quit(driver: &mut Driver, delivery: &mut Delivery) -> Result<(), MisuseError> {
    delivery.quit()?;
    driver.deliver(delivery, io::empty())
}
