//! What a delivery needs and what a server offers, in the simplest possible code.

use smtp_proto::{AuthPolicy, Body, Config, EightBitPolicy, Envelope, Late, Need, Needs, TlsPolicy};

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
    /// RFC 3461.
    pub dsn: bool,
    /// RFC 2852: the least time in seconds; zero if none is named.
    pub deliver_by: Option<u64>,
    /// All keywords, in capitals.
    pub keywords: Vec<String>,
    /// RFC 9422: MAILMAX, RCPTMAX and RCPTDOMAINMAX.
    pub mails_max: Option<usize>,
    /// The same.
    pub recipients_max: Option<usize>,
    /// The same.
    pub domains_max: Option<usize>,
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
            offers.dsn |= is(b"DSN");
            offers.keywords.push(String::from_utf8_lossy(name).to_ascii_uppercase());
            if is(b"DELIVERBY") {
                offers.deliver_by = Some(size(value).filter(|least| *least <= 999_999_999).unwrap_or(0));
            }
            if is(b"AUTH") {
                let names = value.split(|octet| *octet == b' ').filter(|name| !name.is_empty());
                let names = names.map(|name| String::from_utf8_lossy(name).to_ascii_uppercase());
                offers.auth.get_or_insert_default().extend(names);
            }
            if is(b"LIMITS") {
                for limit in String::from_utf8_lossy(value).split([' ', '\t']) {
                    offers.add_limit(limit);
                }
            }
            if is(b"SIZE") {
                (offers.size, offers.largest) = (true, size(value));
            }
        }
        offers
    }

    /// `NAME=N`, where N has one to six digits and does not start with 0. The first valid one counts.
    fn add_limit(&mut self, limit: &str) {
        let Some((name, value)) = limit.split_once('=') else { return };
        let is_number = value.chars().all(|digit| digit.is_ascii_digit()) && !value.starts_with('0');
        let number = value.parse().ok().filter(|number| is_number && (1..=999_999).contains(number));
        let place = match name.to_ascii_lowercase().as_str() {
            "mailmax" => &mut self.mails_max,
            "rcptmax" => &mut self.recipients_max,
            "rcptdomainmax" => &mut self.domains_max,
            _ => return,
        };
        *place = place.or(number);
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
    if envelope.deliver_by().is_some_and(|limit| limit.late() == Late::Return) {
        needs = needs.with(Need::DeliverBy);
    }
    if !envelope.parameters().is_empty() {
        needs = needs.with(Need::Parameter);
    }
    if envelope.body() == Body::EightBit && config.eight_bit() == EightBitPolicy::Refuse {
        needs = needs.with(Need::EightBitMime);
    }
    if envelope.body() == Body::Binary {
        needs = needs.with(Need::BinaryMime);
    }
    needs
}

/// Whether one of these needs may be met later: TLS and credentials depend on the server. The other needs are properties
/// of the message.
pub(super) fn may_be_met_later(unmet: Needs) -> bool {
    let later = [Need::Tls, Need::VerifiedTls, Need::Auth];
    later.iter().any(|need| unmet.contains(*need))
}
