//! The command `demo`: forwards a message to a server that hangs up on EHLO, and shows the conversation.

mod arguments;
mod columns;
mod server;

use std::{io, net::SocketAddr};

use smtp_client::{
    NextHop,
    tls::{TlsConfig, TlsConfigBuilder},
    tokio::Client,
};
use smtp_proto::{Delivery, Envelope, Escaped, ForwardPath, Mailbox, ReversePath, Size, TlsPolicy};
use smtp_testkit::server::tls::Certificates;

pub(crate) use self::arguments::Demo;
use self::{
    arguments::Fault,
    columns::Columns,
    server::{FaultyServer, Received},
};
use crate::{
    conversation::{Conversation, Entry},
    diagnostics,
    exit_status::ExitStatus,
    output::Output,
    report::people,
    runtime,
    server_arguments::config_of_this_machine,
    supervision::interruptible,
};

/// The message. Its line ends are LF; on the wire they are CR LF.
const MESSAGE: &str = include_str!("../../../../testdata/messages/forwarded.eml");
/// How many of its lines the columns show.
const CONTENT_LINES: u64 = 2;

pub(crate) fn run(arguments: &Demo) -> ExitStatus {
    match forward(arguments.fault) {
        Ok(status) => status,
        Err(error) => {
            diagnostics::error(format_args!("the demo cannot run: {error}"));
            ExitStatus::Software
        }
    }
}

fn forward(fault: Fault) -> io::Result<ExitStatus> {
    let (server, door, address) = FaultyServer::start(fault)?;
    let mut output = Output::new();
    introduce(&mut output, fault, address);
    let mut columns = Columns::new(output);
    let envelope = envelope().map_err(io::Error::other)?.with_size(Size::Exact(wire(MESSAGE).len() as u64));
    let mut delivery = Delivery::new(config_of_this_machine().with_tls(TlsPolicy::Opportunistic), envelope);
    let authority = Certificates::of_this_process().authority_pem();
    let tls = TlsConfig::builder().with_ca_pem(authority.as_bytes()).and_then(TlsConfigBuilder::build);
    let tls = tls.map_err(|error| io::Error::other(error.to_string()))?;
    let mut client = Client::new(NextHop::from(address)).with_tls(tls);
    columns.head();
    let mut conversation = Conversation::new(CONTENT_LINES, |entry| {
        if let Entry::Connected { local: Some(local), .. } = entry {
            door.expect(local);
        }
        columns.show(entry);
    });
    let mut content = io::Cursor::new(MESSAGE);
    let delivering = async { interruptible(client.deliver(&mut delivery, &mut content, &mut conversation)).await };
    runtime::block_on(delivering)?.map_err(io::Error::other)?;
    let report = client.report(&delivery);
    let arrived = arrived(server.received().as_ref());
    let mut output = columns.end();
    output.print(format_args!("\n{}{arrived}", people::Message { which: None, report }));
    Ok(output.finish().max(report.into()))
}

fn introduce(output: &mut Output, fault: Fault, address: SocketAddr) {
    let how = match fault {
        Fault::Starttls => "accepts it, and closes the connection after STARTTLS",
        Fault::InTls => "accepts it, and closes the connection on EHLO inside TLS",
        Fault::Injected => "accepts it. After STARTTLS, somebody injects a reply in clear",
        Fault::Closed => "closes the connection without a reply",
        Fault::Reset => "resets the connection",
        Fault::MidReply => "closes the connection in the middle of the reply",
        Fault::AfterReply => "replies, then closes the connection",
        Fault::Refused => "refuses with 500, then closes the connection",
    };
    output.print(format_args!("On EHLO, the server at {address} {how}.\nA message is forwarded to it.\n\n"));
}

fn envelope() -> Result<Envelope, Box<dyn std::error::Error + Send + Sync>> {
    let from = ReversePath::Mailbox(Mailbox::new("anna@example.org")?);
    let to = ForwardPath::Mailbox(Mailbox::new("team@example.com")?);
    Ok(Envelope::new(from, vec![to])?)
}

/// Describes what the server received.
fn arrived(received: Option<&Received>) -> String {
    match received {
        None => "The server did not receive the message.\n".to_owned(),
        Some(Received { from, to, content }) => {
            let how = if *content == wire(MESSAGE) { "octet for octet" } else { "CHANGED" };
            let (lines, octets) = (content.lines().count(), content.len());
            let (from, to) = (Escaped(from.as_bytes()), Escaped(to.as_bytes()));
            format!("It arrived {how}: {lines} lines, {octets} octets,\nfrom {from} to {to}.\n")
        }
    }
}

fn wire(message: &str) -> String {
    message.replace('\n', "\r\n")
}
