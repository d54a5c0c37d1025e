//! A set of small numbers, to which the same ones are added again and again.

/// Numbers of contexts or cores.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    /// A bit for each below 64: few programs have others.
    first: u64,
    /// Those beyond, ascending.
    others: Vec<u16>,
}

impl Numbers {
    #[inline(always)]
    pub(crate) fn add(&mut self, number: u16) {
        match 1u64.checked_shl(number.into()) {
            Some(bit) => self.first |= bit,
            None => self.add_other(number),
        }
    }

    #[cold]
    fn add_other(&mut self, number: u16) {
        if let Err(place) = self.others.binary_search(&number) {
            self.others.insert(place, number);
        }
    }

    /// Those of another set are added.
    pub(crate) fn join(&mut self, other: &Self) {
        self.first |= other.first;
        other
            .others
            .iter()
            .for_each(|&number| self.add_other(number));
    }

    /// All of them, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        let first = (0..64).filter(|number| self.first >> number & 1 == 1);
        first.chain(self.others.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn they_are_a_set(numbers in proptest::collection::vec(0u16..200, 0..60), more in proptest::collection::vec(0u16..200, 0..60)) {
            let [mut of_numbers, mut of_more] = [Numbers::default(), Numbers::default()];
            for &number in &numbers {
                of_numbers.add(number);
            }
            for &number in &more {
                of_more.add(number);
            }
            of_numbers.join(&of_more);
            let expected: BTreeSet<u16> = numbers.into_iter().chain(more).collect();
            prop_assert_eq!(of_numbers.iter().collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>());
        }
    }
}
