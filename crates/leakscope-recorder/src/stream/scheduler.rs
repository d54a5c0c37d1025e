//! What the scheduler and interrupts do, as packets.

use leakscope_systemview::id;

use super::config::Config;
use super::output::Output;
use crate::event::Event;

impl Output<'_> {
    /// The short way: writes an event that is an id and a number, if it fits in one piece. Returns whether nothing
    /// is left to do.
    #[inline]
    pub(super) fn event_in_place(&mut self, event: Event, config: &Config) -> bool {
        if event == Event::Idle && self.chain.idle {
            return true;
        }
        let Some((id, number)) = short_packet(event, config) else {
            return false;
        };
        let is_stored = self.short_in_place(id, number);
        if is_stored && !keeps_idle(event) {
            self.chain.idle = event == Event::Idle;
            self.chain.note(event);
        }
        is_stored
    }

    /// Writes an event; an idle that follows an idle is left out.
    pub(super) fn event(&mut self, event: Event, config: &Config) {
        if event == Event::Idle && self.chain.idle {
            return;
        }
        let Some((id, number)) = short_packet(event, config) else {
            self.longer_event(event, config);
            return;
        };
        let is_stored = self.short(id, number);
        if !keeps_idle(event) {
            self.chain.idle = event == Event::Idle && is_stored;
        }
    }

    /// The events with more than an id and a number.
    fn longer_event(&mut self, event: Event, config: &Config) {
        match event {
            Event::TaskStopReady(task, cause) => {
                self.chain.idle = false;
                self.packet(id::TASK_STOP_READY, &mut |fields| {
                    fields.number(config.shrink(task))?;
                    fields.number(cause)
                });
            }
            Event::TaskTerminate(task) => {
                self.packet(id::TASK_TERMINATE, &mut |fields| {
                    fields.number(config.shrink(task))
                });
            }
            Event::Mark(marker) => {
                self.packet(id::EX, &mut |fields| {
                    fields.number(id::extended::MARK)?;
                    fields.number(marker)
                });
            }
            _ => {}
        }
    }
}

/// Whoever was interrupted goes on after the interrupt, and so does idling.
#[inline]
fn keeps_idle(event: Event) -> bool {
    matches!(
        event,
        Event::IsrEnter(_)
            | Event::IsrExit
            | Event::TaskStartReady(_)
            | Event::TaskCreate(_)
            | Event::MarkStart(_)
            | Event::MarkStop(_)
            | Event::Mark(_)
    )
}

/// The packet of an event that is an id, and a number or none.
#[inline]
fn short_packet(event: Event, config: &Config) -> Option<(u32, Option<u32>)> {
    Some(match event {
        Event::IsrEnter(interrupt) => (id::ISR_ENTER, Some(interrupt)),
        Event::IsrExit => (id::ISR_EXIT, None),
        Event::IsrToScheduler => (id::ISR_TO_SCHEDULER, None),
        Event::TaskStartExec(task) => (id::TASK_START_EXEC, Some(config.shrink(task))),
        Event::TaskStopExec => (id::TASK_STOP_EXEC, None),
        Event::TaskStartReady(task) => (id::TASK_START_READY, Some(config.shrink(task))),
        Event::TaskCreate(task) => (id::TASK_CREATE, Some(config.shrink(task))),
        Event::Idle => (id::IDLE, None),
        Event::TimerEnter(timer) => (id::TIMER_ENTER, Some(config.shrink(timer))),
        Event::TimerExit => (id::TIMER_EXIT, None),
        Event::MarkStart(marker) => (id::MARK_START, Some(marker)),
        Event::MarkStop(marker) => (id::MARK_STOP, Some(marker)),
        Event::TaskStopReady(..) | Event::TaskTerminate(_) | Event::Mark(_) => return None,
    })
}
