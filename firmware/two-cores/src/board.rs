//! Arm's MPS2 board with two Cortex-M33 (AN521), as QEMU has it.

use core::cell::UnsafeCell;
use core::ops::Range;

use cortex_m_rt::entry;
use leakscope_recorder::platform::{CoreNumber, FunctionClock};

pub const CODE: Range<usize> = 0x1000_0000..0x1040_0000;
pub const RAM: Range<usize> = 0x3800_0000..0x3820_0000;

#[entry]
fn start() -> ! {
    crate::main()
}

/// The number of the running core.
#[inline]
pub fn core() -> usize {
    const CPU_IDENTITY: *const u32 = 0x4001_F000 as *const u32;
    // SAFETY: a register that may be read at any time.
    unsafe { CPU_IDENTITY.read_volatile() as usize }
}

/// The same for the recorder.
pub struct Core {}

impl CoreNumber for Core {
    #[inline]
    fn core() -> usize {
        core()
    }
}

/// The board's free-running counter (FPGAIO COUNTER): the same for both cores.
pub const fn clock() -> FunctionClock {
    const COUNTER: *const u32 = 0x5030_2018 as *const u32;
    FunctionClock {
        // SAFETY: a register that may be read at any time.
        now: || unsafe { COUNTER.read_volatile() },
        hz: 20_000_000,
    }
}

const STACK_SIZE: usize = 16 * 1024;

#[repr(C, align(8))]
struct Stack(UnsafeCell<[u8; STACK_SIZE]>);

// SAFETY: core 1 alone uses it.
unsafe impl Sync for Stack {}

static STACK: Stack = Stack(UnsafeCell::new([0; STACK_SIZE]));

/// The first two words of a vector table: stack pointer and reset handler. Core 1 has no interrupts.
#[repr(C, align(128))]
struct VectorTable {
    stack: *const u8,
    reset: fn() -> !,
}

/// Lets core 1 run `program`.
pub fn start_core_1(program: fn() -> !) {
    const INITSVTOR1: *mut u32 = 0x5002_1114 as *mut u32;
    const CPUWAIT: *mut u32 = 0x5002_1118 as *mut u32;
    static mut TABLE: VectorTable = VectorTable {
        stack: core::ptr::null(),
        reset: || loop {
            core::hint::spin_loop();
        },
    };
    let table = VectorTable {
        stack: STACK.0.get().cast::<u8>().wrapping_add(STACK_SIZE),
        reset: program,
    };
    // SAFETY: core 1 waits until the last write, and nobody else uses the table or the registers.
    unsafe {
        (&raw mut TABLE).write_volatile(table);
        INITSVTOR1.write_volatile((&raw const TABLE).addr() as u32);
        CPUWAIT.write_volatile(0);
    }
}
