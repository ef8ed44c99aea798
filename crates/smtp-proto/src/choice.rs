//! Which recipients a transaction contains.

use alloc::{boxed::Box, string::String, vec::Vec};

use crate::address::ForwardPath;

/// The most recipients of a transaction, and the most domains of all recipients on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bounds {
    pub(crate) recipients: usize,
    /// `None`: any number, so that they need not be counted.
    pub(crate) domains: Option<usize>,
}

/// The domains of the recipients on a connection.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Domains {
    /// In order and in lowercase.
    names: Vec<String>,
}

/// The recipients of the next transaction: the first of `left` that are within the bounds, in order. `used` are the
/// domains that were used on the connection; those of the chosen recipients are added, if they are counted.
pub(crate) fn choose(
    left: impl Iterator<Item = usize>,
    paths: &[ForwardPath],
    bounds: Bounds,
    used: &mut Option<Box<Domains>>,
) -> Vec<usize> {
    let fits = |index: &usize| match (bounds.domains, paths.get(*index)) {
        (Some(most), Some(path)) => used.get_or_insert_default().add(path, most),
        (None, _) | (Some(_), None) => true,
    };
    left.filter(fits).take(bounds.recipients).collect()
}

impl Domains {
    /// Adds the domain of this recipient. Returns `false` if there are too many.
    fn add(&mut self, path: &ForwardPath, most: usize) -> bool {
        let domain = match path {
            // It has none, but a server may count it.
            ForwardPath::Postmaster => String::new(),
            ForwardPath::Mailbox(mailbox) => mailbox.domain().to_ascii_lowercase(),
        };
        match self.names.binary_search(&domain) {
            Ok(_) => true,
            Err(_) if self.names.len() >= most => false,
            Err(at) => {
                self.names.insert(at, domain);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(paths: &[&str], left: &[usize], recipients: usize, domains: Option<usize>, used: &str) -> Vec<usize> {
        let paths: Vec<ForwardPath> = paths.iter().map(|path| path.parse().unwrap()).collect();
        let mut used = Some(Box::new(Domains { names: used.split_terminator(' ').map(Into::into).collect() }));
        choose(left.iter().copied(), &paths, Bounds { recipients, domains }, &mut used)
    }

    #[test]
    fn a_transaction_contains_the_first_recipients_within_both_bounds() {
        let paths = ["a@x.example", "b@y.example", "postmaster", "c@X.example", "d@z.example"];
        let all = [0, 1, 2, 3, 4];
        for (left, recipients, domains, used, expected) in [
            (&all[..], usize::MAX, None, "", &all[..]),
            (&all, 2, None, "", &[0, 1]),
            (&all[2..], 2, None, "", &[2, 3]),
            (&all, 9, Some(1), "", &[0, 3]),
            (&all, 9, Some(2), "", &[0, 1, 3]),
            (&all, 9, Some(4), "", &all),
            (&all, 1, Some(1), "", &[0]),
            (&all, 9, Some(1), "y.example", &[1]),
            (&all, 9, Some(1), "q.example", &[]),
            (&all, 9, Some(2), "q.example", &[0, 3]),
        ] {
            assert_eq!(chosen(&paths, left, recipients, domains, used), expected, "{left:?} {recipients} {domains:?}");
        }
    }

    #[test]
    fn domains_behind_the_last_recipient_are_not_used_up() {
        let paths: Vec<ForwardPath> = ["a@x.example", "b@y.example"].map(|path| path.parse().unwrap()).into();
        let mut used = None;
        choose(0..2, &paths, Bounds { recipients: 1, domains: Some(9) }, &mut used);
        assert_eq!(used.unwrap().names, ["x.example"]);
    }
}
