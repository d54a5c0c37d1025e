//! What the scheduler and interrupts do, as packets.

use leakscope_systemview::id;

use crate::config::Config;
use crate::event::SystemEvent;
use crate::packets::Output;

impl Output<'_> {
    /// The short way: writes an event that is an id and numbers, if it fits in one piece. Returns whether nothing
    /// is left to do.
    #[inline]
    pub(super) fn event_in_place(&mut self, event: SystemEvent, config: &Config) -> bool {
        if event == SystemEvent::Idle && self.chain.idle {
            return true;
        }
        // An arm each for the most frequent ones, so that each has code of its own.
        let is_stored = match event {
            SystemEvent::TaskStartExec(task) => {
                self.short_in_place(id::TASK_START_EXEC, [Some(config.shrink(task)), None])
            }
            SystemEvent::TaskStopReady(task, cause) => self.short_in_place(
                id::TASK_STOP_READY,
                [Some(config.shrink(task)), Some(cause)],
            ),
            SystemEvent::IsrExit => self.short_in_place(id::ISR_EXIT, [None; 2]),
            event => match short_packet(event, config) {
                Some((id, numbers)) => self.short_in_place(id, numbers),
                None => false,
            },
        };
        if is_stored && !keeps_idle(event) {
            self.chain.idle = event == SystemEvent::Idle;
            self.chain.note(event);
        } else if is_stored {
            self.chain.count(event);
        }
        is_stored
    }

    /// Writes an event that was noted; an idle that follows an idle is left out.
    pub(super) fn event(&mut self, event: SystemEvent, config: &Config) {
        if event == SystemEvent::Idle && self.chain.idle {
            return;
        }
        let is_stored = match short_packet(event, config) {
            Some((id, numbers)) => self.short(id, numbers),
            None => self.longer_event(event, config),
        };
        if !keeps_idle(event) {
            self.chain.idle = event == SystemEvent::Idle && is_stored;
        }
    }

    /// The events with a length.
    fn longer_event(&mut self, event: SystemEvent, config: &Config) -> bool {
        match event {
            SystemEvent::TaskTerminate(task) => {
                self.module_event(id::TASK_TERMINATE, LONGER, |fields| {
                    fields.number(config.shrink(task));
                })
            }
            SystemEvent::Mark(marker) => self.module_event(id::EX, LONGER, |fields| {
                fields.number(id::extended::MARK);
                fields.number(marker);
            }),
            _ => true,
        }
    }
}

/// The longest packet with a length: id, length, two numbers, delta.
const LONGER: usize = 2 + 1 + 2 * 5 + 5;

/// What was interrupted goes on after the interrupt, idling too.
#[inline]
fn keeps_idle(event: SystemEvent) -> bool {
    matches!(
        event,
        SystemEvent::IsrEnter(_)
            | SystemEvent::IsrExit
            | SystemEvent::TaskStartReady(_)
            | SystemEvent::TaskCreate(_)
            | SystemEvent::MarkStart(_)
            | SystemEvent::MarkStop(_)
            | SystemEvent::Mark(_)
    )
}

/// The packet of an event that is an id, and at most two numbers.
#[inline]
fn short_packet(event: SystemEvent, config: &Config) -> Option<(u32, [Option<u32>; 2])> {
    let (id, number) = match event {
        SystemEvent::IsrEnter(interrupt) => (id::ISR_ENTER, Some(interrupt)),
        SystemEvent::IsrExit => (id::ISR_EXIT, None),
        SystemEvent::IsrToScheduler => (id::ISR_TO_SCHEDULER, None),
        SystemEvent::TaskStartExec(task) => (id::TASK_START_EXEC, Some(config.shrink(task))),
        SystemEvent::TaskStopExec => (id::TASK_STOP_EXEC, None),
        SystemEvent::TaskStartReady(task) => (id::TASK_START_READY, Some(config.shrink(task))),
        SystemEvent::TaskStopReady(task, cause) => {
            let numbers = [Some(config.shrink(task)), Some(cause)];
            return Some((id::TASK_STOP_READY, numbers));
        }
        SystemEvent::TaskCreate(task) => (id::TASK_CREATE, Some(config.shrink(task))),
        SystemEvent::Idle => (id::IDLE, None),
        SystemEvent::TimerEnter(timer) => (id::TIMER_ENTER, Some(config.shrink(timer))),
        SystemEvent::TimerExit => (id::TIMER_EXIT, None),
        SystemEvent::MarkStart(marker) => (id::MARK_START, Some(marker)),
        SystemEvent::MarkStop(marker) => (id::MARK_STOP, Some(marker)),
        SystemEvent::TaskTerminate(_) | SystemEvent::Mark(_) => return None,
    };
    Some((id, [number, None]))
}
