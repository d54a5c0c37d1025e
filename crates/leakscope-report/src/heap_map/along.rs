//! A map that is made while a recording is read for the first time: where the heap is may be known by then.

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::{Effect, FoldStack, HeapModel, Watcher};
use leakscope_analysis::trace::{Event, EventKind, Feed, Occasion, Switch, Trace};
use leakscope_heap::{HeapMap, Region};
use leakscope_symbols::Symbols;

use super::regions;

/// The map of the regions that seem to be the heap's before anything happens in them.
#[derive(Debug)]
pub struct Along<'s> {
    said: &'s [Region],
    symbols: Option<&'s Symbols>,
    regions: Vec<Region>,
    /// `None` if there are no regions, or if they became known too late.
    map: Option<HeapMap>,
    has_begun: bool,
}

impl<'s> Along<'s> {
    /// Where the heap is as the user says, if so, and as the program tells.
    pub fn new(said: &'s [Region], symbols: Option<&'s Symbols>) -> Self {
        let mut along = Self {
            said,
            symbols,
            regions: Vec::new(),
            map: None,
            has_begun: false,
        };
        along.settle(regions(said, &[], None, symbols));
        along
    }

    /// Reads a recording to its end. It is watched only as long as a map can come of it: that takes an eighth of the time.
    ///
    /// # Errors
    /// Those of the feed.
    pub fn read<F: FoldStack, D: Feed>(
        &mut self,
        analysis: &mut Analysis<F>,
        mut feed: D,
    ) -> Result<(), D::Error> {
        analysis.watched(&mut feed, self)?;
        analysis.run(feed)?;
        Ok(())
    }

    /// The map of these regions, which it is now known that the heap has, unless it has to be made by reading again.
    pub fn map(self, regions: &[Region]) -> Option<HeapMap> {
        let mut map = self.map.filter(|_| self.regions == regions)?;
        map.finish();
        Some(map)
    }

    fn settle(&mut self, regions: Vec<Region>) {
        if self.regions == regions {
            return;
        }
        let is_early = !self.has_begun && !regions.is_empty();
        self.map = is_early.then(|| HeapMap::new(&regions, &[], u64::MAX));
        self.regions = regions;
    }

    fn look(&mut self, effect: Option<&Effect>, heap: &HeapModel) {
        match effect {
            Some(Effect::HeapDefined) => {
                self.settle(regions(self.said, heap.heaps(), None, self.symbols));
            }
            _ => self.has_begun = true,
        }
    }
}

impl Watcher for Along<'_> {
    const ALL: bool = true;

    /// What is told of the heap now, it is told too late.
    fn is_full(&self) -> bool {
        self.has_begun && self.map.is_none()
    }

    fn affected(&mut self, now: &Occasion, id: u32, named: u64, effect: &Effect, heap: &HeapModel) {
        self.look(Some(effect), heap);
        if let Some(map) = &mut self.map {
            map.affected(now, id, named, effect, heap);
        }
    }

    fn switched(&mut self, _: &Switch) {}

    fn event(
        &mut self,
        event: &Event<'_>,
        effect: Option<&Effect>,
        trace: &Trace,
        heap: &HeapModel,
    ) {
        // What a log says of the heap is for the map, too.
        if effect.is_some() || matches!(event.kind, EventKind::Log(_)) {
            self.look(effect, heap);
        }
        if let Some(map) = &mut self.map {
            map.event(event, effect, trace, heap);
        }
    }
}
