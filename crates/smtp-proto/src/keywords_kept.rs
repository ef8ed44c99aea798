//! The keywords of an EHLO reply, kept for parameters of extensions that this crate does not know.

use alloc::{boxed::Box, vec::Vec};

use crate::{capabilities::keywords, reply::Reply};

/// The keywords of the last reply to EHLO or LHLO, each in capitals and with a space after it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct KeptKeywords(Box<[u8]>);

impl KeptKeywords {
    pub(crate) fn of(reply: &Reply<'_>) -> Self {
        let mut names = Vec::new();
        for keyword in keywords(reply) {
            names.extend(keyword.name().iter().map(u8::to_ascii_uppercase));
            names.push(b' ');
        }
        Self(names.into())
    }

    /// Whether the keyword is one of them, in any case.
    pub(crate) fn contain(&self, keyword: &str) -> bool {
        self.0.split(|octet| *octet == b' ').any(|name| name.eq_ignore_ascii_case(keyword.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_in_any_case() {
        let (_, reply) = Reply::parse(b"250-x Y\r\n250-FutureRelease 9\r\n250 X-A\r\n").unwrap().unwrap();
        let kept = KeptKeywords::of(&reply);
        for (keyword, expected) in
            [("FUTURERELEASE", true), ("x-a", true), ("X", false), ("Y", false), ("FUTURE", false), ("9", false)]
        {
            assert_eq!(kept.contain(keyword), expected, "{keyword}");
        }
    }
}
