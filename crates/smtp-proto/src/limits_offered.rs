//! The limits that a server announces (RFC 9422).

use core::num::NonZeroU32;

use crate::decimal;

/// The limits that a server announces with LIMITS (RFC 9422). `None`: it announces no such limit, or not a valid one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub struct LimitsOffered {
    /// MAILMAX: the most transactions on one connection. Each MAIL counts, whatever its reply.
    pub transactions: Option<NonZeroU32>,
    /// RCPTMAX: the most recipients in one transaction. Each RCPT counts, whatever its reply.
    pub recipients: Option<NonZeroU32>,
    /// RCPTDOMAINMAX: the most domains of recipients on one connection.
    pub recipient_domains: Option<NonZeroU32>,
}

impl LimitsOffered {
    /// Adds the parameters of a LIMITS line. Names that are not known and values that are not valid are ignored, and
    /// so is all but the first value for a name.
    pub(crate) fn add(&mut self, parameters: &[u8]) {
        for parameter in parameters.split(|octet| matches!(octet, b' ' | b'\t')) {
            let Some(at) = memchr::memchr(b'=', parameter) else { continue };
            let (name, value) = parameter.split_at(at);
            let limit = match name.to_ascii_uppercase().as_slice() {
                b"MAILMAX" => &mut self.transactions,
                b"RCPTMAX" => &mut self.recipients,
                b"RCPTDOMAINMAX" => &mut self.recipient_domains,
                _ => continue,
            };
            *limit = limit.or_else(|| number(value.get(1..).unwrap_or_default()));
        }
    }
}

/// `limit-value = %x31-39 *5DIGIT`: one to six digits, and not zero. A limit of zero could not be obeyed.
fn number(digits: &[u8]) -> Option<NonZeroU32> {
    match digits {
        [b'1'..=b'9', rest @ ..] if rest.len() < 6 => {
            u32::try_from(decimal::parse(digits)?).ok().and_then(NonZeroU32::new)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(parameters: &str) -> [u32; 3] {
        let mut limits = LimitsOffered::default();
        limits.add(parameters.as_bytes());
        [limits.transactions, limits.recipients, limits.recipient_domains].map(|limit| limit.map_or(0, NonZeroU32::get))
    }

    #[test]
    fn names_are_in_any_case_and_what_is_not_valid_is_ignored() {
        for (parameters, expected) in [
            ("MAILMAX=1 RCPTMAX=100 RCPTDOMAINMAX=999999", [1, 100, 999_999]),
            ("mailmax=20", [20, 0, 0]),
            ("RcptMax=2 ", [0, 2, 0]),
            ("  RCPTMAX=2", [0, 2, 0]),
            ("RCPTMAX=0 MAILMAX=00", [0, 0, 0]),
            ("RCPTMAX=007", [0, 0, 0]),
            ("RCPTMAX=1000000", [0, 0, 0]),
            ("RCPTMAX=-1 MAILMAX=+1 RCPTDOMAINMAX=1x", [0, 0, 0]),
            ("RCPTMAX= MAILMAX RCPTDOMAINMAX==5", [0, 0, 0]),
            ("SIZEMAX=3 RCPTMAXX=3 XRCPTMAX=3 =3", [0, 0, 0]),
            ("RCPTMAX=0 RCPTMAX=5 RCPTMAX=9", [0, 5, 0]),
            ("", [0, 0, 0]),
        ] {
            assert_eq!(limits(parameters), expected, "{parameters:?}");
        }
    }
}
