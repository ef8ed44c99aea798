//! PLAIN (RFC 4616): one message, and no challenge.

use crate::secret::Response;

/// Whom to act as, who logs in, and the password; none of them has a NUL.
pub(crate) fn message(authorization: Option<&str>, user: &str, password: &[u8]) -> Response {
    Response::concat(&[authorization.unwrap_or_default().as_bytes(), b"\0", user.as_bytes(), b"\0", password])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_4616_section_4() {
        assert_eq!(message(None, "tim", b"tanstaaftanstaaf").octets(), b"\0tim\0tanstaaftanstaaf");
        assert_eq!(message(Some("Ursel"), "Kurt", b"xipj3plmq").octets(), b"Ursel\0Kurt\0xipj3plmq");
    }
}
