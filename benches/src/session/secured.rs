//! A session with STARTTLS and AUTH PLAIN. No handshake takes place: every client would leave it to rustls.

use std::sync::Arc;

use mail_send::Credentials as MailSendCredentials;
use smtp_proto::{
    Afterwards, AuthPolicy, AuthRequest, Authentication, Config, Delivery, Mechanism, MisuseError, Secured, Step,
    TlsPolicy, TlsVersion,
};
use smtp_sasl::{ChannelBinding, Client, Credentials};
use smtp_testkit::peers::{Line, MailSend, Stream, drive_secured, with_clock};

use super::{
    ours,
    peers::for_mail_send,
    run::{GROUP, MESSAGE, send_and_quit},
    server::{Replay, Server},
};
use crate::{Instrument, inputs, instrument::Case};

const USER: &str = "user@client.example";
const PASSWORD: &str = "correct horse battery staple";

/// `session`: a message of 1 KiB to one recipient, from the greeting to QUIT, with STARTTLS and AUTH PLAIN.
///
/// Credentials are made before the measurement, too. Compared with mail-send, which lets its caller log in without a
/// handshake.
pub fn starttls_and_auth(instrument: &mut impl Instrument) {
    with_clock(|| measure(instrument, Case { group: GROUP, case: "STARTTLS and AUTH" }));
}

fn measure(instrument: &mut impl Instrument, case: Case) {
    let recipients = inputs::recipients(1);
    let credentials = Credentials::password(USER, PASSWORD).expect("valid credentials");
    let for_peer = MailSendCredentials::new(USER.to_owned(), PASSWORD.to_owned());

    let [by_us, by_mail_send] = std::array::from_fn(|_| Server::default());
    let mut delivery = Delivery::new(config(), ours::envelope(&recipients));
    assert_eq!(drive(&mut delivery, &mut by_us.clone(), &credentials), 1);
    let client = MailSend::log_in(Stream::new(by_mail_send.clone()), inputs::HELLO_NAME, &for_peer);
    send_and_quit(client.expect("the server accepts it"), for_mail_send(&recipients, MESSAGE));
    let ours = written(&by_us);
    assert!(ours.starts_with("EHLO client.example\r\nSTARTTLS\r\nEHLO client.example\r\nAUTH PLAIN "));
    assert_eq!(ours, written(&by_mail_send));

    let script = by_us.script();
    let setup = || (config(), ours::envelope(&recipients));
    instrument.measure_with(case.by("ours"), setup, |(config, envelope)| {
        let mut delivery = Delivery::new(config, envelope);
        let delivered = drive(&mut delivery, &mut Replay::new(script), &credentials);
        (delivery, delivered)
    });

    let script = by_mail_send.script();
    let setup = || (Stream::new(Replay::new(script)), for_mail_send(&recipients, MESSAGE));
    instrument.measure_with(case.by("mail-send"), setup, |(stream, message)| {
        let client = MailSend::log_in(stream, inputs::HELLO_NAME, &for_peer);
        send_and_quit(client.expect("the server accepts it"), message);
    });
}

/// What a client wrote, without the empty line that mail-send adds at the end of the content.
fn written(server: &Server) -> String {
    let octets = server.conversation().octets.clone();
    String::from_utf8(octets).expect("all of it is ASCII").replace("\r\n\r\n.\r\n", "\r\n.\r\n")
}

fn config() -> Arc<Config> {
    let config = Arc::unwrap_or_clone(ours::config(Afterwards::Quit)).with_tls(TlsPolicy::Required);
    config.with_auth(AuthPolicy::Required(Authentication::new([Mechanism::Plain]))).into()
}

fn drive(delivery: &mut Delivery, line: &mut impl Line, credentials: &Credentials) -> usize {
    let mut running = None;
    drive_secured(delivery, MESSAGE, line, |delivery| answer(delivery, credentials, &mut running))
}

/// Does what smtp-client does, except for the handshake.
fn answer(delivery: &mut Delivery, credentials: &Credentials, running: &mut Option<Client>) -> Result<(), MisuseError> {
    let Step::Authenticate(step) = delivery.poll() else {
        return delivery.secured(Secured::verified(TlsVersion::Tls13));
    };
    match step.request {
        AuthRequest::Start { .. } => {
            delivery.hide(credentials.secret().expect("a password"));
            let (mechanism, binding) = (smtp_sasl::Mechanism::Plain, ChannelBinding::Unsupported);
            let client = running.insert(Client::new(mechanism, credentials, binding, &[0; 18]).expect("a password"));
            let initial = client.initial_response().expect("PLAIN starts with the client");
            delivery.auth_start(Some(initial.octets()))
        }
        AuthRequest::Challenge(_) => unreachable!("PLAIN has no challenge"),
        AuthRequest::Success => {
            running.take().expect("it is running").finish().expect("PLAIN is complete");
            delivery.auth_complete()
        }
    }
}
