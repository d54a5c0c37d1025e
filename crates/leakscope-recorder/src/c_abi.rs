//! The C interface of `include/leakscope.h`: what C code calls when something happens.
//!
//! Everything goes to the program's [`global_recorder!`](crate::global_recorder). The functions that C
//! sources call are inline functions in the header, which know their caller; these here are what is behind
//! them.

use core::ffi::{CStr, c_char, c_void};
use core::sync::atomic::AtomicUsize;

use leakscope_systemview::Level;

use crate::alloc::{on_alloc, on_free, on_realloc, on_realloc_begin};
use crate::event::{Block, SystemEvent, Task};
use crate::global::recorder;
use crate::stack::Origin;

/// `leakscope_stack_end`: where C code keeps the end of the running task's stack, for
/// [`Limits::stack_end`](crate::stack::Limits::stack_end).
#[unsafe(export_name = "leakscope_stack_end")]
pub static STACK_END: AtomicUsize = AtomicUsize::new(0);

/// 0 for the return address: no call stack. What is marked by its lowest bit is no frame, but the stack pointer as it is
/// after the return.
#[inline]
fn origin(return_address: *const c_void, frame: *const c_void) -> Origin<'static> {
    match (return_address.addr(), frame.addr()) {
        (0, 0) => Origin::Unknown,
        (0, frame) => Origin::FramePointer(frame),
        (return_address, marked) if marked & 1 == 1 => Origin::Scan {
            return_address,
            stack_pointer: marked - 1,
        },
        (return_address, frame_pointer) => Origin::Caller {
            return_address,
            frame_pointer,
        },
    }
}

/// `leakscope_on_alloc`: a block was allocated, or, if `block` is NULL, was not.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_on_alloc_from(
    block: *const c_void,
    size: usize,
    return_address: *const c_void,
    frame: *const c_void,
) {
    on_alloc(block.addr(), size, origin(return_address, frame));
}

/// `leakscope_on_realloc_begin`: `from` (of `from_size` bytes, 0 if not known) is about to get another size.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_on_realloc_begin_from(
    from: *const c_void,
    from_size: usize,
    size: usize,
    return_address: *const c_void,
    frame: *const c_void,
) {
    let from = Block {
        address: from.addr(),
        size: from_size,
    };
    on_realloc_begin(from, size, origin(return_address, frame));
}

/// `leakscope_on_realloc`: `from` (of `from_size` bytes, 0 if not known) became `block`, or stayed.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_on_realloc_from(
    from: *const c_void,
    from_size: usize,
    block: *const c_void,
    size: usize,
    return_address: *const c_void,
    frame: *const c_void,
) {
    let from = Block {
        address: from.addr(),
        size: from_size,
    };
    on_realloc(from, block.addr(), size, origin(return_address, frame));
}

/// `leakscope_on_free`: a block (of `size` bytes, 0 if not known) is about to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_on_free_from(
    block: *const c_void,
    size: usize,
    return_address: *const c_void,
    frame: *const c_void,
) {
    on_free(block.addr(), size, origin(return_address, frame));
}

/// `leakscope_on_failed`: there was no memory for `size` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_on_failed_from(
    size: usize,
    return_address: *const c_void,
    frame: *const c_void,
) {
    recorder().failed(size, origin(return_address, frame));
}

/// Tells of a task: its control block, priority, name, and stack (NULL and 0 if not known).
///
/// # Safety
/// `name` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leakscope_task(
    task: *const c_void,
    priority: u32,
    name: *const c_char,
    stack: *const c_void,
    stack_size: usize,
) {
    // SAFETY: promised by the caller.
    let name = unsafe { bytes(name) };
    recorder().task(&Task {
        id: task.addr(),
        priority,
        name,
        stack_base: stack.addr(),
        stack_size,
    });
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) => $event:expr;)*) => {
        $(
            $(#[$doc])*
            #[unsafe(no_mangle)]
            pub extern "C" fn $name($($argument: $type),*) {
                recorder().event($event);
            }
        )*
    };
}

events! {
    /// A task was created.
    leakscope_task_create(task: *const c_void) => SystemEvent::TaskCreate(task.addr());
    /// A task is gone.
    leakscope_task_terminate(task: *const c_void) => SystemEvent::TaskTerminate(task.addr());
    /// A task could run.
    leakscope_task_ready(task: *const c_void) => SystemEvent::TaskStartReady(task.addr());
    /// A task waits, for a cause by the operating system's own numbers.
    leakscope_task_blocked(task: *const c_void, cause: u32) => SystemEvent::TaskStopReady(task.addr(), cause);
    /// A task runs.
    leakscope_task_runs(task: *const c_void) => SystemEvent::TaskStartExec(task.addr());
    /// The running task stops.
    leakscope_task_stops() => SystemEvent::TaskStopExec;
    /// Nothing runs.
    leakscope_idle() => SystemEvent::Idle;
    /// An interrupt with this number begins.
    leakscope_isr_enter_number(interrupt: u32) => SystemEvent::IsrEnter(interrupt);
    /// An interrupt begins, whose number the processor knows.
    leakscope_isr_enter() => SystemEvent::IsrEnter(crate::platform::interrupt_number());
    /// It returns to what it interrupted.
    leakscope_isr_exit() => SystemEvent::IsrExit;
    /// It ends in the scheduler.
    leakscope_isr_exit_to_scheduler() => SystemEvent::IsrToScheduler;
    /// A software timer's callback begins.
    leakscope_timer_enter(timer: *const c_void) => SystemEvent::TimerEnter(timer.addr());
    /// It ends.
    leakscope_timer_exit() => SystemEvent::TimerExit;
    /// A point in time is marked.
    leakscope_mark(marker: u32) => SystemEvent::Mark(marker);
    /// A marked stretch begins.
    leakscope_mark_start(marker: u32) => SystemEvent::MarkStart(marker);
    /// It ends.
    leakscope_mark_stop(marker: u32) => SystemEvent::MarkStop(marker);
}

/// A name for a marker.
///
/// # Safety
/// `name` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leakscope_name_marker(marker: u32, name: *const c_char) {
    // SAFETY: promised by the caller.
    recorder().name_marker(marker, unsafe { bytes(name) });
}

/// A message that the host formats; see `leakscope_log` in the header. Level 0 is plain, 1 a warning,
/// 2 an error.
///
/// # Safety
/// `format` is NULL or a string, and `arguments` points to `count` numbers (or `count` is 0).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leakscope_print(
    level: u32,
    format: *const c_char,
    arguments: *const u32,
    count: usize,
) {
    let level = match level {
        0 => Level::Log,
        1 => Level::Warning,
        _ => Level::Error,
    };
    let arguments = if count == 0 {
        &[]
    } else {
        // SAFETY: promised by the caller.
        unsafe { core::slice::from_raw_parts(arguments, count) }
    };
    // SAFETY: promised by the caller.
    recorder().print_format(level, unsafe { bytes(format) }, arguments);
}

/// # Safety
/// `string` is NULL or a string, which outlives the result.
unsafe fn bytes<'a>(string: *const c_char) -> &'a [u8] {
    if string.is_null() {
        return &[];
    }
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(string) }.to_bytes()
}
