//! The trait of the crate `rtos-trace` 0.2: esp-rtos, embassy-executor up to 0.10 with its feature
//! `rtos-trace`, and all callers of `rtos_trace::trace`.
//!
//! The feature `rtos-trace` of this crate makes it the program's `global_trace!`. Names may end with a
//! zero byte or not. The task list is the recorder's own, so the operating system's callbacks are not
//! needed.

use rtos_trace::{RtosTrace, TaskInfo};

use crate::event::{SystemEvent, Task};
use crate::global::recorder;
use crate::platform::interrupt_number;

/// Hands everything to the program's recorder.
#[derive(Debug)]
pub struct Hooks {}

rtos_trace::global_trace! {Hooks}

impl RtosTrace for Hooks {
    fn start() {
        recorder().begin();
    }

    fn stop() {
        recorder().end();
    }

    fn task_new(id: u32) {
        recorder().event(SystemEvent::TaskCreate(id as usize));
    }

    fn task_send_info(id: u32, info: TaskInfo) {
        recorder().task(&Task {
            id: id as usize,
            priority: info.priority,
            name: info.name.as_bytes(),
            stack_base: info.stack_base,
            stack_size: info.stack_size,
        });
    }

    fn task_new_stackless(id: u32, name: &'static str, priority: u32) {
        Self::task_new(id);
        recorder().task(&Task::new(id as usize, priority, name.as_bytes()));
    }

    fn task_terminate(id: u32) {
        recorder().event(SystemEvent::TaskTerminate(id as usize));
    }

    fn task_exec_begin(id: u32) {
        recorder().event(SystemEvent::TaskStartExec(id as usize));
    }

    fn task_exec_end() {
        recorder().event(SystemEvent::TaskStopExec);
    }

    fn task_ready_begin(id: u32) {
        recorder().event(SystemEvent::TaskStartReady(id as usize));
    }

    fn task_ready_end(id: u32) {
        recorder().event(SystemEvent::TaskStopReady(id as usize, 0));
    }

    fn system_idle() {
        recorder().event(SystemEvent::Idle);
    }

    fn isr_enter() {
        recorder().event(SystemEvent::IsrEnter(interrupt_number()));
    }

    fn isr_exit() {
        recorder().event(SystemEvent::IsrExit);
    }

    fn isr_exit_to_scheduler() {
        recorder().event(SystemEvent::IsrToScheduler);
    }

    fn name_marker(id: u32, name: &'static str) {
        recorder().name_marker(id, name.as_bytes());
    }

    fn marker(id: u32) {
        recorder().event(SystemEvent::Mark(id));
    }

    fn marker_begin(id: u32) {
        recorder().event(SystemEvent::MarkStart(id));
    }

    fn marker_end(id: u32) {
        recorder().event(SystemEvent::MarkStop(id));
    }
}
