//! The TLS sessions that can be resumed.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustls::{
    NamedGroup,
    client::{ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue},
    pki_types::ServerName,
};

/// How many tickets to keep.
const MOST: usize = 256;
/// How many of them may be for one server: one for each connection that is opened to it at the same time.
const MOST_FOR_ONE: usize = 64;

/// The sessions that can be resumed. Tickets of TLS 1.3 can be used once. The store of rustls keeps eight for each
/// server, so that of ten connections that are opened together, two would need a full handshake.
pub(super) struct Sessions {
    tickets: Mutex<Tickets>,
    /// Everything else.
    others: ClientSessionMemoryCache,
}

/// The newest last.
type Tickets = VecDeque<(ServerName<'static>, Tls13ClientSessionValue)>;

impl Default for Sessions {
    /// No sessions.
    fn default() -> Self {
        Self { tickets: Mutex::default(), others: ClientSessionMemoryCache::new(MOST) }
    }
}

impl Sessions {
    fn tickets(&self) -> MutexGuard<'_, Tickets> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.others.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.others.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.others.set_tls12_session(server, session);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.others.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.others.remove_tls12_session(server);
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        let mut tickets = self.tickets();
        let of_server = tickets.iter().filter(|(other, _)| *other == server).count();
        if of_server >= MOST_FOR_ONE {
            let oldest = tickets.iter().position(|(other, _)| *other == server);
            oldest.and_then(|oldest| tickets.remove(oldest));
        } else if tickets.len() >= MOST {
            tickets.pop_front();
        }
        tickets.push_back((server, ticket));
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        let mut tickets = self.tickets();
        let newest = tickets.iter().rposition(|(other, _)| other == server)?;
        tickets.remove(newest).map(|(_, ticket)| ticket)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("tickets", &self.tickets().len()).finish_non_exhaustive()
    }
}
