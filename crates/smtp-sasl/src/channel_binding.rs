//! What binds a SCRAM exchange to the TLS channel that it runs in.

use core::fmt;

use crate::{error::SetupError, mechanism::Mechanism};

/// Whether and how SCRAM is bound to the TLS channel (RFC 5802 section 6). Other mechanisms ignore it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelBinding<'a> {
    /// The client cannot bind: there is no TLS, or no binding for it. Also for a server that offered `-PLUS` if
    /// the caller chose the other variant all the same.
    Unsupported,
    /// The client could bind, and the server offered no `-PLUS` mechanism at all, whatever its hash. If it did, and
    /// somebody removed it from the offer, the server notices and refuses.
    NotOffered,
    /// `tls-exporter` (RFC 9266): 32 octets of keying material, exported with the label `EXPORTER-Channel-Binding`
    /// and an empty context. For TLS 1.3, and for TLS 1.2 with the extended master secret.
    TlsExporter(&'a [u8; 32]),
    /// `tls-server-end-point` (RFC 5929 section 4): the hash of the server's certificate, by the hash function of
    /// its signature, with SHA-256 in place of MD5 and SHA-1. It has 28, 32, 48 or 64 octets.
    ///
    /// It is not defined for a certificate whose signature has no single hash function, such as Ed25519. Use
    /// `TlsExporter` then, or `Unsupported` and an unbound mechanism if that is not available either.
    TlsServerEndPoint(&'a [u8]),
}

/// How a SCRAM exchange is bound: the flag of its GS2 header, and the data that `c=` adds to the header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Binding<'a> {
    pub(crate) flag: &'static str,
    pub(crate) data: &'a [u8],
}

impl<'a> ChannelBinding<'a> {
    /// How this variant of SCRAM uses it.
    pub(crate) const fn of(self, mechanism: Mechanism) -> Result<Binding<'a>, SetupError> {
        match (mechanism.is_bound(), self) {
            (false, Self::Unsupported) => Ok(Binding { flag: "n", data: &[] }),
            (false, Self::NotOffered) => Ok(Binding { flag: "y", data: &[] }),
            (false, Self::TlsExporter(_) | Self::TlsServerEndPoint(_)) => {
                Err(SetupError::UnusedChannelBinding(mechanism))
            }
            (true, Self::TlsExporter(data)) => Ok(Binding { flag: "p=tls-exporter", data }),
            (true, Self::Unsupported | Self::NotOffered) => Err(SetupError::NoChannelBinding(mechanism)),
            (true, Self::TlsServerEndPoint(data)) => match data.len() {
                // SHA-224, SHA-256, SHA-384 and SHA-512.
                28 | 32 | 48 | 64 => Ok(Binding { flag: "p=tls-server-end-point", data }),
                _ => Err(SetupError::CertificateHashLength),
            },
        }
    }
}

/// Shows which one, not its data.
impl fmt::Debug for ChannelBinding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsupported => "Unsupported",
            Self::NotOffered => "NotOffered",
            Self::TlsExporter(_) => "TlsExporter(***)",
            Self::TlsServerEndPoint(_) => "TlsServerEndPoint(***)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn every_cell_of_the_table_holds() {
        use Mechanism::{ScramSha256 as Unbound, ScramSha256Plus as Bound};
        let exported = [7; 32];
        let binding = |flag, data| Ok(Binding { flag, data });
        let none = Err(SetupError::NoChannelBinding(Bound));
        let unused = Err(SetupError::UnusedChannelBinding(Unbound));
        for (channel, unbound, bound) in [
            (ChannelBinding::Unsupported, binding("n", &[]), none),
            (ChannelBinding::NotOffered, binding("y", &[]), none),
            (ChannelBinding::TlsExporter(&exported), unused, binding("p=tls-exporter", &exported)),
            (ChannelBinding::TlsServerEndPoint(&exported), unused, binding("p=tls-server-end-point", &exported)),
            (ChannelBinding::TlsServerEndPoint(b""), unused, Err(SetupError::CertificateHashLength)),
        ] {
            assert_eq!((channel.of(Unbound), channel.of(Bound)), (unbound, bound), "{channel:?}");
        }
    }

    #[test]
    fn the_hash_of_a_certificate_is_as_long_as_a_hash() {
        let octets = [7; 100];
        let accepted = (0..=octets.len())
            .filter(|len| ChannelBinding::TlsServerEndPoint(&octets[..*len]).of(Mechanism::ScramSha1Plus).is_ok());
        assert_eq!(accepted.collect::<Vec<_>>(), [28, 32, 48, 64]);
    }
}
