//! Zephyr's core dumps, in both forms.

use std::fmt::Write;

use leakscope_memory::image::{Machine, Problem};

use crate::make;

/// Registers and one region, of a Cortex-M.
fn dump() -> Vec<u8> {
    let mut file = vec![b'Z', b'E', 2, 0, 3, 0, 5, 0];
    file.extend(make::words(&[4]));
    file.extend([b'A', 2, 0, 68, 0]);
    file.extend(make::words(&(1000..1017).collect::<Vec<_>>()));
    file.extend([b'T', 1, 0, 4, 0, 9, 9, 9, 9]);
    file.extend([b'M', 1, 0]);
    file.extend(make::words(&[0x2000_0000, 0x2000_0010, 1, 2, 3, 4]));
    file
}

#[test]
fn memory_and_registers_are_read() {
    let image = make::image(dump());
    assert_eq!(image.pointer(0x2000_0008), Some(3));
    assert_eq!(image.machine, Some(Machine::ARM));
    assert_eq!(image.threads[0].stack_pointer, Some(1008));
    assert_eq!(image.problems, []);

    let mut cut = dump();
    cut.pop();
    let image = make::image(cut);
    assert_eq!((image.len(), image.problems), (0, vec![Problem::NoEnd]));
}

#[test]
fn a_log_is_read() {
    let mut log = String::from(
        "[00:00:01.000] <err> os: Halting system\n[00:00:01.001] <err> coredump: #CD:BEGIN#\n",
    );
    for piece in dump().chunks(32) {
        log.push_str("[00:00:01.002] <err> coredump: #CD:");
        for byte in piece {
            write!(log, "{byte:02x}").expect("a string");
        }
        log.push('\n');
    }
    log.push_str("[00:00:01.003] <err> coredump: #CD:END#\n");
    let image = make::image(log.into_bytes());
    assert_eq!(
        (image.pointer(0x2000_000C), image.problems),
        (Some(4), Vec::new())
    );
}
