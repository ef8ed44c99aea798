//! One connection without a delivery: EHLO, NOOP and QUIT with only a `Session`.
//!
//! cargo run --example session -- 127.0.0.1:25

use std::{
    env,
    error::Error,
    io::{self, Read, Write},
    net::TcpStream,
};

use smtp_proto::{Command, Event, HelloName, Limits, Session};

fn main() -> Result<(), Box<dyn Error>> {
    let server = env::args().nth(1).ok_or("usage: session SERVER:PORT")?;
    let lines = converse(TcpStream::connect(server)?)?;
    writeln!(io::stdout(), "{}", lines.join("\n"))?;
    Ok(())
}

/// Returns each reply, with the stage that it answers.
pub(crate) fn converse(mut stream: impl Read + Write) -> Result<Vec<String>, Box<dyn Error>> {
    let name = HelloName::new("localhost")?;
    let mut session = Session::new(Limits::DEFAULT);
    let mut lines = Vec::new();
    // The greeting is the only reply without a command.
    for command in [None, Some(Command::Ehlo(&name)), Some(Command::Noop), Some(Command::Quit)] {
        if let Some(command) = command {
            session.command(&command)?;
        }
        lines.push(reply(&mut session, &mut stream)?);
    }
    Ok(lines)
}

fn reply(session: &mut Session, stream: &mut (impl Read + Write)) -> Result<String, Box<dyn Error>> {
    let mut room = [0; 4096];
    loop {
        let sent = stream.write(session.output())?;
        session.sent(sent)?;
        let len = stream.read(&mut room)?;
        if len == 0 {
            return Err("the server closed the connection".into());
        }
        // Each command is sent after the previous reply, so no octets follow this reply.
        match session.received(&room[..len]).1 {
            None => {}
            Some(Event::Reply { stage, reply }) => return Ok(format!("{stage}: {reply}")),
            Some(event) => return Err(format!("{event:?}").into()),
        }
    }
}
