//! How things stood when each section began, and how many events of which kind are in it.

use super::kind::Kind;
use super::live::Live;
use super::running::RunningThen;

/// How things stood when a section began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Begin {
    pub(crate) running: RunningThen,
    pub(crate) live: Live,
    /// Where in the ledger its first entry stands.
    pub(crate) ledger: u64,
    /// What is in it, once it is over.
    counts: Vec<Count>,
}

/// How many events of one kind there are on one lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) lane: u32,
    pub(crate) kind: Kind,
    pub(crate) events: u32,
}

/// Those of all [sections](super::sections); the last is still being filled.
#[derive(Clone, Debug)]
pub(crate) struct Begins {
    list: Vec<Begin>,
    /// What is counted in the last section, by lane.
    open: Vec<[u32; KINDS]>,
}

const KINDS: usize = Kind::ALL.len();

impl Default for Begins {
    fn default() -> Self {
        Self {
            list: vec![Begin::default()],
            open: Vec::new(),
        }
    }
}

impl Begins {
    /// Counts an event on a lane.
    #[inline(always)]
    pub(super) fn count(&mut self, lane: u32, kind: Kind) {
        match self.open.get_mut(lane as usize) {
            Some(counts) => counts[kind as usize] += 1,
            None => self.count_first(lane as usize, kind),
        }
    }

    #[cold]
    fn count_first(&mut self, lane: usize, kind: Kind) {
        self.open.resize(lane + 1, [0; KINDS]);
        self.open[lane][kind as usize] += 1;
    }

    /// A section begins.
    pub(super) fn begin(&mut self, running: RunningThen, live: Live, ledger: u64) {
        let counts = listed(&self.open);
        self.open.fill([0; KINDS]);
        if let Some(last) = self.list.last_mut() {
            last.counts = counts;
        }
        self.list.push(Begin {
            running,
            live,
            ledger,
            counts: Vec::new(),
        });
    }

    /// A block of so many bytes has lived on since this entry of the ledger.
    pub(super) fn take_back(&mut self, entry: u64, size: u64) {
        let since = self
            .list
            .iter_mut()
            .rev()
            .take_while(|begin| begin.ledger > entry);
        since.for_each(|begin| begin.live = begin.live.with(size));
    }

    /// Each two sections became one.
    pub(super) fn join_pairs(&mut self) {
        let mut joined: Vec<Begin> = Vec::with_capacity(self.list.len() / 2 + 1);
        for (place, begin) in self.list.drain(..).enumerate() {
            match joined.last_mut() {
                Some(last) if place % 2 == 1 => last.take_in(&begin.counts),
                _ => joined.push(begin),
            }
        }
        self.list = joined;
    }

    /// All of them, in order.
    pub(crate) fn list(&self) -> &[Begin] {
        &self.list
    }

    /// The counts of a section.
    pub(crate) fn counts(&self, section: usize) -> Vec<Count> {
        if section + 1 == self.list.len() {
            listed(&self.open)
        } else {
            self.list[section].counts.clone()
        }
    }
}

impl Begin {
    fn take_in(&mut self, counts: &[Count]) {
        for count in counts {
            let mut counts = self.counts.iter_mut();
            match counts.find(|known| (known.lane, known.kind) == (count.lane, count.kind)) {
                Some(known) => known.events += count.events,
                None => self.counts.push(*count),
            }
        }
    }
}

/// What was counted, but for what there is none of.
fn listed(open: &[[u32; KINDS]]) -> Vec<Count> {
    let mut list = Vec::new();
    for (lane, counts) in (0..).zip(open) {
        for (kind, &events) in Kind::ALL.into_iter().zip(counts) {
            if events > 0 {
                list.push(Count { lane, kind, events });
            }
        }
    }
    list
}
