//! The load with lettre's blocking transport, shared by several threads.

use std::thread;

use lettre::{SmtpTransport, Transport, transport::smtp::extension::ClientId};
use smtp_load::{HELLO_NAME, Load, lettre as setup};

fn main() {
    let load = Load::from_arguments();
    let transport = SmtpTransport::builder_dangerous(load.server.ip().to_string())
        .port(load.server.port())
        .tls(setup::tls(&load))
        .hello_name(ClientId::Domain(HELLO_NAME.to_owned()))
        .pool_config(setup::pool(&load))
        .build();
    let envelope = setup::envelope(&load);
    thread::scope(|scope| {
        for _ in 0..load.connections.get() {
            scope.spawn(|| {
                while load.take() {
                    transport.send_raw(&envelope, &load.content).expect("the server accepts it");
                }
            });
        }
    });
    transport.shutdown();
}
