//! Enums that C passes as numbers, which may have any value.

use crate::refusal::Refusal;

/// An enum of C that stands for `T`.
pub(crate) trait Choice<T: Copy + PartialEq + 'static>: Copy + 'static {
    /// Each value with its number.
    const ALL: &'static [(u32, T)];

    /// What a number from C stands for.
    fn read(number: impl TryInto<u32>) -> Result<T, Refusal> {
        let number = number.try_into().map_err(|_| Refusal::Value)?;
        Self::ALL.iter().find(|(known, _)| *known == number).map(|(_, value)| *value).ok_or(Refusal::Value)
    }

    /// The number for a value; zero for one that is newer than the header.
    fn number(value: T) -> u32 {
        Self::ALL.iter().find(|(_, known)| *known == value).map_or(0, |(number, _)| *number)
    }
}

macro_rules! choices {
    ($($name:ident = $of:ty { $($number:ident = $value:expr),* $(,)? })*) => {$(
        impl $crate::choices::Choice<$of> for $name {
            const ALL: &'static [(u32, $of)] = &[$(($name::$number as u32, $value)),*];
        }
    )*};
}

pub(crate) use choices;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        message::smtp_need,
        policy::{smtp_mechanism, smtp_tls},
    };
    use smtp_proto::{Mechanism, Need, TlsPolicy};

    #[test]
    fn every_mechanism_and_every_need_has_a_number() {
        let mechanisms = Mechanism::ALL.iter().map(|mechanism| smtp_mechanism::number(*mechanism));
        let needs = Need::ALL.iter().map(|need| smtp_need::number(*need));
        assert!(mechanisms.clone().all(|number| number != 0) && needs.clone().all(|number| number != 0));
        assert!(mechanisms.map(smtp_mechanism::read).eq(Mechanism::ALL.iter().copied().map(Ok)));
        assert!(needs.map(smtp_need::read).eq(Need::ALL.iter().copied().map(Ok)));
    }

    #[test]
    fn a_number_without_a_value_is_refused() {
        for number in [u64::from(u32::MAX), 1 << 32, u64::MAX, 77] {
            assert_eq!(smtp_tls::read(number), Err(Refusal::Value), "{number}");
        }
        assert_eq!(smtp_tls::read(3_u64), Ok(TlsPolicy::Implicit));
    }
}
