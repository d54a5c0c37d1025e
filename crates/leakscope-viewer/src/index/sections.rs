//! The trace cut into sections: where each begins, what it takes to read it again from there, and how many
//! events of which kind are in it.

use leakscope_analysis::trace::Checkpoint;

/// A stretch of events.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// The number of its first event.
    pub(crate) first: u64,
    /// A time that is not after its first event's, nor before that of the event before.
    pub(crate) time: u64,
    /// Where to read it again; `None` is the begin of the trace.
    pub(crate) checkpoint: Option<Box<Checkpoint>>,
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
    pub(crate) full_at: u64,
    /// How many of them have prices of packets of their own.
    learnt: usize,
}

/// The length of a section, in events, as long as the trace is short.
const SHORTEST: u64 = 2048;

/// The length of an event, roughly, where heaps are traced.
const BYTES: u64 = 24;

/// When there are more sections than this, each two become one. Even, so that the last, which is open, stays
/// alone then.
const MOST: usize = 2048;

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
            learnt: 0,
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

    /// Whether the last section is long enough.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.events >= self.full_at
    }

    /// The next event cannot begin a section; perhaps the one behind it can.
    pub(crate) fn postpone(&mut self) {
        self.full_at = self.events + 1;
    }

    /// The next event begins a section. Returns whether each two became one with that.
    pub(crate) fn begin(&mut self, time: u64, checkpoint: Checkpoint) -> bool {
        let before = self.list.last();
        self.learnt += usize::from(before.is_none_or(|before| before.is_cheaper_than(&checkpoint)));
        self.list.push(Section {
            first: self.events,
            time,
            checkpoint: Some(Box::new(checkpoint)),
        });
        let is_odd = self.list.len() % 2 == 1;
        let joins = self.list.len() > MOST || is_odd && self.learnt > MOST_LEARNT;
        if joins {
            self.join_pairs();
        }
        self.full_at = self.events + self.interval;
        joins
    }

    fn join_pairs(&mut self) {
        self.interval *= 2;
        let mut is_first = false;
        self.list.retain(|_| {
            is_first = !is_first;
            is_first
        });
        let sections = self.list.windows(2);
        let checkpoints = sections.filter_map(|two| Some((&two[0], two[1].checkpoint.as_ref()?)));
        self.learnt = checkpoints
            .filter(|(before, checkpoint)| before.is_cheaper_than(checkpoint))
            .count();
    }

    /// All of them, in order.
    pub(crate) fn list(&self) -> &[Section] {
        &self.list
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
}
