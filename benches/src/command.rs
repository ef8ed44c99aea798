//! Encodes MAIL FROM with SIZE and BODY.

use std::{borrow::Cow, hint::black_box};

use async_smtp::extension as async_smtp_extension;
use io_smtp::rfc5321::{
    SmtpAtom, SmtpDomain, SmtpEhloDomain, SmtpLocalPart, SmtpMailbox, SmtpParameter, SmtpReversePath,
    mail::SmtpMailCommand,
};
use lettre::transport::smtp::extension as lettre_extension;
use mail_send::smtp::message::{Parameter, Parameters};
use smtp_proto::{Body, Command, MailParameters, ReversePath};

use crate::{Instrument, inputs, instrument::Case};

const SIZE: u16 = 1024;

/// `command_mail`.
///
/// Each crate starts from the sender in its own type, and from the size as a number.
pub fn mail(instrument: &mut impl Instrument) {
    let case = Case { group: "command_mail", case: "size and body" };
    let ours: ReversePath = inputs::SENDER.parse().expect("an address");
    let lettre: lettre::Address = inputs::SENDER.parse().expect("an address");
    let async_smtp: async_smtp::EmailAddress = inputs::SENDER.parse().expect("an address");
    let (local, domain) = inputs::SENDER.split_once('@').expect("an address");
    let io_smtp = SmtpMailbox {
        local_part: SmtpLocalPart(Cow::Borrowed(local)),
        domain: SmtpEhloDomain::SmtpDomain(SmtpDomain(Cow::Borrowed(domain))),
    };

    let mut out = Vec::new();
    by_us(&ours, &mut out);
    let line = out.clone();
    assert_eq!(line, b"MAIL FROM:<sender@example.com> SIZE=1024 BODY=8BITMIME\r\n");
    assert_eq!(line, by_mail_send(inputs::SENDER).into_bytes());
    assert_eq!(line, by_lettre(&lettre).into_bytes());
    assert_eq!(line, by_async_smtp(&async_smtp).into_bytes());
    assert_eq!(line, by_io_smtp(&io_smtp));
    out.clear();
    by_smtp_codec(inputs::SENDER, &mut out);
    assert_eq!(line, out);

    instrument.measure(case.by("ours"), || {
        out.clear();
        by_us(black_box(&ours), &mut out);
        black_box(out.as_slice()).len()
    });
    instrument.measure(case.by("mail-send"), || by_mail_send(black_box(inputs::SENDER)));
    instrument.measure(case.by("lettre"), || by_lettre(black_box(&lettre)));
    instrument.measure(case.by("async-smtp"), || by_async_smtp(black_box(&async_smtp)));
    instrument.measure(case.by("io-smtp"), || by_io_smtp(black_box(&io_smtp)));
    instrument.measure(case.by("smtp-codec"), || {
        out.clear();
        by_smtp_codec(black_box(inputs::SENDER), &mut out);
        black_box(out.as_slice()).len()
    });
}

fn by_us(path: &ReversePath, out: &mut Vec<u8>) {
    let parameters = MailParameters::default().with_size(Some(black_box(SIZE).into())).with_body(Body::EightBit);
    Command::Mail(path, &parameters).encode(out);
}

/// Only the parameters are public in mail-send; its client writes the line around them.
fn by_mail_send(sender: &str) -> String {
    let size = black_box(SIZE).to_string();
    let mut parameters = Parameters::new();
    parameters.add(Parameter::from(("SIZE", &*size))).add(Parameter::from(("BODY", "8BITMIME")));
    format!("MAIL FROM:<{sender}>{parameters}\r\n")
}

fn by_lettre(sender: &lettre::Address) -> String {
    let parameters = vec![
        lettre_extension::MailParameter::Size(black_box(SIZE).into()),
        lettre_extension::MailParameter::Body(lettre_extension::MailBodyParameter::EightBitMime),
    ];
    lettre::transport::smtp::commands::Mail::new(Some(sender.clone()), parameters).to_string()
}

fn by_async_smtp(sender: &async_smtp::EmailAddress) -> String {
    let parameters = vec![
        async_smtp_extension::MailParameter::Size(black_box(SIZE).into()),
        async_smtp_extension::MailParameter::Body(async_smtp_extension::MailBodyParameter::EightBitMime),
    ];
    async_smtp::commands::MailCommand::new(Some(sender.clone()), parameters).to_string()
}

fn by_io_smtp(sender: &SmtpMailbox<'_>) -> Vec<u8> {
    let parameter = |keyword: &'static str, value| SmtpParameter {
        keyword: SmtpAtom::parse(keyword.as_bytes()).expect("an atom"),
        value: Some(value),
    };
    let parameters =
        vec![parameter("SIZE", Cow::Owned(black_box(SIZE).to_string())), parameter("BODY", Cow::Borrowed("8BITMIME"))];
    SmtpMailCommand { reverse_path: SmtpReversePath::SmtpMailbox(sender.clone()), parameters }.into()
}

fn by_smtp_codec(sender: &str, out: &mut Vec<u8>) {
    let parameters = vec![
        smtp_codec::types::Parameter::new("SIZE", Some(black_box(SIZE).to_string())),
        smtp_codec::types::Parameter::new("BODY", Some("8BITMIME")),
    ];
    let command = smtp_codec::types::Command::Mail { reverse_path: sender.to_owned(), parameters };
    command.serialize(out).expect("writing to a Vec cannot fail");
}
