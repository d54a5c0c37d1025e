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

    /// How many frees each of the moments stands for.
    pub(super) fn each(&self) -> u64 {
        self.mask + 1
    }
}
