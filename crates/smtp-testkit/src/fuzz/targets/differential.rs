//! An arbitrary server, played to our client and to the peers. The outcome must be the same, or covered by
//! the list of permitted differences.

use std::{cell::OnceCell, sync::Arc};

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::{
    differential::{Answer, Form, Offers, Script, Turn, check},
    peers::Clock,
};

/// A server, and a message for it.
#[derive(Clone, Debug)]
pub struct Input(Script);

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const LINES: [&[u8]; 8] =
            [b"text\r\n", b".\r\n", b"..dots\r\n", b"\r\n", b"no end", b".", b"a. b\r\n", b"caf\xe9\r\n"];
        let (choices, lines) = (u8::arbitrary(u)?, u8::arbitrary(u)?);
        let mut script = Script::obliging();
        script.recipients = 1 + usize::from(choices & 1);
        script.offers =
            Offers { pipelining: choices & 2 != 0, eight_bit_mime: choices & 4 != 0, lower_case: choices & 0x38 == 8 };
        script.piece = [usize::MAX, usize::MAX, 1, 7][usize::from(choices >> 6)];
        // Only one message in eight may be 8-bit, because it is not sent to most servers.
        let kinds = if choices & 0x38 == 0x10 { 8 } else { 7 };
        script.content = b"Subject: test\r\n".to_vec();
        script.heals = lines & 8 != 0;
        for _ in 0..lines & 7 {
            script.content.extend_from_slice(LINES[usize::from(u8::arbitrary(u)? % kinds)]);
        }
        // Every server has at least one unusual reply. Most have just one, so that most conversations are
        // long.
        for _ in 0..=(lines >> 6).saturating_sub(1) {
            let turn = Turn::ALL[usize::from(u8::arbitrary(u)? & 7)];
            script = script.with(turn, answer(turn, u)?);
        }
        Ok(Self(script))
    }
}

fn answer(turn: Turn, u: &mut Unstructured<'_>) -> Result<Answer> {
    const CODES: [u16; 24] = [
        250, 220, 354, 251, 252, 200, 221, 334, 421, 450, 451, 452, 455, 500, 502, 503, 504, 521, 550, 552, 554, 555,
        299, 599,
    ];
    let (code, form, cut) = (u8::arbitrary(u)?, u8::arbitrary(u)?, u8::arbitrary(u)?);
    let code = if code < 96 { turn.wanted() } else { CODES[usize::from(code) % CODES.len()] };
    let form = match form {
        0..=127 => Form::Plain,
        128..=191 => Form::Enhanced,
        192..=207 => Form::CodeAlone,
        208..=223 => Form::BareLf,
        224..=255 => Form::Latin1,
    };
    Ok(Answer { code, form, cut: (cut >= 128).then_some(cut & 0x3f) })
}

/// Plays the script to our client and to all peers.
pub fn body(input: Input) {
    thread_local! {
        static CLOCK: OnceCell<Clock> = const { OnceCell::new() };
    }
    let script = Arc::new(input.0);
    CLOCK.with(|clock| {
        clock.get_or_init(Clock::new).entered(|| check(&script));
    });
}
