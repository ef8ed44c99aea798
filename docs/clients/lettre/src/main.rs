//! Sends one message with lettre to a port of loopback: send-with-lettre PORT SECONDS.

use std::{env, error::Error, process::ExitCode, time::Duration};

use lettre::{Message, SmtpTransport, Transport, transport::smtp::extension::ClientId};

fn send() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let port = arguments.next().ok_or("no port")?.parse()?;
    let seconds = arguments.next().ok_or("no timeout")?.parse()?;
    let message = Message::builder()
        .from("a@example.com".parse()?)
        .to("b@example.net".parse()?)
        .subject("Lunch")
        .body("At noon?\r\n".to_owned())?;
    let mailer = SmtpTransport::builder_dangerous("127.0.0.1")
        .port(port)
        .hello_name(ClientId::Domain("client.example".to_owned()))
        .timeout(Some(Duration::from_secs(seconds)))
        .build();
    mailer.send(&message)?;
    Ok(())
}

fn main() -> ExitCode {
    match send() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
