//! HMAC (RFC 2104) with keys of any length.

use hmac::{EagerHash, Hmac, KeyInit, Mac, digest::Output, digest::common::Key};

use crate::secret::Wiped;

/// A MAC with this key. A long key is hashed and a short one padded here, so that there is no error to handle.
pub(crate) fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D> {
    let mut block = Wiped(Key::<Hmac<D>>::default());
    if key.len() <= block.len() {
        block.iter_mut().zip(key).for_each(|(octet, key)| *octet = *key);
    } else {
        let hash = Wiped(D::digest(key));
        block.iter_mut().zip(hash.iter()).for_each(|(octet, hash)| *octet = *hash);
    }
    Hmac::new(&block)
}

/// The MAC of the parts, one after the other.
pub(crate) fn mac<D: EagerHash>(keyed: &Hmac<D>, parts: &[&[u8]]) -> Wiped<Output<Hmac<D>>> {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(part);
    }
    Wiped(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use sha2::Sha256;

    #[test]
    fn keys_of_all_lengths_give_what_the_library_gives() {
        for len in [0, 1, 63, 64, 65, 1000] {
            let key = vec![0xaa; len];
            let expected = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(b"one two").finalize();
            assert_eq!(mac(&keyed::<Sha256>(&key), &[b"one", b" two"]).as_slice(), expected.as_bytes().as_slice());
        }
    }
}
