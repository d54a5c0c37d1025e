//! What is told again while a recording goes on, for a host that comes late or has missed something: sync and time every
//! second, and the parts of the start sequence in turn. All of it is less than 5 % of the bytes, with the call stacks
//! that the dialect tells again; so a second counts in which at least 440 bytes were recorded.

use super::control::Times;
use super::{Settings, Stream};
use crate::dialect::Dialect;
use crate::packets::{Mode, Output};
use crate::platform::{Clock, CoreNumber};

impl<D, C, const BYTES: usize, const CORES: usize, N, const TASKS: usize>
    Stream<D, C, BYTES, CORES, N, TASKS>
where
    D: Dialect,
    C: Clock,
    N: CoreNumber,
{
    /// Whether something is to be told again.
    pub(super) fn has_repeats(output: &Output<'_>, hz: u32) -> bool {
        !D::PLAIN && output.chain.repeats.is_due(hz) && Self::has_room_to_repeat(output)
    }

    fn has_room_to_repeat(output: &Output<'_>) -> bool {
        output.chain.mode >= Mode::Recording && output.has_room_for_part()
    }

    /// Tells again what is due: sync and time, and then parts of the start sequence, as far as that may go.
    pub(super) fn repeat(&self, settings: &Settings<C>, core: usize, times: &Times) {
        let is_due = self.with_output(settings, core, |session, output| {
            let is_due = !session.is_pending() && Self::has_repeats(output, times.clock_hz);
            if is_due {
                output.sync();
                output.system_time(times.microseconds);
                output.chain.repeats.told();
                output.chain.repeats.pay(output.stored);
            }
            is_due
        });
        while is_due && self.repeat_part(settings, core, times) {}
    }

    /// Tells the next part of the start sequence again; false if that is not to be, or it was the last one.
    fn repeat_part(&self, settings: &Settings<C>, core: usize, times: &Times) -> bool {
        let index = self.with_output(settings, core, |_, output| output.chain.repeats.next);
        let part = Self::part(&settings.config, index);
        self.with_output(settings, core, |session, output| {
            let repeats = &mut output.chain.repeats;
            let Some((part, text)) = &part else {
                repeats.next = 0;
                return false;
            };
            if repeats.next != index || !repeats.may_repeat() {
                return false;
            }
            let may_tell = !session.is_pending() && Self::has_room_to_repeat(output);
            if may_tell {
                output.chain.repeats.next = index + 1;
                self.tell(output, &session.dialect, settings, times, *part, text, true);
                output.chain.repeats.pay(output.stored);
            }
            may_tell
        })
    }
}

impl Output<'_> {
    /// Counts what was sent, from which repetitions are paid.
    pub(super) fn account_of_repeats(&mut self) {
        let (now, mask) = (self.now, self.scale.mask);
        let (position, capacity) = self.ring.position();
        self.chain.repeats.count(position, capacity, now, mask);
    }
}
