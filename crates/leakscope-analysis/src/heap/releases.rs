//! When blocks were freed: enough of these moments to tell a program at work from one that starts.

/// Moments at which a block was freed, in order of time: all of them, or every second, fourth …
#[derive(Clone, Debug, Default)]
pub(super) struct Releases {
    moments: Vec<u64>,
    /// How many frees there were.
    count: u64,
    /// A free is kept if these bits of its number are 0.
    mask: u64,
}

/// When there are more, every second is left out.
const MOST: usize = 128;

/// Fewer stretches of time show no habit of freeing in each; and of so many, one may be without a free.
const FEWEST: usize = 3;
const EMPTY_FOR_ONE: usize = 10;

impl Releases {
    #[inline(always)]
    pub(super) fn add(&mut self, time: u64) {
        if self.count & self.mask == 0 {
            self.keep(time);
        }
        self.count += 1;
    }

    #[cold]
    fn keep(&mut self, time: u64) {
        if self.moments.len() == MOST {
            self.moments = self.moments.iter().copied().step_by(2).collect();
            self.mask = self.mask * 2 + 1;
            if self.count & self.mask != 0 {
                return;
            }
        }
        self.moments.push(time);
    }

    pub(super) fn moments(&self) -> &[u64] {
        &self.moments
    }

    /// How many frees there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// How many frees each of the moments stands for.
    pub(super) fn each(&self) -> u64 {
        self.mask + 1
    }

    /// Whether something was freed between nearly any two of these moments that follow each other; or as many of them as a free
    /// that was kept stands for.
    pub(super) fn lie_between(&self, moments: &[u64]) -> bool {
        let each = usize::try_from(self.each()).unwrap_or(usize::MAX);
        let ends: Vec<u64> = moments.iter().copied().step_by(each).collect();
        let freed_before = |end: &u64| self.moments.partition_point(|moment| moment < end);
        let pairs = ends.windows(2);
        let all = pairs.len();
        let empty = pairs.filter(|pair| freed_before(&pair[0]) == freed_before(&pair[1]));
        all >= FEWEST && empty.count() <= all / EMPTY_FOR_ONE
    }
}
