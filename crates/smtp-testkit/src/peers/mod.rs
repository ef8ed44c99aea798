//! Other clients, through their public interfaces, over connections in memory. Benches and fuzz targets
//! compare ours with them.

#![allow(clippy::missing_panics_doc, reason = "names and addresses are fixed, and a line never blocks")]

mod clients;
mod line;
mod ours;
mod stream;

pub use clients::{
    AsyncSmtp, AsyncSmtpReply, Client, Failure, Lettre, LettreReply, MailSend, for_async_smtp, for_lettre,
    for_mail_send,
};
pub use line::Line;
pub use ours::{drive, drive_secured};
pub use stream::{Clock, Stream, now, with_clock};
