//! Addresses on the command line, and advice on those that are invalid.

use std::collections::HashSet;

use smtp_proto::{AddressError, Escaped, ForwardPath, Mailbox, ReversePath};

const POSTMASTER: &str = "postmaster";

/// What an address is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Sender,
    Recipient,
}

/// Parses the value of `--from`.
pub(crate) fn sender(text: &str) -> Result<ReversePath, String> {
    text.parse().map_err(|error| explained(text, error, Role::Sender))
}

/// Parses the value of `--to`.
pub(crate) fn recipient(text: &str) -> Result<ForwardPath, String> {
    text.parse().map_err(|error| explained(text, error, Role::Recipient))
}

/// The recipients without repetitions: some servers deliver a message twice to a recipient that is given twice. Domains
/// are compared without case, and so is the local part `postmaster` (RFC 5321 section 2.3.11 and 4.5.1).
pub(crate) fn distinct(recipients: &[ForwardPath]) -> Vec<ForwardPath> {
    let mut known = HashSet::new();
    recipients.iter().filter(|recipient| known.insert(folded(recipient))).cloned().collect()
}

/// What is the same for all spellings of a recipient.
fn folded(recipient: &ForwardPath) -> (String, String) {
    match recipient {
        ForwardPath::Postmaster => (POSTMASTER.to_owned(), String::new()),
        ForwardPath::Mailbox(mailbox) => {
            let local = mailbox.local_part();
            let local = if local.eq_ignore_ascii_case(POSTMASTER) { POSTMASTER } else { local };
            (local.to_owned(), mailbox.domain().to_lowercase())
        }
    }
}

fn explained(text: &str, error: AddressError, role: Role) -> String {
    match advice(text, error, role) {
        Some(advice) => format!("{error}; {advice}"),
        None => error.to_string(),
    }
}

/// What to do about an address that is invalid because of `error`.
fn advice(text: &str, error: AddressError, role: Role) -> Option<String> {
    match (error, role) {
        (AddressError::DisplayName, _) => Some(match bracketed(text) {
            Some(address) => format!("give only the address: {}", shown(&address)),
            None => "give only the address".to_owned(),
        }),
        (AddressError::Several, Role::Recipient) => Some("repeat --to for each recipient".to_owned()),
        (AddressError::Several, Role::Sender) => Some("a message has one sender".to_owned()),
        (AddressError::NoDomain, Role::Recipient) => Some("expected LOCAL-PART@DOMAIN, or postmaster alone".to_owned()),
        (AddressError::NoDomain, Role::Sender) | (AddressError::NoLocalPart, _) => {
            Some("expected LOCAL-PART@DOMAIN".to_owned())
        }
        (AddressError::Control(_) | AddressError::Invisible(_), _) => Some("remove it".to_owned()),
        (AddressError::Dots | AddressError::EdgeDot | AddressError::Space | AddressError::Unquoted(_), _) => {
            quoted(text).map(|address| format!("if it belongs there, quote the local part: {}", shown(&address)))
        }
        (AddressError::Empty, Role::Recipient) => Some("expected an address".to_owned()),
        // The rest is said by the error. The type allows for errors that are not known yet.
        _ => None,
    }
}

/// The address in the angle brackets at the end.
fn bracketed(text: &str) -> Option<Mailbox> {
    let (_, address) = text.strip_suffix('>')?.rsplit_once('<')?;
    address.parse().ok()
}

/// The address with its local part in quotes, if that makes it valid.
fn quoted(text: &str) -> Option<Mailbox> {
    let (local, domain) = text.rsplit_once('@')?;
    format!("\"{local}\"@{domain}").parse().ok()
}

fn shown(address: &Mailbox) -> String {
    Escaped(address.as_str().as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_address_is_explained_with_advice() {
        for (address, said) in [
            ("Bob <b@x>", "it has a display name; give only the address: b@x"),
            ("Bob <b..c@x>", "it has a display name; give only the address"),
            ("a@x,b@x", "it has several addresses; repeat --to for each recipient"),
            ("an..na@x", "it has two dots in a row; if it belongs there, quote the local part: \"an..na\"@x"),
            (
                "anna.@x",
                "the local part or the domain starts or ends with a dot; \
                 if it belongs there, quote the local part: \"anna.\"@x",
            ),
            ("anna@x.", "the local part or the domain starts or ends with a dot"),
            ("an na@x", "it has a space outside of quotes; if it belongs there, quote the local part: \"an na\"@x"),
            ("anna@x y", "it has a space outside of quotes"),
            ("a:b@x", "the local part has ':' outside of quotes; if it belongs there, quote the local part: \"a:b\"@x"),
            ("anna", "it has no @ with a domain after it; expected LOCAL-PART@DOMAIN, or postmaster alone"),
            ("@x", "it has nothing before the @; expected LOCAL-PART@DOMAIN"),
            ("anna\u{202e}@x", "it has the invisible character U+202E; remove it"),
            ("anna@x\n", "it has a control character at octet 6; remove it"),
            ("", "it is empty; expected an address"),
            ("anna@-x", "the domain is neither labels separated by dots nor an address in brackets"),
        ] {
            assert_eq!(recipient(address).unwrap_err(), said, "{address:?}");
        }
        assert_eq!(sender("a@x,b@x").unwrap_err(), "it has several addresses; a message has one sender");
        assert_eq!(sender("a").unwrap_err(), "it has no @ with a domain after it; expected LOCAL-PART@DOMAIN");
        assert!(sender("").is_ok() && recipient("\"b c\"@x").is_ok());
    }
    #[test]
    fn a_recipient_is_known_again_by_its_exact_local_part_and_its_domain_in_any_case() {
        let all = |addresses: &[&str]| addresses.iter().map(|address| recipient(address).unwrap()).collect::<Vec<_>>();
        for (given, kept) in [
            (&["b@x", "c@x", "b@x"][..], &["b@x", "c@x"][..]),
            (&["b@Example.Net", "<b@example.NET>"], &["b@Example.Net"]),
            (&["b@b\u{fc}cher.example", "b@B\u{dc}CHER.example"], &["b@b\u{fc}cher.example"]),
            (&["b@x", "B@x", "\"b\"@x", "b@y"], &["b@x", "B@x", "\"b\"@x", "b@y"]),
            (&["Postmaster", "POSTMASTER"], &["postmaster"]),
            (&["Postmaster@x", "postmaster@X", "postmaster"], &["Postmaster@x", "postmaster"]),
        ] {
            assert_eq!(distinct(&all(given)), all(kept), "{given:?}");
        }
    }
}
