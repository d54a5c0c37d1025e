//! A call, made to the Rust crate and to the C file.

use std::ffi::CString;

use leakscope_recorder::{Block, Level, Recorder, SystemEvent, Task};

use crate::call::{Call, System, TEXTS};
use crate::library::Library;
use crate::stack::Chains;

/// Tells the Rust crate what every kind of recorder can be told.
pub(crate) fn rust(recorder: &dyn Recorder, chains: &Chains, call: &Call) {
    let block = |address, size| Block { address, size };
    let origin = |caller| chains.origin(caller);
    match *call {
        Call::Alloc(at, size, by) => recorder.alloc(block(at, size), origin(by)),
        Call::Free(at, size, by) => recorder.free(block(at, size), origin(by)),
        Call::ReallocBegins(at, size, by) => recorder.realloc_begins(block(at, size), origin(by)),
        Call::Realloc(from, before, to, size, by) => {
            // By a size of 0, C frees.
            let to = block(to, size.max(1));
            recorder.realloc(block(from, before), to, origin(by));
        }
        Call::ReallocFailed(at, size, wanted, by) => {
            recorder.realloc_failed(block(at, size), wanted.max(1), origin(by));
        }
        Call::Failed(size, by) => recorder.failed(size, origin(by)),
        Call::System(event, number) => recorder.event(system_event(event, number)),
        Call::Task {
            task,
            priority,
            name,
            stack,
        } => recorder.task(&Task {
            id: task as usize,
            priority,
            name: TEXTS[name].as_bytes(),
            stack_base: stack,
            stack_size: stack / 2,
        }),
        Call::NameMarker(marker, name) => recorder.name_marker(marker, TEXTS[name].as_bytes()),
        Call::Print(level, text, ref numbers) => {
            let level = [Level::Log, Level::Warning, Level::Error][level.min(2) as usize];
            recorder.print_format(level, TEXTS[text].as_bytes(), numbers);
        }
        Call::Start => recorder.begin(),
        Call::Stop => recorder.end(),
        _ => unreachable!("{call:?} is no recorder's"),
    }
}

/// Tells the C file the same; the texts are those of [`TEXTS`].
pub(crate) fn c(c: &Library, chains: &Chains, texts: &[CString], call: &Call) {
    let of = |by| chains.caller(by);
    // SAFETY (all): the functions are as the header declares them, and the texts are strings.
    unsafe {
        match *call {
            Call::Alloc(at, size, by) => (c.leakscope_on_alloc_from)(at, size, of(by).0, of(by).1),
            Call::Free(at, size, by) => (c.leakscope_on_free_from)(at, size, of(by).0, of(by).1),
            Call::ReallocBegins(at, size, by) => {
                (c.leakscope_on_realloc_begin_from)(at, size, 1, of(by).0, of(by).1);
            }
            Call::Realloc(from, before, to, size, by) => {
                let (caller, frame) = of(by);
                (c.leakscope_on_realloc_from)(from, before, to, size.max(1), caller, frame);
            }
            Call::ReallocFailed(at, size, wanted, by) => {
                let (caller, frame) = of(by);
                (c.leakscope_on_realloc_from)(at, size, 0, wanted.max(1), caller, frame);
            }
            Call::Failed(size, by) => (c.leakscope_on_failed_from)(size, of(by).0, of(by).1),
            Call::System(event, number) => c_system_event(c, event, number),
            Call::Task {
                task,
                priority,
                name,
                stack,
            } => {
                let name = texts[name].as_ptr();
                (c.leakscope_task)(task as usize, priority, name, stack, stack / 2);
            }
            Call::NameMarker(marker, name) => {
                (c.leakscope_name_marker)(marker, texts[name].as_ptr());
            }
            Call::Print(level, text, ref numbers) => {
                let text = texts[text].as_ptr();
                (c.leakscope_print)(level, text, numbers.as_ptr(), numbers.len());
            }
            Call::Start => (c.leakscope_start)(),
            Call::Stop => (c.leakscope_stop)(),
            _ => unreachable!("{call:?} is no recorder's"),
        }
    }
}

fn system_event(event: System, number: u32) -> SystemEvent {
    let address = number as usize;
    match event {
        System::IsrEnter => SystemEvent::IsrEnter(number),
        System::IsrExit => SystemEvent::IsrExit,
        System::IsrToScheduler => SystemEvent::IsrToScheduler,
        System::Runs => SystemEvent::TaskStartExec(address),
        System::Stops => SystemEvent::TaskStopExec,
        System::Ready => SystemEvent::TaskStartReady(address),
        System::Blocked => SystemEvent::TaskStopReady(address, number),
        System::Create => SystemEvent::TaskCreate(address),
        System::Terminate => SystemEvent::TaskTerminate(address),
        System::Idle => SystemEvent::Idle,
        System::TimerEnter => SystemEvent::TimerEnter(address),
        System::TimerExit => SystemEvent::TimerExit,
        System::Mark => SystemEvent::Mark(number),
        System::MarkStart => SystemEvent::MarkStart(number),
        System::MarkStop => SystemEvent::MarkStop(number),
    }
}

/// # Safety
/// As everything in the library.
unsafe fn c_system_event(c: &Library, event: System, number: u32) {
    let address = number as usize;
    // SAFETY (all): promised by the caller.
    unsafe {
        match event {
            System::IsrEnter => (c.leakscope_isr_enter_number)(number),
            System::IsrExit => (c.leakscope_isr_exit)(),
            System::IsrToScheduler => (c.leakscope_isr_exit_to_scheduler)(),
            System::Runs => (c.leakscope_task_runs)(address),
            System::Stops => (c.leakscope_task_stops)(),
            System::Ready => (c.leakscope_task_ready)(address),
            System::Blocked => (c.leakscope_task_blocked)(address, number),
            System::Create => (c.leakscope_task_create)(address),
            System::Terminate => (c.leakscope_task_terminate)(address),
            System::Idle => (c.leakscope_idle)(),
            System::TimerEnter => (c.leakscope_timer_enter)(address),
            System::TimerExit => (c.leakscope_timer_exit)(),
            System::Mark => (c.leakscope_mark)(number),
            System::MarkStart => (c.leakscope_mark_start)(number),
            System::MarkStop => (c.leakscope_mark_stop)(number),
        }
    }
}
