//! The handles that a fuzz input uses.

use std::{ffi::c_char, ptr};

use smtp_proto::{AuthRequest, Delivery, Stage, Step};

use super::arguments::Octets;
use crate::{
    config::{smtp_config, smtp_config_free, smtp_config_new},
    connection::{smtp_delivery_connected, smtp_delivery_received, smtp_delivery_sent},
    content::{smtp_delivery_content, smtp_delivery_end_content, smtp_delivery_rewound},
    delivery::{smtp_delivery, smtp_delivery_free, smtp_delivery_new},
    envelope::{smtp_envelope, smtp_envelope_add_recipient, smtp_envelope_free, smtp_envelope_new},
    handle,
    recipient::{smtp_delivery_recipient, smtp_recipient},
    report::smtp_delivery_report_text,
    status::smtp_status,
    step::{smtp_delivery_poll, smtp_step, smtp_step_kind},
};

/// One handle of each kind, or NULL.
pub(super) struct World {
    pub(super) config: *mut smtp_config,
    pub(super) envelope: *mut smtp_envelope,
    pub(super) delivery: *mut smtp_delivery,
}

impl World {
    pub(super) fn new() -> Self {
        let mut world = Self { config: ptr::null_mut(), envelope: ptr::null_mut(), delivery: ptr::null_mut() };
        world.config(Octets::new(b"client.example"));
        world.envelope(Octets::new(b"alice@example.com"));
        let path = Octets::new(b"bob@example.net");
        // SAFETY: the handle is valid, and the text has this length.
        accepted(unsafe { smtp_envelope_add_recipient(world.envelope, path.start(), path.len()) });
        world.start();
        world
    }

    /// Replaces the policy.
    pub(super) fn config(&mut self, name: Octets<'_>) {
        // SAFETY: the handle is valid or NULL, the text has this length, and there is room for a handle.
        unsafe {
            accepted(smtp_config_free(self.config));
            smtp_config_new(name.start(), name.len(), &raw mut self.config);
        }
    }

    /// Replaces the envelope.
    pub(super) fn envelope(&mut self, path: Octets<'_>) {
        // SAFETY: as above.
        unsafe {
            accepted(smtp_envelope_free(self.envelope));
            smtp_envelope_new(path.start(), path.len(), &raw mut self.envelope);
        }
    }

    /// Replaces the delivery.
    pub(super) fn start(&mut self) {
        // SAFETY: the handles are valid or NULL, and there is room for a handle.
        unsafe {
            accepted(smtp_delivery_free(self.delivery));
            smtp_delivery_new(self.config, self.envelope, &raw mut self.delivery);
        }
    }

    /// A copy of what is behind the handle; `None` if it is NULL.
    pub(super) fn mirror(&self) -> Option<Delivery> {
        let mut copy = None;
        let read = |delivery: &Delivery| {
            copy = Some(delivery.clone());
            Ok(())
        };
        // SAFETY: the handle is valid or NULL.
        unsafe { handle::read(self.delivery, read) };
        copy
    }

    /// What the delivery wants through C is what it wants in Rust.
    pub(super) fn check(&self) {
        let Some(mirror) = self.mirror() else { return };
        let step = self.step();
        let octets = if step.octets_len == 0 {
            &[]
        } else {
            // SAFETY: the step has this many octets, and nothing has changed the delivery since.
            unsafe { std::slice::from_raw_parts(step.octets, step.octets_len) }
        };
        let (kind, expected) = match mirror.poll() {
            Step::Connect(_) => (smtp_step_kind::SMTP_STEP_CONNECT, &[][..]),
            Step::Transmit(transmit) => (smtp_step_kind::SMTP_STEP_TRANSMIT, transmit.octets()),
            Step::Content(room) => {
                assert_eq!(step.room, room);
                (smtp_step_kind::SMTP_STEP_CONTENT, &[][..])
            }
            Step::Rewind => (smtp_step_kind::SMTP_STEP_REWIND, &[][..]),
            Step::Receive(_) => (smtp_step_kind::SMTP_STEP_RECEIVE, &[][..]),
            Step::Secure(_) => (smtp_step_kind::SMTP_STEP_SECURE, &[][..]),
            Step::Authenticate(authenticate) => match authenticate.request {
                AuthRequest::Start { .. } => (smtp_step_kind::SMTP_STEP_AUTH_START, &[][..]),
                AuthRequest::Challenge(octets) => (smtp_step_kind::SMTP_STEP_AUTH_CHALLENGE, octets),
                AuthRequest::Success => (smtp_step_kind::SMTP_STEP_AUTH_SUCCESS, &[][..]),
            },
            Step::Done(_) => (smtp_step_kind::SMTP_STEP_DONE, &[][..]),
        };
        assert_eq!((step.kind, octets), (kind as u32, expected));
        if kind == smtp_step_kind::SMTP_STEP_DONE {
            self.check_report(&mirror);
        }
    }

