//! Where a system has loaded a program that it may load anywhere: where its return addresses have calls before them.
//!
//! Systems load whole pages, so that the low bits of an address are those in the file. For each return address, each
//! call in the file that returns to an address with these bits votes for an offset. The true one gets the votes of all
//! addresses in the program, any other as many as there are by chance.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::Symbols;

/// The smallest page of any system: larger ones are multiples of it.
const PAGE: u64 = 4096;

/// More addresses make no answer surer.
const MOST: usize = 256;

/// 256 MiB of code.
const MOST_PAGES: usize = 1 << 16;

/// Of the addresses in the program, at least this share has a call before it.
const CALLS_PERCENT: u64 = 90;

/// A wrong offset is taken for the right one less often than once in so many programs.
const SURE: f64 = 1e6;

/// How far above the addresses in its file a program was loaded, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadOffset {
    /// In bytes; a multiple of 4096.
    pub offset: u64,
    /// Return addresses that have a call before them there.
    pub behind: u64,
    /// Return addresses that are in the program's code there.
    pub tested: u64,
    /// An upper bound of the probability that any offset fits a program that did not run as well as this.
    pub chance: f64,
}

/// What return addresses say.
struct Votes {
    addresses: Vec<u64>,
    of_offsets: BTreeMap<u64, u64>,
    /// Places that were looked at, and those of them that stand behind a call.
    tried: u64,
    behind: u64,
}

impl Votes {
    fn of(symbols: &Symbols, return_addresses: &[u64]) -> Self {
        let mut addresses = return_addresses.to_vec();
        addresses.sort_unstable();
        addresses.dedup();
        // A stride, and not the first: those may all be of one library.
        let stride = addresses.len().div_ceil(MOST).max(1);
        let addresses: Vec<u64> = addresses.into_iter().step_by(stride).collect();
        let mut of_offsets: BTreeMap<u64, u64> = BTreeMap::new();
        let (mut tried, mut behind) = (0_u64, 0_u64);
        for &address in &addresses {
            for place in places(symbols, address) {
                tried += 1;
                if symbols.has_call_before(place) == Some(true) {
                    behind += 1;
                    *of_offsets.entry(address - place).or_default() += 1;
                }
            }
        }
        Self {
            addresses,
            of_offsets,
            tried,
            behind,
        }
    }

    /// Of each offset that was tried, there are no more than tests.
    fn chance(&self, passed: u64, tested: u64) -> f64 {
        let probability = self.behind as f64 / self.tried as f64;
        chance_of(passed, tested, probability) * self.tried as f64
    }
}

/// Whether addresses would tell, were all of them the program's.
pub(crate) fn would_tell(symbols: &Symbols, return_addresses: &[u64]) -> bool {
    let votes = Votes::of(symbols, return_addresses);
    let all = votes.addresses.len() as u64;
    votes.chance(all, all) * SURE < 1.0
}

pub(crate) fn find(symbols: &Symbols, return_addresses: &[u64]) -> Option<LoadOffset> {
    let votes = Votes::of(symbols, return_addresses);
    let best = votes
        .of_offsets
        .iter()
        .max_by_key(|&(&offset, &count)| (count, Reverse(offset)));
    let (&offset, &count) = best?;
    let is_tested = |address: &&u64| {
        let in_file = address.checked_sub(offset);
        in_file
            .and_then(|in_file| symbols.has_call_before(in_file))
            .is_some()
    };
    let tested = votes.addresses.iter().filter(is_tested).count() as u64;
    let by_chance = votes.chance(count, tested);
    let fits = count * 100 >= tested * CALLS_PERCENT && by_chance * SURE < 1.0;
    fits.then_some(LoadOffset {
        offset,
        behind: count,
        tested,
        // Still above the truth, if that is too small for a number.
        chance: by_chance.max(f64::MIN_POSITIVE),
    })
}

/// Addresses in the file that this one may be, in some page.
fn places(symbols: &Symbols, address: u64) -> impl Iterator<Item = u64> {
    let low = address % PAGE;
    let all = symbols.code.parts().flat_map(move |part| {
        let first = part.start - part.start % PAGE + low;
        // A return address may stand behind the last byte.
        (first..=part.end)
            .step_by(PAGE as usize)
            .skip_while(move |place| *place <= part.start)
            .take_while(move |place| *place <= address)
    });
    // A damaged file may speak of more code than any machine has.
    all.take(MOST_PAGES)
}

/// At most this probable: that of `all` tests at least `passed` pass, each with this probability (Chernoff's bound).
fn chance_of(passed: u64, all: u64, probability: f64) -> f64 {
    let share = passed as f64 / all as f64;
    if share <= probability {
        return 1.0;
    }
    // 0 · ln 0 is 0.
    let part = |of: f64, other: f64| {
        if of > 0.0 {
            of * (of / other).ln()
        } else {
            0.0
        }
    };
    let divergence = part(share, probability) + part(1.0 - share, 1.0 - probability);
    (-(all as f64) * divergence).exp()
}

#[cfg(test)]
mod tests {
    use super::chance_of;

    /// The bound holds, and is not far off.
    #[test]
    fn chances_are_bounded() {
        // All of ten with 1 in 10: exactly 1e-10.
        assert!((chance_of(10, 10, 0.1) / 1e-10 - 1.0).abs() < 1e-6);
        // At least 9 of 10 with 1 in 2: 11 in 1024.
        let bound = chance_of(9, 10, 0.5);
        assert!((11.0 / 1024.0..0.05).contains(&bound), "{bound}");
        assert!((chance_of(1, 10, 0.1) - 1.0).abs() < f64::EPSILON);
        assert!((chance_of(0, 10, 0.1) - 1.0).abs() < f64::EPSILON);
    }
}
