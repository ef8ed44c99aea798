//! Looking after a delivery while it is under way.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::atomic::Ordering,
    task::Poll,
    time::Duration,
};

use smtp_client::tokio::Delivering;
use smtp_proto::{Cancel, MisuseError, Report};
use tokio::time::{Instant, Interval, interval_at};

use crate::interrupt;

/// How often to look, at least: nothing else shows the interrupt flag.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// Fires every tick, for the first time a tick from now.
pub(crate) fn ticks() -> Interval {
    interval_at(Instant::now() + TICK, TICK)
}

/// Drives a delivery until it is done. While it waits, `look` sees its report at each tick at least, and may cancel it.
pub(crate) async fn supervised(
    mut delivering: Delivering<'_>,
    ticks: &mut Interval,
    mut look: impl FnMut(Report<'_>) -> Option<Cancel>,
) -> Result<(), MisuseError> {
    poll_fn(|cx| {
        // First of all, so that a reply that has arrived takes precedence.
        if let Poll::Ready(result) = Pin::new(&mut delivering).poll(cx) {
            return Poll::Ready(result);
        }
        if let Some(why) = look(delivering.report()) {
            delivering.cancel(why);
            return Pin::new(&mut delivering).poll(cx);
        }
        while ticks.poll_tick(cx).is_ready() {}
        Poll::Pending
    })
    .await
}

/// Drives a delivery until it is done, or a signal cancels it.
pub(crate) async fn interruptible(delivering: Delivering<'_>) -> Result<(), MisuseError> {
    supervised(delivering, &mut ticks(), |_| interrupted()).await
}

/// A reason to cancel everything, once there was a signal.
pub(crate) fn interrupted() -> Option<Cancel> {
    interrupt::flag().load(Ordering::Relaxed).then_some(Cancel::Interrupted)
}
