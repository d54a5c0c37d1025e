//! How much of the blocks of each context, and of each heap, lived when.

use std::collections::BTreeMap;

use leakscope_analysis::heap::{Effect, KnownBlock};
use leakscope_analysis::trace::Occasion;

use super::curve::Curve;
use super::heaps::Heaps;
use super::record::HeapRecord;

/// The curves of all of them.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    /// By number.
    contexts: Vec<Curve>,
    /// The heap without a name, where most targets have all of their blocks.
    unnamed: Curve,
    named: BTreeMap<u64, Curve>,
    pub(crate) heaps: Heaps,
}

impl Owners {
    /// What happens in the heap without a name, in the curves of heaps.
    pub(super) fn take_in_heaps(&mut self, records: &[HeapRecord]) {
        if self.heaps.is_one(0) {
            self.unnamed.note_all(records);
        } else {
            for record in records {
                self.note_in_heaps(&record.occasion(), 0, &record.effect(), None);
            }
        }
    }

    /// Anything that happens to the heap; `since` is when a free was that turns out to be none, `context` finds who allocated a block.
    pub(super) fn affected(
        &mut self,
        now: &Occasion,
        named: u64,
        effect: &Effect,
        since: Option<u64>,
        mut context: impl FnMut(&KnownBlock) -> u16,
    ) {
        if matches!(effect, Effect::Restart) {
            (self.contexts.iter_mut()).for_each(|curve| curve.empty(now.time));
        }
        for_each(effect, since, |known, tell| {
            let context = context(known);
            tell(self.context(context), now.time, known.block.size);
        });
        self.note_in_heaps(now, named, effect, since);
    }

    #[inline(never)]
    fn note_in_heaps(&mut self, now: &Occasion, named: u64, effect: &Effect, since: Option<u64>) {
        let Self {
            unnamed,
            named: of_named,
            heaps,
            ..
        } = self;
        heaps.note(effect, now.core, named);
        if matches!(effect, Effect::Restart) {
            let curves = of_named.values_mut().chain([&mut *unnamed]);
            curves.for_each(|curve| curve.empty(now.time));
        }
        for_each(effect, since, |known, tell| {
            let curve = match heaps.of(known, named) {
                0 => &mut *unnamed,
                heap => of_named.entry(heap).or_default(),
            };
            tell(curve, now.time, known.block.size);
        });
    }

    #[inline(always)]
    pub(super) fn context(&mut self, number: u16) -> &mut Curve {
        let place = usize::from(number);
        if place >= self.contexts.len() {
            self.add_contexts(place + 1);
        }
        &mut self.contexts[place]
    }

    #[cold]
    fn add_contexts(&mut self, count: usize) {
        self.contexts.resize_with(count, Curve::default);
    }

    /// Contexts that had blocks, by number.
    pub(crate) fn contexts(&self) -> impl Iterator<Item = (u16, &Curve)> {
        let contexts = (0..).zip(&self.contexts);
        contexts.filter(|(_, curve)| !curve.is_empty())
    }

    /// Heaps that had blocks, by address; 0 is the one without a name.
    pub(crate) fn heaps(&self) -> impl Iterator<Item = (u64, &Curve)> {
        let unnamed = Some((0, &self.unnamed)).filter(|(_, curve)| !curve.is_empty());
        let named = self.named.iter().map(|(&heap, curve)| (heap, curve));
        unnamed.into_iter().chain(named)
    }
}

/// What a curve is told of a block: when, and its size.
type Tell<'t> = &'t dyn Fn(&mut Curve, u64, u64);

fn for_each(effect: &Effect, since: Option<u64>, mut see: impl FnMut(&KnownBlock, Tell<'_>)) {
    let revived = |curve: &mut Curve, now, size| match since {
        Some(freed) => curve.take_back(freed, now, size),
        None => curve.revived(now, size),
    };
    let told: [(Option<&KnownBlock>, Tell<'_>); 4] = [
        (effect.ended(), &Curve::freed),
        (effect.lost(), &Curve::lost),
        (effect.revived(), &revived),
        (effect.began(), &Curve::allocated),
    ];
    for (known, tell) in told {
        if let Some(known) = known {
            see(known, tell);
        }
    }
}
