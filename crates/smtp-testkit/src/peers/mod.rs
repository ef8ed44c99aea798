//! Other clients, each by its public interface, over a line in memory: for benches, which measure
//! beside them, and for fuzz targets, which compare with them.

#![allow(clippy::missing_panics_doc, reason = "of what is fixed: names, addresses, a line that never waits")]

mod clients;
mod line;
mod ours;
mod stream;

pub use clients::{
    AsyncSmtp, AsyncSmtpReply, Client, Failure, Lettre, LettreReply, MailSend, for_async_smtp, for_lettre,
    for_mail_send,
};
pub use line::Line;
pub use ours::drive;
pub use stream::{Clock, Stream, now, with_clock};
