//! A call, made to the Rust crate and to the C file.

use std::cell::Cell;
use std::ffi::{CString, c_char};
use std::ptr;

use leakscope_recorder::stack::Origin;
use leakscope_recorder::{
    Block, Level, Recorder, SystemEvent, Task, on_alloc, on_free, on_realloc, on_realloc_begin,
};

use crate::call::{Call, System, TEXTS};
use crate::library::Library;
use crate::stack::Chains;

thread_local! {
    /// Whom the program's allocator tells, while [`rust`] runs.
    static TOLD: Cell<Option<*const dyn Recorder>> = const { Cell::new(None) };
}

/// The program's recorder: the one that is under test.
struct UnderTest;

static UNDER_TEST: UnderTest = UnderTest;
leakscope_recorder::global_recorder!(UNDER_TEST);

fn tell(event: impl FnOnce(&dyn Recorder)) {
    let told = TOLD.get().expect("a recorder is under test");
    // SAFETY: `rust` borrows it until it has been told.
    event(unsafe { &*told });
}

impl Recorder for UnderTest {
    fn alloc(&self, block: Block, origin: Origin<'_>) {
        tell(|recorder| recorder.alloc(block, origin));
    }

    fn free(&self, block: Block, origin: Origin<'_>) {
        tell(|recorder| recorder.free(block, origin));
    }

    fn realloc_begins(&self, from: Block, origin: Origin<'_>) {
        tell(|recorder| recorder.realloc_begins(from, origin));
    }

    fn realloc(&self, from: Block, to: Block, origin: Origin<'_>) {
        tell(|recorder| recorder.realloc(from, to, origin));
    }

    fn realloc_failed(&self, from: Block, size: usize, origin: Origin<'_>) {
        tell(|recorder| recorder.realloc_failed(from, size, origin));
    }

    fn failed(&self, size: usize, origin: Origin<'_>) {
        tell(|recorder| recorder.failed(size, origin));
    }
}

/// Tells the Rust crate what every kind of recorder can be told.
pub(crate) fn rust<R: Recorder + 'static>(recorder: &R, chains: &Chains, call: &Call) {
    TOLD.set(Some(ptr::from_ref(recorder)));
    let block = |address, size| Block { address, size };
    let origin = |caller| chains.origin(caller);
    match *call {
        Call::Alloc(at, size, by) => on_alloc(at, size, origin(by)),
        Call::Free(at, size, by) => on_free(at, size, origin(by)),
        Call::ReallocBegins(at, before, size, by) => {
            on_realloc_begin(block(at, before), size, origin(by));
        }
        Call::Realloc(from, before, to, size, by) => {
            on_realloc(block(from, before), to, size, origin(by));
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
    // NULL is no text.
    let text = |number: usize| -> *const c_char {
        if TEXTS[number].is_empty() {
            ptr::null()
        } else {
            texts[number].as_ptr()
        }
    };
    // SAFETY (all): the functions are as the header declares them, and the texts are strings.
    unsafe {
        match *call {
            Call::Alloc(at, size, by) => (c.leakscope_on_alloc_from)(at, size, of(by).0, of(by).1),
            Call::Free(at, size, by) => (c.leakscope_on_free_from)(at, size, of(by).0, of(by).1),
            Call::ReallocBegins(at, before, size, by) => {
                let (caller, frame) = of(by);
                (c.leakscope_on_realloc_begin_from)(at, before, size, caller, frame);
            }
            Call::Realloc(from, before, to, size, by) => {
                let (caller, frame) = of(by);
                (c.leakscope_on_realloc_from)(from, before, to, size, caller, frame);
            }
            Call::Failed(size, by) => (c.leakscope_on_failed_from)(size, of(by).0, of(by).1),
            Call::System(event, number) => c_system_event(c, event, number),
            Call::Task {
                task,
                priority,
                name,
                stack,
            } => {
                (c.leakscope_task)(task as usize, priority, text(name), stack, stack / 2);
            }
            Call::NameMarker(marker, name) => {
                (c.leakscope_name_marker)(marker, text(name));
            }
            Call::Print(level, format, ref numbers) => {
                (c.leakscope_print)(level, text(format), numbers.as_ptr(), numbers.len());
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
