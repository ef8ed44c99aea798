//! What a delivery needs and what a server offers, in the simplest possible code.

use smtp_proto::{AuthPolicy, Body, Config, EightBitPolicy, Envelope, Need, Needs, TlsPolicy};

use super::channel::Channel;

/// What the last reply to EHLO or LHLO offers, as far as it affects what the client sends.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "a keyword each")]
pub struct Offers {
    /// RFC 2920.
    pub pipelining: bool,
    /// RFC 6152.
    pub eight_bit_mime: bool,
    /// RFC 6531.
    pub smtputf8: bool,
    /// RFC 1870: whether SIZE is offered.
    pub size: bool,
    /// The largest message, if SIZE names one.
    pub largest: Option<u64>,
    /// RFC 3207.
    pub starttls: bool,
    /// RFC 8689.
    pub require_tls: bool,
    /// RFC 3030.
    pub chunking: bool,
    /// RFC 3030.
    pub binary_mime: bool,
    /// RFC 4954: the names of the mechanisms, in capitals. `None` if AUTH is not offered.
    pub auth: Option<Vec<String>>,
}

impl Offers {
    /// Reads the octets of one whole reply (RFC 5321 section 4.1.1.1).
    pub fn read(reply: &[u8]) -> Self {
        let mut offers = Self::default();
        for (name, value) in keywords(reply) {
            let is = |keyword: &[u8]| name.eq_ignore_ascii_case(keyword);
            offers.pipelining |= is(b"PIPELINING");
            offers.eight_bit_mime |= is(b"8BITMIME");
            offers.smtputf8 |= is(b"SMTPUTF8");
            offers.chunking |= is(b"CHUNKING");
            offers.binary_mime |= is(b"BINARYMIME");
            offers.starttls |= is(b"STARTTLS");
            offers.require_tls |= is(b"REQUIRETLS");
            if is(b"AUTH") {
                let names = value.split(|octet| *octet == b' ').filter(|name| !name.is_empty());
                let names = names.map(|name| String::from_utf8_lossy(name).to_ascii_uppercase());
                offers.auth.get_or_insert_default().extend(names);
            }
            if is(b"SIZE") {
                (offers.size, offers.largest) = (true, size(value));
            }
        }
        offers
    }

    /// Which of `needs` are not met on a connection that is secured like this. Extensions that are not implemented
    /// never are. `has_bdat`: whether the
    /// client may use BDAT.
    pub(super) fn unmet(&self, needs: Needs, channel: Channel, is_authenticated: bool, has_bdat: bool) -> Needs {
        let mut unmet = Needs::NONE;
        for need in needs.iter() {
            let met = match need {
                Need::Smtputf8 => self.smtputf8,
                Need::EightBitMime => self.eight_bit_mime,
                Need::Tls => channel != Channel::Clear,
                Need::VerifiedTls => channel == Channel::Verified,
                Need::RequireTls => channel == Channel::Verified && self.require_tls,
                Need::Auth => is_authenticated,
                Need::BinaryMime => has_bdat && self.chunking && self.binary_mime,
                _ => false,
            };
            if !met {
                unmet = unmet.with(need);
            }
            if need == Need::RequireTls && channel == Channel::Unverified {
                unmet = unmet.with(Need::VerifiedTls);
            }
        }
        unmet
    }
}

/// The keyword of each line after the first, and what follows the space or equals sign.
pub fn keywords(reply: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    reply.split_inclusive(|octet| *octet == b'\n').skip(1).filter_map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = line.get(4..)?;
        let end = text.iter().position(|octet| matches!(octet, b' ' | b'=')).unwrap_or(text.len());
        let allowed = |octet: &u8| octet.is_ascii_alphanumeric() || *octet == b'-';
        let is_keyword = end > 0 && text[0] != b'-' && text[..end].iter().all(allowed);
        is_keyword.then(|| (&text[..end], text.get(end + 1..).unwrap_or_default()))
    })
}

/// `size-value = 1*20DIGIT`, ignoring blanks around it. Zero and numbers that overflow mean no limit.
pub fn size(value: &[u8]) -> Option<u64> {
    let is_blank = |octet: &u8| matches!(octet, b' ' | b'\t');
    let start = value.iter().take_while(|octet| is_blank(octet)).count();
    let end = value.iter().rposition(|octet| !is_blank(octet)).map_or(start, |last| last + 1);
    let digits = &value[start..end];
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: u64, digit: &u8| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
    digits.iter().try_fold(0, add).filter(|size| *size > 0)
}

/// The needs of a delivery that HELO cannot meet.
pub(crate) fn needs(config: &Config, envelope: &Envelope) -> Needs {
    let mut needs = envelope.needs();
    let all_ascii = envelope.reverse_path().as_str().is_ascii()
        && envelope.forward_paths().iter().all(|path| path.as_str().is_ascii());
    if !all_ascii {
        needs = needs.with(Need::Smtputf8);
    }
    if matches!(config.tls(), TlsPolicy::Required | TlsPolicy::Implicit) || needs.contains(Need::RequireTls) {
        needs = needs.with(Need::Tls);
    }
    if let AuthPolicy::Required(how) = config.auth() {
        needs = needs.with(Need::Auth);
        if !how.in_clear() {
            needs = needs.with(Need::Tls);
        }
    }
    if envelope.body() == Body::EightBit && config.eight_bit() == EightBitPolicy::Refuse {
        needs = needs.with(Need::EightBitMime);
    }
    if envelope.body() == Body::Binary {
        needs = needs.with(Need::BinaryMime);
    }
    needs
}

/// Whether one of these needs may be met later: TLS and credentials depend on the server, and the client may gain an
/// extension. The other needs are properties of the message.
pub(super) fn may_be_met_later(unmet: Needs) -> bool {
    let later = [Need::Tls, Need::VerifiedTls, Need::Auth, Need::DeliverBy];
    later.iter().any(|need| unmet.contains(*need))
}
