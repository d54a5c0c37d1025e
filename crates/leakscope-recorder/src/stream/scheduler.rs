//! What the scheduler and interrupts do, as packets.

use leakscope_systemview::id;

use crate::config::Config;
use crate::event::SystemEvent;
use crate::packets::Output;

impl Output<'_> {
    /// The short way: writes an event that is an id and a number, if it fits in one piece. Returns whether nothing
    /// is left to do.
    #[inline]
    pub(super) fn event_in_place(&mut self, event: SystemEvent, config: &Config) -> bool {
        if event == SystemEvent::Idle && self.chain.idle {
            return true;
        }
        let Some((id, number)) = short_packet(event, config) else {
            return false;
        };
        let is_stored = self.short_in_place(id, number);
        if is_stored && !keeps_idle(event) {
            self.chain.idle = event == SystemEvent::Idle;
            self.chain.note(event);
        }
        is_stored
    }

    /// Writes an event; an idle that follows an idle is left out.
    pub(super) fn event(&mut self, event: SystemEvent, config: &Config) {
        if event == SystemEvent::Idle && self.chain.idle {
            return;
        }
        let Some((id, number)) = short_packet(event, config) else {
            self.longer_event(event, config);
            return;
        };
        let is_stored = self.short(id, number);
        if !keeps_idle(event) {
            self.chain.idle = event == SystemEvent::Idle && is_stored;
        }
    }

    /// The events with more than an id and a number.
    fn longer_event(&mut self, event: SystemEvent, config: &Config) {
        match event {
            SystemEvent::TaskStopReady(task, cause) => {
                self.chain.idle = false;
                self.packet(id::TASK_STOP_READY, &mut |fields| {
                    fields.number(config.shrink(task))?;
                    fields.number(cause)
                });
            }
            SystemEvent::TaskTerminate(task) => {
                self.packet(id::TASK_TERMINATE, &mut |fields| {
                    fields.number(config.shrink(task))
                });
            }
            SystemEvent::Mark(marker) => {
                self.packet(id::EX, &mut |fields| {
                    fields.number(id::extended::MARK)?;
                    fields.number(marker)
                });
            }
            _ => {}
        }
    }
}

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

/// The packet of an event that is an id, and a number or none.
#[inline]
fn short_packet(event: SystemEvent, config: &Config) -> Option<(u32, Option<u32>)> {
    Some(match event {
        SystemEvent::IsrEnter(interrupt) => (id::ISR_ENTER, Some(interrupt)),
        SystemEvent::IsrExit => (id::ISR_EXIT, None),
        SystemEvent::IsrToScheduler => (id::ISR_TO_SCHEDULER, None),
        SystemEvent::TaskStartExec(task) => (id::TASK_START_EXEC, Some(config.shrink(task))),
        SystemEvent::TaskStopExec => (id::TASK_STOP_EXEC, None),
        SystemEvent::TaskStartReady(task) => (id::TASK_START_READY, Some(config.shrink(task))),
        SystemEvent::TaskCreate(task) => (id::TASK_CREATE, Some(config.shrink(task))),
        SystemEvent::Idle => (id::IDLE, None),
        SystemEvent::TimerEnter(timer) => (id::TIMER_ENTER, Some(config.shrink(timer))),
        SystemEvent::TimerExit => (id::TIMER_EXIT, None),
        SystemEvent::MarkStart(marker) => (id::MARK_START, Some(marker)),
        SystemEvent::MarkStop(marker) => (id::MARK_STOP, Some(marker)),
        SystemEvent::TaskStopReady(..) | SystemEvent::TaskTerminate(_) | SystemEvent::Mark(_) => {
            return None;
        }
    })
}
