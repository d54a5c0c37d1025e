//! Where data were lost.

use crate::findings::Gap;

/// The gaps of a session, in order of time, in bounded space.
#[derive(Clone, Debug, Default)]
pub(super) struct Gaps {
    list: Vec<Gap>,
}

/// When there are more, neighbours are joined.
const MOST_GAPS: usize = 1024;

impl Gaps {
    pub(super) fn add(&mut self, gap: Gap) {
        if self.list.len() == MOST_GAPS {
            let joined = self.list.chunks(2).map(join).collect();
            self.list = joined;
        }
        self.list.push(gap);
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    pub(super) fn list(&self) -> &[Gap] {
        &self.list
    }

    pub(super) fn any_since(&self, time: u64) -> bool {
        self.list.last().is_some_and(|gap| gap.to >= time)
    }
}

fn join(gaps: &[Gap]) -> Gap {
    let first = gaps[0];
    let last = gaps[gaps.len() - 1];
    let lost = gaps.iter().map(|gap| gap.lost).sum();
    Gap {
        from: first.from,
        to: last.to,
        lost,
    }
}
