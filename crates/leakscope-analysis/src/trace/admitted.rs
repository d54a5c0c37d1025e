//! Blocks that a device records while it leaves others out: of those alone it tells all frees.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::event::HeapEvent;
use super::stacks::StackId;

/// Where recorded blocks are, of all cores: one frees what another has allocated.
#[derive(Clone, Debug, Default)]
pub(super) struct Admitted(HashMap<u64, Place, FxBuildHasher>);

/// An address of recorded blocks.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Whether one lives there.
    is_held: bool,
    /// How many are on the move from there. What a block becomes may be left out: then no event says that it has moved.
    leaving: u32,
}

impl Admitted {
    /// What an event says of recorded blocks; or which other block it ends, and from where. A block that was left out begins with
    /// the reallocation that is recorded, and if there was no memory for that, an allocation failed.
    #[inline(never)]
    pub(super) fn admit(&mut self, event: HeapEvent) -> Result<HeapEvent, (u64, StackId)> {
        match event {
            HeapEvent::Allocation { address, .. } => self.hold(address),
            HeapEvent::Moved {
                old_address,
                address,
                size,
                stack,
            } => {
                // What lives there by now is another block: this one must not end it.
                let is_another = self.holds(old_address) && old_address != address;
                let has_left = self.stop_leaving(old_address);
                self.hold(address);
                if is_another || !has_left && old_address != address {
                    return Ok(HeapEvent::Allocation {
                        heap: 0,
                        address,
                        size,
                        stack,
                        tag: None,
                    });
                }
            }
            HeapEvent::Kept {
                address,
                size,
                stack,
            } => {
                if !self.0.contains_key(&address) {
                    return Ok(HeapEvent::Failed { size, stack });
                }
                self.hold(address);
                self.stop_leaving(address);
            }
            HeapEvent::Free { address, stack, .. } => {
                return (self.leave(address, 0).then_some(event)).ok_or((address, stack));
            }
            HeapEvent::Moving { address, stack } => {
                return (self.leave(address, 1).then_some(event)).ok_or((address, stack));
            }
            _ => {}
        }
        Ok(event)
    }

    /// Whether a recorded block lives there.
    fn holds(&self, address: u64) -> bool {
        self.0.get(&address).is_some_and(|place| place.is_held)
    }

    /// From now on one does.
    fn hold(&mut self, address: u64) {
        self.0.entry(address).or_default().is_held = true;
    }

    /// One that was on the move from there has got its new place, or none. Whether there was one.
    fn stop_leaving(&mut self, address: u64) -> bool {
        let Some(place) = self.0.get_mut(&address).filter(|place| place.leaving > 0) else {
            return false;
        };
        place.leaving -= 1;
        self.tidy(address);
        true
    }

    /// A block is freed, or begins to move. Whether it is a recorded one; if not, those that were on the move have gone.
    fn leave(&mut self, address: u64, leaving: u32) -> bool {
        let Some(place) = self.0.get_mut(&address) else {
            return false;
        };
        let was_held = place.is_held;
        *place = Place {
            is_held: false,
            leaving: if was_held { place.leaving + leaving } else { 0 },
        };
        self.tidy(address);
        was_held
    }

    /// Forgets an address where nothing is.
    fn tidy(&mut self, address: u64) {
        let place = self.0.get(&address);
        if place.is_some_and(|place| !place.is_held && place.leaving == 0) {
            self.0.remove(&address);
        }
    }

    /// The target was reset: nothing lives any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
