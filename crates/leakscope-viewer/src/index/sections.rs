//! The trace cut into sections: where each begins, what it takes to read it again from there, and how many
//! events of which kind are in it.

use leakscope_analysis::trace::Checkpoint;

use super::actors::Lane;
use super::kind::Kind;
use super::live::Live;
use super::running::RunningThen;

/// A stretch of events.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// The number of its first event.
    pub(crate) first: u64,
    /// A time that is not after its first event's, nor before that of the event before.
    pub(crate) time: u64,
    /// Where to read it again; `None` is the begin of the trace.
    pub(crate) checkpoint: Option<Box<Checkpoint>>,
    pub(crate) running: RunningThen,
    pub(crate) live: Live,
    /// Where in the ledger its first entry stands.
    pub(crate) ledger: u64,
    counts: Vec<Count>,
}

/// How many events of one kind there are in one context on one core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) core: u8,
    pub(crate) context: u16,
    pub(crate) kind: Kind,
    pub(crate) events: u32,
}

/// All sections; the last is still being filled.
#[derive(Clone, Debug)]
pub(crate) struct Sections {
    list: Vec<Section>,
    /// The length of a section in events, at the least.
    interval: u64,
    /// How many events were counted.
    pub(crate) events: u64,
    /// When the last section is long enough.
    full_at: u64,
    /// What is counted in the last section, by lane.
    open: Vec<[u32; KINDS]>,
    /// How many of them have prices of packets of their own.
    learnt: usize,
    /// Each two became one, and nobody has asked since.
    joined: bool,
}

const KINDS: usize = Kind::ALL.len();

/// The length of a section, in events, as long as the trace is short.
const SHORTEST: u64 = 1024;

/// The length of an event, roughly, where heaps are traced.
const BYTES: u64 = 24;

/// When there are more sections than this, each two become one. Even, so that the last, which is open, stays
/// alone then.
const MOST: usize = 4096;

/// The same if so many have prices of their own, as where a recording is damaged or begins again and again: 64 MiB. There
/// are at least two sections to a part then.
const MOST_LEARNT: usize = 1024;

impl Section {
    /// A section that begins where the trace does.
    fn beginning() -> Self {
        Self {
            first: 0,
            time: 0,
            checkpoint: None,
            running: RunningThen::default(),
            live: Live::default(),
            ledger: 0,
            counts: Vec::new(),
        }
    }
}

impl Default for Sections {
    fn default() -> Self {
        Self {
            list: vec![Section::beginning()],
            interval: SHORTEST,
            events: 0,
            full_at: SHORTEST,
            open: Vec::new(),
            learnt: 0,
            joined: false,
        }
    }
}

impl Sections {
    /// Sections for a trace of so many bytes: few are begun only to be joined later.
    pub(crate) fn for_length(bytes: u64) -> Self {
        let interval = (bytes / BYTES / MOST as u64).next_power_of_two();
        let interval = interval.max(SHORTEST);
        Self {
            interval,
            full_at: interval,
            ..Self::default()
        }
    }

    /// Counts an event on a lane.
    #[inline(always)]
    pub(crate) fn count(&mut self, lane: u32, kind: Kind) {
        self.events += 1;
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

    /// Whether the last section is long enough.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.events >= self.full_at
    }

    /// The next event cannot begin a section; perhaps the one behind it can.
    pub(crate) fn postpone(&mut self) {
        self.full_at = self.events + 1;
    }

    /// The next event begins a section.
    pub(crate) fn begin(
        &mut self,
        time: u64,
        checkpoint: Checkpoint,
        running: RunningThen,
        live: Live,
        ledger: u64,
        lanes: &[Lane],
    ) {
        let counts = listed(&self.open, lanes);
        self.open.fill([0; KINDS]);
        if let Some(last) = self.list.last_mut() {
            last.counts = counts;
        }
        let before = self.list.last();
        self.learnt += usize::from(before.is_none_or(|before| before.is_cheaper_than(&checkpoint)));
        self.list.push(Section {
            first: self.events,
            time,
            checkpoint: Some(Box::new(checkpoint)),
            running,
            live,
            ledger,
            counts: Vec::new(),
        });
        let is_odd = self.list.len() % 2 == 1;
        if self.list.len() > MOST || is_odd && self.learnt > MOST_LEARNT {
            self.join_pairs();
        }
        self.full_at = self.events + self.interval;
    }

    fn join_pairs(&mut self) {
        self.interval *= 2;
        let mut joined: Vec<Section> = Vec::with_capacity(self.list.len() / 2 + 1);
        for (place, section) in self.list.drain(..).enumerate() {
            match joined.last_mut() {
                Some(last) if place % 2 == 1 => last.take_in(&section.counts),
                _ => joined.push(section),
            }
        }
        self.list = joined;
        self.joined = true;
        let sections = self.list.windows(2);
        let checkpoints = sections.filter_map(|two| Some((&two[0], two[1].checkpoint.as_ref()?)));
        self.learnt = checkpoints
            .filter(|(before, checkpoint)| before.is_cheaper_than(checkpoint))
            .count();
    }

    /// Whether each two became one since this was asked last.
    pub(super) fn take_joined(&mut self) -> bool {
        std::mem::take(&mut self.joined)
    }

    /// All of them, in order.
    pub(crate) fn list(&self) -> &[Section] {
        &self.list
    }

    /// The counts of a section.
    pub(crate) fn counts(&self, section: usize, lanes: &[Lane]) -> Vec<Count> {
        if section + 1 == self.list.len() {
            listed(&self.open, lanes)
        } else {
            self.list[section].counts.clone()
        }
    }

    /// The section that an event stands in.
    pub(crate) fn of_index(&self, index: u64) -> usize {
        let behind = self.list.partition_point(|section| section.first <= index);
        behind.saturating_sub(1)
    }

    /// The first section that may hold an event at this time or later.
    pub(crate) fn of_time(&self, time: u64) -> usize {
        let behind = self.list.partition_point(|section| section.time < time);
        behind.saturating_sub(1)
    }

    /// How many events a section has.
    pub(crate) fn length(&self, section: usize) -> u64 {
        let next = self.list.get(section + 1);
        next.map_or(self.events, |next| next.first) - self.list[section].first
    }
}

impl Section {
    /// Whether this checkpoint, which comes after its own, holds what its own does not.
    fn is_cheaper_than(&self, next: &Checkpoint) -> bool {
        match &self.checkpoint {
            Some(checkpoint) => next.has_learnt_since(checkpoint),
            None => true,
        }
    }

    fn take_in(&mut self, counts: &[Count]) {
        for count in counts {
            let known = self.counts.iter_mut().find(|known| {
                (known.core, known.context, known.kind) == (count.core, count.context, count.kind)
            });
            match known {
                Some(known) => known.events += count.events,
                None => self.counts.push(*count),
            }
        }
    }
}

/// What was counted, but for what there is none of.
fn listed(open: &[[u32; KINDS]], lanes: &[Lane]) -> Vec<Count> {
    let mut list = Vec::new();
    for (counts, &Lane { core, context }) in open.iter().zip(lanes) {
        for (kind, &events) in Kind::ALL.into_iter().zip(counts) {
            if events > 0 {
                list.push(Count {
                    core,
                    context,
                    kind,
                    events,
                });
            }
        }
    }
    list
}
