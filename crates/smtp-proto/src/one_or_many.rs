//! A list that does not allocate for one element.

use alloc::{vec, vec::Vec};
use core::{
    hash::{Hash, Hasher},
    ops::{Deref, DerefMut},
    slice,
};

/// A list. Most have one element, because most messages have one recipient and need one connection.
#[derive(Clone, Debug)]
pub(crate) enum OneOrMany<T> {
    One(T),
    /// Any number of them.
    Many(Vec<T>),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T: Clone> OneOrMany<T> {
    /// Replaces the contents with `len` copies of `element`. Does not allocate for one, or if there is capacity.
    pub(crate) fn fill(&mut self, element: T, len: usize) {
        match self {
            Self::Many(many) if many.capacity() > 0 => {
                many.clear();
                many.resize(len, element);
            }
            Self::One(_) | Self::Many(_) => {
                *self = if len == 1 { Self::One(element) } else { Self::Many(vec![element; len]) }
            }
        }
    }
}

impl<T> OneOrMany<T> {
    /// Removes all elements, and keeps the allocation.
    pub(crate) fn clear(&mut self) {
        match self {
            Self::One(_) => *self = Self::default(),
            Self::Many(many) => many.clear(),
        }
    }

    /// The last element. Like the method of a slice, but it need not compute how many there are.
    pub(crate) fn last_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::One(one) => Some(one),
            Self::Many(many) => many.last_mut(),
        }
    }

    /// Appends `element`.
    pub(crate) fn push(&mut self, element: T) {
        match self {
            Self::Many(many) if many.capacity() == 0 => *self = Self::One(element),
            Self::Many(many) => many.push(element),
            Self::One(_) => {
                let Self::One(first) = core::mem::take(self) else { return };
                *self = Self::Many(vec![first, element]);
            }
        }
    }
}

impl<T> Deref for OneOrMany<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::One(one) => slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl<T> DerefMut for OneOrMany<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::One(one) => slice::from_mut(one),
            Self::Many(many) => many,
        }
    }
}

/// Compares the elements, whichever variant has them.
impl<T: PartialEq> PartialEq for OneOrMany<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for OneOrMany<T> {}

impl<T: Hash> Hash for OneOrMany<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use core::hash::{BuildHasher, BuildHasherDefault};
    use std::hash::DefaultHasher;

    #[test]
    fn it_behaves_like_a_vector() {
        let mut list = OneOrMany::default();
        let mut vector = Vec::new();
        for round in 0..3 {
            for element in 0..4 {
                assert_eq!(*list, *vector, "round {round}");
                list.push(element);
                vector.push(element);
            }
            list.clear();
            vector.clear();
        }
        for len in [0, 1, 3, 1, 0, 2] {
            list.fill(7, len);
            assert_eq!(*list, *vec![7; len]);
            assert_eq!(list, OneOrMany::Many(vec![7; len]));
        }
        list.iter_mut().for_each(|element| *element += 1);
        assert_eq!(*list, [8, 8]);
        assert_ne!(list, OneOrMany::Many(vec![8, 9]));
    }

    #[test]
    fn one_element_is_not_allocated_and_allocations_are_reused() {
        let mut list = OneOrMany::default();
        list.fill(7, 1);
        assert!(matches!(list, OneOrMany::One(7)));
        list.clear();
        list.push(8);
        assert!(matches!(list, OneOrMany::One(8)));
        list.fill(9, 3);
        for len in [0, 1, 2] {
            list.fill(5, len);
            assert!(matches!(&list, OneOrMany::Many(many) if many.capacity() == 3), "{list:?}");
        }
        list.clear();
        list.push(4);
        assert!(matches!(&list, OneOrMany::Many(many) if many.capacity() == 3), "{list:?}");
    }

    #[test]
    fn the_hash_does_not_depend_on_the_variant() {
        let hash = |list: &OneOrMany<u8>| BuildHasherDefault::<DefaultHasher>::default().hash_one(list);
        assert_eq!(hash(&OneOrMany::One(1)), hash(&OneOrMany::Many(vec![1])));
        assert_ne!(hash(&OneOrMany::One(1)), hash(&OneOrMany::One(2)));
    }
}
