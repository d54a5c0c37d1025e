//! A board without hardware: a machine like an ESP32-C3, which Espressif's OpenOCD debugs as if it were one.
//!
//! It interprets a program (RV32IMC), has memory at an ESP32-C3's addresses and a timer, and behind JTAG a RISC-V
//! debug module: halt, resume, single steps, hardware breakpoints and watchpoints, registers, memory also while it
//! runs, reset, and semihosting by `ebreak`. OpenOCD reaches it with its adapter `jtag_dpi`:
//!
//! ```sh
//! virtual-board program.elf        # says: 127.0.0.1:43210
//! openocd -c "adapter driver jtag_dpi" -c "jtag_dpi set_port 43210" -c "transport select jtag" \
//!     -c "adapter speed 1000" -c "set ESP_RTOS none" -c "set ESP_FLASH_SIZE 0" -f target/esp32c3.cfg
//! ```
//!
//! [`Model::Esp32H4`] has two harts. What it is not: there are no caches, no flash controller, no interrupt matrix, no peripherals but those that a
//! debugger asks for; the timer is RISC-V's standard one; and time passes by the instruction.
//!
//! ```
//! use virtual_board::{Machine, Model, Program};
//!
//! // li a0, 6; li a1, 7; mul a0, a0, a1; wfi
//! let code = [0x0060_0513_u32, 0x0070_0593, 0x02B5_0533, 0x1050_0073];
//! let program = Program {
//!     entry: 0x4200_0000,
//!     segments: vec![(0x4200_0000, code.iter().flat_map(|word| word.to_le_bytes()).collect())],
//! };
//! let mut machine = Machine::new(Model::Esp32C3, &program)?;
//! machine.run_to_end();
//! assert_eq!(machine.hart.register(10), 42);
//! # Ok::<(), virtual_board::bus::AccessFault>(())
//! ```
//!
//! # Where things are
//! | module | what is there |
//! |---|---|
//! | [`hart`] | a core: decoding, execution, control registers, triggers |
//! | [`bus`], [`memory`], [`timer`], [`peripherals`] | what has an address |
//! | [`debug`] | JTAG and the debug module |
//! | [`semihosting`] | calls to the host, where no debugger takes them |
//! | [`elf`] | programs |
//! | [`server`] | the board on the network |
#![forbid(unsafe_code)]

pub mod bus;
pub mod debug;
pub mod elf;
pub mod hart;
mod machine;
pub mod memory;
pub mod peripherals;
pub mod semihosting;
pub mod server;
pub mod timer;

pub use elf::Program;
pub use machine::{Machine, Model, Pause};
