//! The clocks of two cores, after damage: what both cores' streams hold says how far they are apart.
//!
//! Deltas are lost with the packets that hold them, so that a core's events seem to be earlier behind damage
//! than they were, and come before others that caused them. Packets that OpenOCD writes to the files of both
//! cores stand at the same times there: the difference that most of them agree on is what was lost.

use super::reader::Trace;
use crate::problem::ProblemKind;

/// This many copies must agree on how far two clocks are apart.
const AGREEING: usize = 3;

/// Gives up on clocks that could not be aligned this often.
const ATTEMPTS: u32 = 64;

/// A packet of which a copy stands in another stream: what it says, hashed, and its time.
pub(super) type Copy = (u64, u64);

/// Attempts to align the clocks that came to nothing, since the last one that did not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Failures(u32);

impl Trace {
    /// A stream lost packets, and time with them: moves its clock forward to where the other cores' are.
    pub(super) fn align_behind_gap(&mut self, index: usize) {
        let lost = self.apart(index).filter(|&(_, apart)| apart > 0);
        if let Some((_, apart)) = lost {
            self.streams[index].stream.shift(apart, self.end);
        }
    }

    /// What `index` holds has no copy in any other stream, although both go on: if their clocks are apart, moves
    /// back the one that is ahead.
    pub(super) fn align(&mut self, index: usize, offset: u64, time: u64) {
        if self.failures.0 >= ATTEMPTS {
            return;
        }
        match self.apart(index) {
            Some((_, 0)) | None => self.failures.0 += 1,
            Some((other, apart)) => {
                self.failures.0 = 0;
                let ahead = if apart > 0 { other } else { index };
                self.streams[ahead].stream.shift(-apart.abs(), self.end);
                self.problem(index, ProblemKind::CoresDisagree, offset, Some(time));
            }
        }
    }

    /// Another stream, and by how many ticks its clock is ahead of that of `index`.
    fn apart(&self, index: usize) -> Option<(usize, i64)> {
        let own = self.streams[index].stream.copies_ahead();
        let others = self
            .streams
            .iter()
            .enumerate()
            .filter(|&(other, _)| other != index);
        others
            .filter_map(|(other, source)| {
                Some((other, difference(&own, &source.stream.copies_ahead())?))
            })
            .min_by_key(|&(_, apart)| apart.abs())
    }
}

/// The difference between the times of two streams that most of their copies agree on.
fn difference(own: &[Copy], others: &[Copy]) -> Option<i64> {
    let mut differences: Vec<i64> = own
        .iter()
        .flat_map(|&(what, time)| {
            let same = others.iter().filter(move |&&(other, _)| other == what);
            same.map(move |&(_, other)| other as i64 - time as i64)
        })
        .collect();
    differences.sort_unstable_by_key(|&difference| (difference.abs(), difference));
    let agreeing = differences.chunk_by(|a, b| a == b);
    let most = agreeing.rev().max_by_key(|agreeing| agreeing.len())?;
    (most.len() >= AGREEING).then_some(most[0])
}