    /// The report through C is that in Rust.
    fn check_report(&self, mirror: &Delivery) {
        let expected = mirror.report().to_string();
        let mut text = vec![0_u8; expected.len() + 1];
        let mut len = 0;
        // SAFETY: there is room for this many octets and for a number.
        accepted(unsafe {
            smtp_delivery_report_text(self.delivery, text.as_mut_ptr().cast::<c_char>(), text.len(), &raw mut len)
        });
        assert_eq!((&text[..len], text[len]), (expected.as_bytes(), 0));
        for (index, report) in mirror.report().recipients().enumerate() {
            // SAFETY: the struct may be zero, and there is room for it.
            let found = unsafe {
                let mut found: smtp_recipient = std::mem::zeroed();
                accepted(smtp_delivery_recipient(self.delivery, index, &raw mut found, size_of_val(&found)));
                found
            };
            assert_eq!(found.code, report.reply().map_or(0, |reply| reply.code().get().into()));
            assert!(found.status != 0 && found.cause != 0);
        }
    }

    pub(super) fn step(&self) -> smtp_step {
        let mut step = smtp_step::EMPTY;
        // SAFETY: the handle is valid or NULL, and there is room for the step.
        unsafe { smtp_delivery_poll(self.delivery, &raw mut step, size_of::<smtp_step>()) };
        step
    }

    /// Does what the delivery wants, with a server that accepts everything.
    pub(super) fn oblige(&mut self) {
        let Some(mirror) = self.mirror() else { return };
        let step = self.step();
        let stage = mirror.report().attempts().last().map_or(Stage::Connect, |attempt| attempt.stage());
        let reply: &[u8] = match stage {
            Stage::Greeting | Stage::StartTls => b"220 go\r\n",
            Stage::Ehlo => b"250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-AUTH PLAIN\r\n250 DSN\r\n",
            Stage::Auth => b"235 in\r\n",
            Stage::Data => b"354 go\r\n",
            Stage::Quit => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        // SAFETY: the handle is valid, and the octets have these lengths.
        unsafe {
            match mirror.poll() {
                Step::Connect(_) => accepted(smtp_delivery_connected(self.delivery)),
                Step::Transmit(_) => accepted(smtp_delivery_sent(self.delivery, step.octets_len)),
                Step::Content(room) => {
                    accepted(smtp_delivery_content(self.delivery, b"a line\r\n".as_ptr(), room.min(8)));
                    smtp_delivery_end_content(self.delivery);
                }
                Step::Rewind => accepted(smtp_delivery_rewound(self.delivery)),
                Step::Receive(_) => accepted(smtp_delivery_received(self.delivery, reply.as_ptr(), reply.len())),
                Step::Secure(_) | Step::Authenticate(_) | Step::Done(_) => {}
            }
        }
    }
}

/// Frees the handles, which frees all that they hold.
impl Drop for World {
    fn drop(&mut self) {
        // SAFETY: the handles are valid or NULL.
        unsafe {
            smtp_delivery_free(self.delivery);
            smtp_envelope_free(self.envelope);
            smtp_config_free(self.config);
        }
    }
}

pub(super) fn accepted(status: smtp_status) {
    assert_eq!(status, smtp_status::SMTP_OK);
}

/// No call has a bug or runs out of memory.
pub(super) fn expect(status: smtp_status) {
    use smtp_status::{SMTP_BUSY, SMTP_INTERNAL, SMTP_NO_MEMORY};
    assert!(![SMTP_BUSY, SMTP_INTERNAL, SMTP_NO_MEMORY].contains(&status), "{status:?}");
}
