//! Which addresses connections go from and to.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
};

/// Which addresses connections go from and to. By default, the system chooses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Route {
    from: Option<IpAddr>,
    family: Option<Family>,
}

/// A version of IP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "sockets have these two")]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Route {
    /// Connects from this local address.
    #[must_use]
    pub const fn from(mut self, address: IpAddr) -> Self {
        self.from = Some(address);
        self
    }

    /// Connects only to addresses of this family.
    #[must_use]
    pub const fn only(mut self, family: Family) -> Self {
        self.family = Some(family);
        self
    }

    pub(crate) const fn local_address(&self) -> Option<IpAddr> {
        self.from
    }

    /// The addresses that may be connected to.
    pub(crate) fn of(&self, mut addresses: Vec<SocketAddr>) -> io::Result<Vec<SocketAddr>> {
        addresses.retain(|address| self.family.is_none_or(|family| family.has(*address)));
        match (self.family, addresses.is_empty()) {
            (Some(Family::V4), true) => Err(io::Error::new(ErrorKind::NotFound, "the name has no IPv4 address")),
            (Some(Family::V6), true) => Err(io::Error::new(ErrorKind::NotFound, "the name has no IPv6 address")),
            (Some(_) | None, _) => Ok(addresses),
        }
    }
}

impl Family {
    const fn has(self, address: SocketAddr) -> bool {
        match self {
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_other_family_are_not_used() {
        let (v4, v6) = ("192.0.2.1:25".parse().unwrap(), "[2001:db8::1]:25".parse().unwrap());
        let of = |route: Route| route.of(vec![v4, v6]).unwrap();
        assert_eq!(of(Route::default()), [v4, v6]);
        assert_eq!(of(Route::default().only(Family::V4)), [v4]);
        assert_eq!(of(Route::default().only(Family::V6)), [v6]);
        assert!(Route::default().only(Family::V6).of(vec![v4]).is_err());
    }
}
