//! The GS2 header, with which SCRAM and OAUTHBEARER begin (RFC 5801 section 4).

use alloc::{format, string::String};

/// The header with this flag for channel binding; `authorization`: whom to act as.
pub(crate) fn header(flag: &str, authorization: Option<&str>) -> String {
    match authorization {
        Some(identity) => format!("{flag},a={},", escaped(identity)),
        None => format!("{flag},,"),
    }
}

/// `saslname`: `=` and `,` are escaped, because they end a name.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_signs_and_commas_are_escaped() {
        assert_eq!(header("n", None), "n,,");
        assert_eq!(header("p=tls-exporter", Some("a=b,c=2C")), "p=tls-exporter,a=a=3Db=2Cc=3D2C,");
        assert_eq!(escaped("J\u{fc}rgen"), "J\u{fc}rgen");
    }
}
