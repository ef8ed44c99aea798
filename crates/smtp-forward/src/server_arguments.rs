//! The arguments that say which server to connect to.

use std::{net::IpAddr, time::Duration};

use clap::{Args, ValueEnum};
use smtp_client::{Family, NextHop, Route};
use smtp_proto::{Config, HelloName, HeloRetry, Timeouts};

use crate::{
    quantities::seconds,
    server_address::{SUBMISSIONS_PORT, ServerAddress},
    tls_arguments::Tls,
};

/// Which server to connect to, and how to talk to it.
#[derive(Args, Debug)]
pub(crate) struct Server {
    #[arg(
        long = "server",
        value_name = "HOST[:PORT]",
        help = "The server to connect to, also as smtp://HOST[:PORT] or smtps://HOST[:PORT]; write an IPv6 address \
                with a port as [ADDRESS]:PORT, and a Unix socket as its absolute path or as unix:PATH"
    )]
    address: ServerAddress,
    /// Connect from this local address
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<IpAddr>,
    /// Connect only to IPv4 addresses
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Connect only to IPv6 addresses
    #[arg(short = '6', long)]
    ipv6: bool,
    /// The client name for EHLO and HELO [default: the name of this machine if it is fully qualified, or else its
    /// address literal]
    #[arg(long, value_name = "NAME")]
    helo_name: Option<HelloName>,
    /// An upper limit for every timeout, including connecting [default: the timeouts of RFC 5321, 30 s to connect]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// When to retry with HELO on a new connection: after a disconnect on EHLO, also after a timeout, or never
    #[arg(long, value_name = "WHEN", default_value = "disconnect")]
    helo_retry: Retry,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Retry {
    Disconnect,
    Timeout,
    Never,
}

impl Server {
    /// The next hop, or why it is not allowed.
    pub(crate) fn next_hop(&self) -> Result<NextHop, &'static str> {
        match &self.address {
            ServerAddress::Plain(next_hop) | ServerAddress::Smtp(next_hop) | ServerAddress::Smtps(next_hop) => {
                let is_unix = next_hop.port().is_none();
                if is_unix && (self.bind.is_some() || self.ipv4 || self.ipv6) {
                    return Err("--bind, -4 and -6 are about IP addresses, and a Unix socket has none");
                }
                Ok(next_hop.clone())
            }
            ServerAddress::WithUser => {
                Err("--server must not have a user name or a password: use --auth-user, and a file or a command for \
                     the password")
            }
        }
    }

    /// Whether and how to use TLS. `has_login`: whether credentials will be sent.
    pub(crate) fn tls(&self, asked_for: Option<Tls>, has_login: bool) -> Result<Tls, &'static str> {
        let is_smtps = matches!(self.address, ServerAddress::Smtps(_));
        let port = self.next_hop()?.port();
        match asked_for {
            Some(Tls::Implicit) | None if is_smtps => Ok(Tls::Implicit),
            Some(_) if is_smtps => Err("smtps:// is implicit TLS, which --tls contradicts"),
            Some(tls) => Ok(tls),
            None if port == Some(SUBMISSIONS_PORT) => Ok(Tls::Implicit),
            None if has_login => Ok(Tls::Required),
            None => Ok(Tls::Opportunistic),
        }
    }

    /// The addresses to connect from and to.
    pub(crate) fn route(&self) -> Route {
        let route = self.bind.map_or_else(Route::default, |address| Route::default().from(address));
        match (self.ipv4, self.ipv6) {
            (true, _) => route.only(Family::V4),
            (false, true) => route.only(Family::V6),
            (false, false) => route,
        }
    }

    pub(crate) fn config(&self) -> Config {
        let helo_retry = match self.helo_retry {
            Retry::Disconnect => HeloRetry::Disconnect,
            Retry::Timeout => HeloRetry::Timeout,
            Retry::Never => HeloRetry::Never,
        };
        let config =
            self.helo_name.clone().map_or_else(config_of_this_machine, Config::new).with_helo_retry(helo_retry);
        match self.timeout {
            Some(limit) => config.with_timeouts(Timeouts::RFC_5321.at_most(limit)),
            None => config,
        }
    }
}

/// The configuration with the name of this machine. If that is not a fully qualified domain, which servers may refuse,
/// hello gives the address literal of the connection (RFC 5321 section 4.1.4).
pub(crate) fn config_of_this_machine() -> Config {
    config_of(&gethostname::gethostname().to_string_lossy())
}

fn config_of(machine: &str) -> Config {
    match HelloName::new(machine) {
        Ok(name) if name.is_fully_qualified() => Config::new(name),
        _ => Config::new(HelloName::new("localhost").expect("localhost is a domain")).with_address_literal(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fully_qualified_name_of_this_machine_is_given_in_hello() {
        for (machine, name) in [
            ("mail.example.com", Some("mail.example.com")),
            ("0123456789ab", None),
            ("DESKTOP_AB12CD", None),
            ("localhost", None),
            ("", None),
            ("not a name", None),
        ] {
            let config = config_of(machine);
            let given = (!config.address_literal()).then(|| config.hello_name().as_str());
            assert_eq!(given, name, "{machine:?}");
        }
    }
}
