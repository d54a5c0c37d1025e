//! What the scheduler and interrupts do, as packets.

use leakscope_systemview::id;

use super::config::Config;
use super::output::Output;
use crate::event::Event;

impl Output<'_> {
    /// Writes an event; an idle that follows an idle is left out.
    #[inline(always)]
    pub(super) fn event(&mut self, event: Event, config: &Config) {
        // Whoever was interrupted goes on after the interrupt, and so does idling.
        let keeps_idle = matches!(
            event,
            Event::IsrEnter(_)
                | Event::IsrExit
                | Event::TaskStartReady(_)
                | Event::TaskCreate(_)
                | Event::MarkStart(_)
                | Event::MarkStop(_)
                | Event::Mark(_)
        );
        if event == Event::Idle && self.chain.idle {
            return;
        }
        let (id, number) = match event {
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
            Event::TaskStopReady(..) | Event::TaskTerminate(_) | Event::Mark(_) => {
                self.reborrow().longer_event(event, config);
                return;
            }
        };
        let is_stored = self.short(id, number);
        if !keeps_idle {
            self.chain.idle = event == Event::Idle && is_stored;
        }
    }

    /// The events with more than an id and a number.
    #[inline(never)]
    fn longer_event(mut self, event: Event, config: &Config) {
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
