//! Handles: what C sees as a pointer to an opaque struct.

use std::{
    cell::UnsafeCell,
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{
    allocator, arguments,
    head::{BROKEN, CHANGING, CONFIG, DELIVERY, ENVELOPE, FREED, Head, enter, one_more},
    refusal::Refusal,
    reserve::Reserve,
    status::smtp_status,
};

/// What is behind a handle.
pub(crate) trait Kind {
    /// The opaque struct in the header.
    type Opaque;

    /// Marks handles of this kind, in the upper half.
    const MARK: u32;

    /// How many octets a call may allocate for itself, whatever its arguments are.
    const NEEDS: usize;

    /// By how many octets a call may lengthen buffers, beside the size of its arguments. The handle has allocated `held`
    /// octets.
    fn grows(&self, held: usize) -> usize {
        let _ = held;
        0
    }
}

/// The memory of a handle.
#[repr(C)]
struct Handle<T> {
    head: Head,
    value: UnsafeCell<T>,
}

/// Makes a handle of what `make` returns, and stores it in `out`, or NULL if that fails. `given`: the size of the arguments
/// in octets.
///
/// # Safety
///
/// `out` is NULL, or has room for a pointer.
pub(crate) unsafe fn create<T: Kind>(
    out: *mut *mut T::Opaque,
    given: usize,
    make: impl FnOnce() -> Result<T, Refusal>,
) -> smtp_status {
    // SAFETY: the caller's promise is the same.
    if let Err(refusal) = unsafe { clear(out) }.and_then(|()| check_length(given)) {
        return refusal.status();
    }
    let make = || {
        let head = Head { state: AtomicU32::new(T::MARK), refusal: UnsafeCell::new(None), held: UnsafeCell::new(0) };
        Ok(Box::into_raw(Box::new(Handle { head, value: UnsafeCell::new(make()?) })))
    };
    match guarded(for_growth(given).saturating_add(T::NEEDS).saturating_add(size_of::<Handle<T>>()), make) {
        Ok((Ok(handle), held)) => {
            // SAFETY: the handle is new. There is room for a pointer.
            unsafe {
                *(*handle).head.held.get() = held;
                out.write_unaligned(handle.cast());
            }
            smtp_status::SMTP_OK
        }
        Ok((Err(refusal), _)) => refusal.status(),
        Err(status) => status,
    }
}

/// Stores NULL where a handle will be stored.
///
/// # Safety
///
/// `out` is NULL, or has room for a pointer.
pub(crate) unsafe fn clear<C>(out: *mut *mut C) -> Result<(), Refusal> {
    // SAFETY: the caller's promise is the same.
    unsafe { arguments::store_one(ptr::null_mut(), out) }
}

/// Calls `read` with what is behind a handle.
///
/// # Safety
///
/// `handle` is NULL, or a handle that was not freed.
pub(crate) unsafe fn read<T: Kind>(
    handle: *const T::Opaque,
    read: impl FnOnce(&T) -> Result<(), Refusal>,
) -> smtp_status {
    // SAFETY: the caller's promise is the same.
    unsafe { copy(handle, |value, _| read(value)) }
}

/// The same, for a call that copies the value. `read` also gets how many octets that has allocated.
///
/// # Safety
///
/// `handle` is NULL, or a handle that was not freed.
pub(crate) unsafe fn copy<T: Kind>(
    handle: *const T::Opaque,
    read: impl FnOnce(&T, usize) -> Result<(), Refusal>,
) -> smtp_status {
    let handle = handle.cast::<Handle<T>>();
    // SAFETY: the caller's promise is the same.
    let state = match unsafe { enter(handle.cast(), T::MARK, one_more) } {
        Ok(state) => state,
        Err(status) => return status,
    };
    // SAFETY: the mark is that of `T`, and no call changes the value until the state says so.
    let (value, held) = unsafe { (&*(*handle).value.get(), *(*handle).head.held.get()) };
    let result = catch_unwind(AssertUnwindSafe(|| read(value, held)));
    state.fetch_sub(1, Ordering::Release);
    match result {
        Ok(Ok(())) => smtp_status::SMTP_OK,
        Ok(Err(refusal)) => refusal.status(),
        Err(_) => smtp_status::SMTP_INTERNAL,
    }
}

/// Calls `change` with what is behind a handle. `given`: the size of the arguments in octets.
///
/// # Safety
///
/// `handle` is NULL, or a handle that was not freed.
pub(crate) unsafe fn change<T: Kind>(
    handle: *mut T::Opaque,
    given: usize,
    change: impl FnOnce(&mut T) -> Result<(), Refusal>,
) -> smtp_status {
    // SAFETY: the caller's promise is the same.
    unsafe { change_needing(handle, |_| 0, given, change) }
}

/// The same, for a call that may allocate more, as `more` says.
///
/// # Safety
///
/// `handle` is NULL, or a handle that was not freed.
pub(crate) unsafe fn change_needing<T: Kind>(
    handle: *mut T::Opaque,
    more: impl FnOnce(&T) -> usize,
    given: usize,
    change: impl FnOnce(&mut T) -> Result<(), Refusal>,
) -> smtp_status {
    if let Err(refusal) = check_length(given) {
        return refusal.status();
    }
    let handle = handle.cast::<Handle<T>>();
    // SAFETY: the caller's promise is the same.
    let state = match unsafe { enter(handle.cast(), T::MARK, |users| (users == 0).then_some(CHANGING)) } {
        Ok(state) => state,
        Err(status) => return status,
    };
    // SAFETY: the mark is that of `T`, and no other call uses the handle until the state says so.
    let (value, last, held) =
        unsafe { (&mut *(*handle).value.get(), &mut *(*handle).head.refusal.get(), &mut *(*handle).head.held.get()) };
    // Memory that one handle allocated and another freed can make the number wrap below zero.
    let held_now = if *held > isize::MAX as usize { 0 } else { *held };
    let lengths = [held_now, given, more(value), value.grows(held_now)];
    let needs = for_growth(lengths.into_iter().fold(0, usize::saturating_add)).saturating_add(T::NEEDS);
    let (status, next) = match guarded(needs, || change(value)) {
        Ok((result, change)) => {
            *held = held.wrapping_add(change);
            *last = result.err();
            (last.map_or(smtp_status::SMTP_OK, Refusal::status), T::MARK)
        }
        Err(status @ smtp_status::SMTP_INTERNAL) => (status, T::MARK | BROKEN),
        Err(status) => (status, T::MARK),
    };
    state.store(next, Ordering::Release);
    status
}

/// Frees a handle.
///
/// # Safety
///
/// `handle` is NULL, or a handle that was not freed.
pub(crate) unsafe fn free<T: Kind>(handle: *mut T::Opaque) -> smtp_status {
    if handle.is_null() {
        return smtp_status::SMTP_OK;
    }
    let handle = handle.cast::<Handle<T>>();
    let is_free = |users| (users == 0 || users == BROKEN).then_some(CHANGING);
    // SAFETY: the caller's promise is the same.
    match unsafe { enter(handle.cast(), T::MARK, is_free) } {
        Ok(state) => {
            state.store(FREED, Ordering::Release);
            // SAFETY: the handle came from `create`, and no other call uses it.
            let freed = catch_unwind(AssertUnwindSafe(|| drop(unsafe { Box::from_raw(handle) })));
            freed.map_or(smtp_status::SMTP_INTERNAL, |()| smtp_status::SMTP_OK)
        }
        Err(status) => status,
    }
}

/// Why the last call that could change a handle of any kind was refused; `None` if it was accepted.
///
/// # Safety
///
/// `handle` is NULL, or a handle that was not freed.
pub(crate) unsafe fn last_refusal(handle: *const c_void) -> Result<Option<Refusal>, smtp_status> {
    let head = handle.cast::<Head>();
    let enter_as = |mark| {
        // SAFETY: the caller's promise is the same.
        unsafe { enter(head, mark, one_more) }
    };
    let state = enter_as(CONFIG).or_else(|status| match status {
        smtp_status::SMTP_BAD_HANDLE => enter_as(ENVELOPE).or_else(|_| enter_as(DELIVERY)),
        status => Err(status),
    })?;
    // SAFETY: it is a handle, and no call changes it until the state says so.
    let refusal = unsafe { *(*head).refusal.get() };
    state.fetch_sub(1, Ordering::Release);
    Ok(refusal)
}

/// No object is longer. So this is not a question of memory.
fn check_length(given: usize) -> Result<(), Refusal> {
    isize::try_from(given).map(|_| ()).map_err(|_| Refusal::Pointer)
}

/// What a call may allocate for buffers that have this length at its end. A buffer that grows doubles, so it is up to
/// twice as large, and all that it was before take as much again.
const fn for_growth(octets: usize) -> usize {
    octets.saturating_mul(4)
}

/// Makes a call that may allocate up to `needs` octets. Returns its result, and the change of what is allocated.
fn guarded<R>(
    needs: usize,
    call: impl FnOnce() -> Result<R, Refusal>,
) -> Result<(Result<R, Refusal>, usize), smtp_status> {
    let _reserve = Reserve::hold(needs).ok_or(smtp_status::SMTP_NO_MEMORY)?;
    let counted = || {
        allocator::take_usage();
        let result = call();
        let usage = allocator::take_usage();
        if cfg!(any(debug_assertions, feature = "fuzz")) {
            assert!(usage.total <= needs, "a call has allocated {} octets instead of {needs}", usage.total);
        }
        (result, usage.net)
    };
    catch_unwind(AssertUnwindSafe(counted)).map_err(|_| smtp_status::SMTP_INTERNAL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, connection, delivery, envelope, step};
    use smtp_proto::{Config, Delivery, Envelope, HelloName, Step};

    const REPLIES: [&str; 5] = [
        "220 mx.example.net ESMTP\r\n",
        "250-mx.example.net\r\n250-SIZE 10000000\r\n250 8BITMIME\r\n",
        "250 2.1.0 ok\r\n",
        "250 2.1.5 ok\r\n",
        "354 go on\r\n",
    ];

    fn rust() -> Delivery {
        let config = Config::new(HelloName::new("client.example").unwrap());
        let envelope =
            Envelope::new("alice@example.com".parse().unwrap(), vec!["bob@example.net".parse().unwrap()]).unwrap();
        let mut delivery = Delivery::new(config, envelope);
        delivery.connected().unwrap();
        for reply in REPLIES {
            if let Step::Transmit(transmit) = delivery.poll() {
                let octets = transmit.octets().len();
                delivery.sent(octets).unwrap();
            }
            delivery.received(reply.as_bytes()).unwrap();
        }
        delivery
    }

    /// The same through the C interface. Returns the delivery alone.
    unsafe fn c() -> *mut delivery::smtp_delivery {
        let (mut config, mut envelope, mut delivery) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: the texts have these lengths, and there is room for the handles and the step.
        unsafe {
            config::smtp_config_new(c"client.example".as_ptr(), 14, &raw mut config);
            envelope::smtp_envelope_new(c"alice@example.com".as_ptr(), 17, &raw mut envelope);
            envelope::smtp_envelope_add_recipient(envelope, c"bob@example.net".as_ptr(), 15);
            delivery::smtp_delivery_new(config, envelope, &raw mut delivery);
            connection::smtp_delivery_connected(delivery);
            for reply in REPLIES {
                let mut next = step::smtp_step::EMPTY;
                step::smtp_delivery_poll(delivery, &raw mut next, size_of_val(&next));
                connection::smtp_delivery_sent(delivery, next.octets_len);
                let status = connection::smtp_delivery_received(delivery, reply.as_ptr(), reply.len());
                assert_eq!(status, smtp_status::SMTP_OK);
            }
            envelope::smtp_envelope_free(envelope);
            config::smtp_config_free(config);
        }
        delivery
    }

    #[test]
    fn a_session_through_c_takes_little_more_memory_than_in_rust() {
        allocator::take_usage();
        let in_rust = rust();
        let rust_octets = allocator::take_usage().net + size_of_val(&in_rust);
        // SAFETY: the handle was not freed.
        let c_octets = unsafe {
            let delivery = c();
            let held = *(*delivery.cast::<Handle<Delivery>>()).head.held.get();
            assert_eq!(free::<Delivery>(delivery), smtp_status::SMTP_OK);
            held + size_of::<Config>()
        };
        println!("a session waiting for content: {rust_octets} octets in Rust, {c_octets} through C");
        assert!(c_octets * 10 <= rust_octets * 12, "{c_octets} octets instead of {rust_octets}");
    }

    #[test]
    fn a_panic_is_a_status_and_the_handle_can_then_only_be_freed() {
        // SAFETY: the handle is freed once.
        unsafe {
            let delivery = c();
            let panics = |_: &mut Delivery| panic!("a bug that this test makes up");
            assert_eq!(change(delivery, 0, panics), smtp_status::SMTP_INTERNAL);
            assert_eq!(change(delivery, 0, |_: &mut Delivery| Ok(())), smtp_status::SMTP_INTERNAL);
            assert_eq!(read(delivery, |_: &Delivery| Ok(())), smtp_status::SMTP_INTERNAL);
            assert_eq!(free::<Delivery>(delivery), smtp_status::SMTP_OK);
        }
    }

    #[test]
    fn calls_that_read_may_run_at_once_but_not_with_one_that_changes() {
        // SAFETY: the handle is freed once.
        unsafe {
            let delivery = c();
            let inner = |_: &Delivery| {
                assert_eq!(read(delivery, |_: &Delivery| Ok(())), smtp_status::SMTP_OK);
                assert_eq!(change(delivery, 0, |_: &mut Delivery| Ok(())), smtp_status::SMTP_BUSY);
                assert_eq!(free::<Delivery>(delivery), smtp_status::SMTP_BUSY);
                Ok(())
            };
            assert_eq!(read(delivery, inner), smtp_status::SMTP_OK);
            assert_eq!(free::<Delivery>(delivery), smtp_status::SMTP_OK);
        }
    }
}
