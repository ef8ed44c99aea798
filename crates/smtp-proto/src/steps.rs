//! Counts steps in tests, to check that operations take linear time. Does nothing otherwise.

/// Counts this many steps.
#[inline]
pub(crate) fn count(steps: usize) {
    #[cfg(test)]
    counter::add(steps);
    #[cfg(not(test))]
    let _ = steps;
}

#[cfg(test)]
mod counter {
    extern crate std;

    use core::cell::Cell;

    std::thread_local! {
        static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn add(steps: usize) {
        STEPS.set(STEPS.get() + steps);
    }

    /// The steps since the last call.
    pub(super) fn take() -> usize {
        STEPS.take()
    }
}

#[cfg(test)]
mod tests {
    use super::counter;
    use crate::{Afterwards, Config, Delivery, Envelope, HelloName, Protocol, Stage, Step};
    use alloc::{vec, vec::Vec};

    /// A server: its reply to EHLO or LHLO, to each RCPT in turn, and to the end of the content.
    struct Server {
        protocol: Protocol,
        offers: &'static str,
        rcpts: &'static [&'static str],
        end: &'static str,
    }

    const PLAIN: Server =
        Server { protocol: Protocol::Smtp, offers: "250 x\r\n", rcpts: &["250 ok\r\n"], end: "250 ok\r\n" };

    /// The steps of a delivery to this many recipients, with input and output in large or in small pieces.
    fn steps(server: &Server, recipients: usize, small: bool) -> usize {
        let config = Config::new(HelloName::new("client.example").unwrap());
        let config = config.with_protocol(server.protocol).with_afterwards(Afterwards::Keep);
        let to = vec!["postmaster".parse().unwrap(); recipients];
        let mut delivery = Delivery::new(config, Envelope::new("".parse().unwrap(), to).unwrap());
        counter::take();
        let mut rcpts = server.rcpts.iter().cycle();
        let mut commands = Vec::new();
        loop {
            match delivery.poll() {
                Step::Done(report) => {
                    assert_eq!(report.recipients().count(), recipients);
                    return counter::take();
                }
                Step::Secure(_) | Step::Authenticate(_) => unreachable!("the policy asks for neither"),
                Step::Connect(_) => {
                    delivery.connected().unwrap();
                    delivery.received(b"220 x\r\n").unwrap();
                }
                Step::Rewind => delivery.rewound().unwrap(),
                Step::Content(_) => {
                    delivery.content(b"x\r\n").unwrap();
                    delivery.end_content().unwrap();
                }
                Step::Transmit(transmit) => {
                    let octets = transmit.octets();
                    let len = if small { octets.len().min(20) } else { octets.len() };
                    commands.extend_from_slice(&octets[..len]);
                    delivery.sent(len).unwrap();
                }
                Step::Receive(_) => {
                    let mut replies = Vec::new();
                    for line in commands.split_inclusive(|octet| *octet == b'\n') {
                        let reply = match line {
                            [b'E' | b'L', ..] => server.offers,
                            [b'R', b'C', ..] => rcpts.next().unwrap(),
                            [b'D', ..] => "354 go\r\n",
                            [b'.', ..] => server.end,
                            [b'x', ..] => continue,
                            _ => "250 ok\r\n",
                        };
                        let is_end_of_lmtp = line.starts_with(b".") && server.protocol == Protocol::Lmtp;
                        let times = if is_end_of_lmtp { recipients } else { 1 };
                        for _ in 0..times {
                            replies.extend_from_slice(reply.as_bytes());
                        }
                    }
                    commands.clear();
                    let size = if small { 20 } else { replies.len() };
                    for piece in replies.chunks(size) {
                        // After the last reply, the delivery is done.
                        if delivery.received(piece).is_err()
                            || delivery.report().attempts().last().unwrap().stage() == Stage::Idle
                        {
                            break;
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_delivery_takes_linear_time_in_the_number_of_recipients() {
        let group = "250-x\r\n250 PIPELINING\r\n";
        let refusing = &["250 ok\r\n", "552 full\r\n", "550 no\r\n"];
        for (name, server) in [
            ("one by one", PLAIN),
            ("in groups", Server { offers: group, ..PLAIN }),
            ("some refused", Server { rcpts: refusing, ..PLAIN }),
            ("552 to all but the first", Server { offers: group, rcpts: refusing, ..PLAIN }),
            ("all refused", Server { offers: group, rcpts: &["550 no\r\n"], ..PLAIN }),
            ("LMTP", Server { protocol: Protocol::Lmtp, ..PLAIN }),
            ("LMTP in groups", Server { protocol: Protocol::Lmtp, offers: group, ..PLAIN }),
            ("LMTP refused", Server { protocol: Protocol::Lmtp, offers: group, end: "452 full\r\n", ..PLAIN }),
        ] {
            for (small, times) in [(false, 100), (true, 10)] {
                let (few, many) = (steps(&server, 1000, small), steps(&server, 1000 * times, small));
                assert!(few >= 1000, "{name}: {few} steps");
                // The number of transactions grows with the logarithm of the number of recipients.
                assert!(many <= (few + 1) * times * 21 / 20, "{name}, small pieces {small}: {few} steps became {many}");
            }
        }
    }
}
