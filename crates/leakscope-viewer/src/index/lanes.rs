//! The lanes of the timeline: a core and who ran on it.

use super::running::Span;
use super::stretches::Layers;

/// One lane.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) core: u8,
    pub(crate) context: u16,
    pub(crate) run: Layers,
    pub(crate) ready: Layers,
    /// How often it began to run.
    pub(crate) switches: u64,
}

/// All lanes, in order of first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lanes {
    list: Vec<Lane>,
    /// By core, then by context: the number of the lane, plus 1.
    numbers: Vec<Vec<u32>>,
}

impl Lanes {
    /// The number of a lane; a new one gets the next.
    #[inline]
    pub(crate) fn number(&mut self, core: u8, context: u16) -> usize {
        match self.known(core, context) {
            Some(number) => number,
            None => self.add(core, context),
        }
    }

    /// The number of a lane, if there is one.
    #[inline]
    pub(crate) fn known(&self, core: u8, context: u16) -> Option<usize> {
        let of_core = self.numbers.get(usize::from(core))?;
        let number = *of_core.get(usize::from(context))?;
        (number as usize).checked_sub(1)
    }

    #[cold]
    fn add(&mut self, core: u8, context: u16) -> usize {
        let (core_place, place) = (usize::from(core), usize::from(context));
        if core_place >= self.numbers.len() {
            self.numbers.resize(core_place + 1, Vec::new());
        }
        let numbers = &mut self.numbers[core_place];
        if place >= numbers.len() {
            numbers.resize(place + 1, 0);
        }
        self.list.push(Lane {
            core,
            context,
            run: Layers::default(),
            ready: Layers::default(),
            switches: 0,
        });
        numbers[place] = self.list.len() as u32;
        self.list.len() - 1
    }

    #[inline]
    pub(crate) fn add_span(&mut self, span: Span, shift: u32) {
        let lane = self.number(span.core, span.context);
        let lane = &mut self.list[lane];
        if span.ready {
            lane.ready.add(span.from, span.to.max(span.from), shift);
        } else {
            lane.run.add(span.from, span.to.max(span.from), shift);
        }
    }

    pub(crate) fn list(&self) -> &[Lane] {
        &self.list
    }

    /// Somebody begins to run.
    #[inline]
    pub(crate) fn count_switch(&mut self, lane: usize) {
        self.list[lane].switches += 1;
    }
}
