//! The policy: settings that deliveries share.

use std::{ffi::c_char, sync::Arc};

use smtp_proto::{AuthPolicy, Authentication, Config, HelloName};

use crate::{
    arguments,
    choices::Choice,
    handle::{self, Kind},
    head,
    option::{Policy, smtp_option},
    policy::smtp_mechanism,
    refusal::Refusal,
    status::smtp_status,
};

/// The policy. Deliveries share it: it may be freed while they exist, and changes to it concern only later ones.
pub struct smtp_config {
    _private: (),
}

/// What is behind an `smtp_config`.
pub(crate) struct Settings {
    policy: Policy,
    /// What deliveries get.
    shared: Arc<Config>,
}

impl Kind for Settings {
    type Opaque = smtp_config;
    const MARK: u32 = head::CONFIG;
    /// A few copies of a policy: a name, and mechanisms.
    const NEEDS: usize = 4096;
}

impl Settings {
    fn new(policy: Policy) -> Self {
        let Policy { config, authentication } = policy.clone();
        let auth = match authentication.mechanisms() {
            [] => AuthPolicy::Never,
            _ => AuthPolicy::Required(authentication),
        };
        Self { policy, shared: Arc::new(config.with_auth(auth)) }
    }

    pub(crate) fn shared(&self) -> Arc<Config> {
        Arc::clone(&self.shared)
    }
}

/// Makes a policy with the defaults, and stores it in `config`. `hello_name` is the client's name in EHLO: a domain, or
/// an address literal such as `[192.0.2.1]`. Free it with `smtp_config_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_config_new(
    hello_name: *const c_char,
    hello_name_len: usize,
    config: *mut *mut smtp_config,
) -> smtp_status {
    let make = || {
        // SAFETY: the caller promises the length.
        let name = HelloName::new(unsafe { arguments::text(hello_name, hello_name_len) }?)?;
        Ok(Settings::new(Policy { config: Config::new(name), authentication: Authentication::new([]) }))
    };
    // SAFETY: the caller promises the room.
    unsafe { handle::create(config, hello_name_len, make) }
}

/// Frees a policy. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_config_free(config: *mut smtp_config) -> smtp_status {
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::free::<Settings>(config) }
}

/// Sets an `smtp_option`. SMTP_INVALID_ARGUMENT if there is no such option or value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_config_set(config: *mut smtp_config, option: u32, value: u64) -> smtp_status {
    let set = |settings: &mut Settings| {
        *settings = Settings::new(smtp_option::read(option)?.set(settings.policy.clone(), value)?);
        Ok(())
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(config, 0, set) }
}

/// Stores the value of an `smtp_option` in `value`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_config_get(config: *const smtp_config, option: u32, value: *mut u64) -> smtp_status {
    let get = |settings: &Settings| {
        let Policy { config, authentication } = &settings.policy;
        let found = smtp_option::read(option)?.get(config, authentication);
        // SAFETY: the caller promises the room.
        unsafe { arguments::store_one(found, value) }
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::read(config, get) }
}

/// Adds an `smtp_mechanism` that the caller has credentials for, after those that were added before: the first one that
/// the server offers is used. With at least one, messages are sent only after authentication.
///
/// Credentials are sent only over a connection whose server was verified, unless SMTP_OPTION_AUTH_IN_CLEAR is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtp_config_add_mechanism(config: *mut smtp_config, mechanism: u32) -> smtp_status {
    let add = |settings: &mut Settings| {
        let mechanism = smtp_mechanism::read(mechanism)?;
        let before = &settings.policy.authentication;
        if before.mechanisms().contains(&mechanism) {
            return Err(Refusal::Value);
        }
        let mechanisms = [before.mechanisms(), &[mechanism]].concat();
        let authentication =
            Authentication::new(mechanisms).with_any_order(before.any_order()).with_in_clear(before.in_clear());
        *settings = Settings::new(Policy { config: settings.policy.config.clone(), authentication });
        Ok(())
    };
    // SAFETY: the caller promises that it is a handle or NULL.
    unsafe { handle::change(config, 0, add) }
}
