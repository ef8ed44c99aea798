//! The events of a run, chosen by a fuzz input.

use std::fmt;

use arbitrary::{Arbitrary, Result, Unstructured};
use smtp_proto::KnownHost;

use super::{
    driver::{Driver, Wanted},
    server::{Offered, Said},
    values::{self, Addressed},
};

/// All events, up to the end of the input. Each is decoded when its turn comes.
#[derive(Clone)]
pub(super) struct Moves<'a>(&'a [u8]);

impl<'a> Arbitrary<'a> for Moves<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self(u.bytes(u.len())?))
    }
}

impl Moves<'_> {
    fn iter(&self) -> impl Iterator<Item = Move> {
        let mut rest = Unstructured::new(self.0);
        std::iter::from_fn(move || {
            (!rest.is_empty()).then(|| Move::arbitrary(&mut rest).expect("any octets are a move"))
        })
    }
}

impl fmt::Debug for Moves<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// One event.
#[derive(Clone, Debug)]
enum Move {
    /// Obliges one time more than this.
    Oblige(u8),
    /// Obliges until the delivery waits for a reply.
    ToAnswer,
    /// The server sends something, now or (if `held`) together with what it sends next.
    Say {
        said: Said,
        held: bool,
    },
    Lose(u8),
    ConnectFails,
    Silence,
    MisuseError(u8),
    Cancel(u8),
    Next(Addressed),
    Quit,
    Offer(Offered),
    /// A handshake ends.
    Secure(u8),
    /// STARTTLS or AUTH is answered, and more arrives with the reply.
    Inject(u8),
    /// The server repeats what was sent to authenticate.
    Echo,
    Abandon,
    Know(u8),
}

impl<'a> Arbitrary<'a> for Move {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let choice = u8::arbitrary(u)?;
        Ok(match choice {
            0..=15 => Self::Oblige(choice),
            16..=99 => Self::ToAnswer,
            100..=159 => Self::Say { said: Said::arbitrary(u)?, held: false },
            160..=189 => Self::Say { said: Said::arbitrary(u)?, held: true },
            190..=205 => Self::Lose(choice),
            206..=207 => Self::ConnectFails,
            208..=212 => Self::Silence,
            213..=218 => Self::MisuseError(u8::arbitrary(u)?),
            219..=221 => Self::Secure(u8::arbitrary(u)?),
            222..=223 => Self::Inject(choice),
            224..=225 => Self::Echo,
            226 => Self::Abandon,
            227..=228 => Self::Know(u8::arbitrary(u)?),
            229 => Self::Cancel(u8::arbitrary(u)?),
            230..=239 => Self::Next(Addressed::arbitrary(u)?),
            240..=244 => Self::Quit,
            245..=255 => Self::Offer(Offered::arbitrary(u)?),
        })
    }
}

/// Makes these moves, ignoring calls that are rejected.
pub(super) fn play(driver: &mut Driver, moves: &Moves<'_>) {
    let mut held = Vec::new();
    for chosen in moves.iter() {
        match chosen {
            Move::Oblige(times) => {
                for _ in 0..=times {
                    driver.oblige();
                }
            }
            Move::ToAnswer => {
                for _ in 0..200 {
                    match driver.wanted() {
                        Wanted::Wait | Wanted::Secure | Wanted::Done => break,
                        wanted => driver.grant(wanted),
                    };
                }
            }
            Move::Say { said, held: true } => held.extend(said.0),
            Move::Say { said, held: false } => {
                held.extend(said.0);
                driver.hear(&held);
                held.clear();
            }
            Move::Lose(how) => drop(driver.lose(values::disconnect(how))),
            Move::ConnectFails => drop(driver.watched.connect_failed("no route to host")),
            Move::Silence => drop(driver.watched.timed_out()),
            Move::MisuseError(which) => driver.misuse(which),
            Move::Cancel(why) => driver.cancel(values::cancel(why)),
            Move::Next(envelope) => driver.next(envelope.0),
            Move::Quit => drop(driver.watched.quit()),
            Move::Offer(offered) => driver.offered = offered,
            Move::Secure(choice) => driver.secure(choice),
            Move::Inject(choice) => {
                let codes: [&[u8]; 2] = [b"220 go\r\n250-x\r\n250 AUTH PLAIN\r\n", b"235 in\r\n250 ok\r\n"];
                driver.hear(codes[usize::from(choice & 1)]);
            }
            Move::Echo => driver.echo(),
            Move::Abandon => drop(driver.watched.auth_abandon("no password")),
            Move::Know(choice) => drop(
                driver.watched.know(
                    KnownHost::UNKNOWN
                        .with_secured(choice & 1 != 0)
                        .with_helo_only(choice & 2 != 0)
                        .with_recipients((choice & 4 != 0).then_some(u32::from(choice >> 3 & 3)))
                        .with_lockstep(choice & 32 != 0),
                ),
            ),
        }
    }
}
