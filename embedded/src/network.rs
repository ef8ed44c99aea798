//! A delivery over smoltcp's loopback, with the client's and the server's socket in one program.

use alloc::vec;
use core::time::Duration;

use smoltcp::{
    iface::{Config, Interface, SocketSet, SocketStorage},
    phy::{Loopback, Medium},
    socket::tcp::{Socket, SocketBuffer},
    time::Instant,
    wire::{HardwareAddress, IpAddress, IpCidr},
};
use smtp_embedded::{Driver, Progress};
use smtp_proto::{AttemptEnd, Delivery, Disconnect, Hello, Outcome};

use crate::{
    heap::of_the_network,
    message::{self, CONTENT},
    server::{self, Server},
};

const ADDRESS: IpAddress = IpAddress::v4(127, 0, 0, 1);

/// The size of each of the four socket buffers, in octets.
const BUFFER: usize = 256;

/// A delivery that takes longer by the clock of the network hangs.
const LONGEST: Duration = Duration::from_secs(60);

/// What smoltcp needs beside the heap, in octets: for itself and for the two sockets.
pub(crate) const ON_THE_STACK: usize = size_of::<Interface>() + 2 * size_of::<SocketStorage<'_>>();

/// Delivers a message to a server that hangs up on EHLO. Panics if it does not arrive.
pub(crate) fn deliver() {
    let mut delivery = message::delivery("client.example", "alice@example.com", ["bob@example.net"].into_iter());
    let mut server = Server::new();
    run(&mut delivery, &mut server);
    let report = delivery.report();
    assert!(server.has_message(), "the server has no message: {report}");
    assert!(report.outcome() == Some(Outcome::Delivered), "not delivered: {report}");
    let attempts = report.attempts().map(|attempt| (attempt.hello(), attempt.end()));
    let expected =
        [(Some(Hello::Ehlo), Some(AttemptEnd::Lost(Disconnect::Closed))), (Some(Hello::Helo), Some(AttemptEnd::Quit))];
    assert!(attempts.eq(expected), "not HELO after a hang-up on EHLO: {report}");
}

fn run(delivery: &mut Delivery, server: &mut Server) {
    let mut device = Loopback::new(Medium::Ip);
    let mut interface = Interface::new(Config::new(HardwareAddress::Ip), &mut device, Instant::ZERO);
    interface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(ADDRESS, 8)).expect("there is room for one"));
    let mut storage = [SocketStorage::EMPTY; 2];
    let mut sockets = SocketSet::new(&mut storage[..]);
    let buffer = || SocketBuffer::new(vec![0; BUFFER]);
    let socket = || of_the_network(|| Socket::new(buffer(), buffer()));
    let (ours, theirs) = (sockets.add(socket()), sockets.add(socket()));
    let mut driver = Driver::new((ADDRESS, server::PORT).into(), CONTENT.as_bytes());
    // Nothing waits in real time: the clock jumps to when the network next has something to do.
    let mut now = Duration::ZERO;
    loop {
        let instant = Instant::from_micros(i64::try_from(now.as_micros()).expect("less than a minute"));
        of_the_network(|| interface.poll(instant, &mut device, &mut sockets));
        server.advance(sockets.get_mut(theirs));
        match driver.advance(delivery, sockets.get_mut(ours), interface.context(), now) {
            Ok(Progress::Done) => break,
            Ok(Progress::Made) => {}
            Ok(Progress::Waiting) => {
                let delay = interface.poll_delay(instant, &sockets).map_or(Duration::from_millis(1), Into::into);
                now += delay;
            }
            Err(misuse) => panic!("the driver is wrong: {misuse}"),
        }
        assert!(now < LONGEST, "the delivery hangs: {:?}", delivery.poll());
    }
    of_the_network(|| drop((sockets.remove(ours), sockets.remove(theirs), device)));
}
