//! Zephyr's core dumps: a header `ZE`, then blocks.
//!
//! Facts: Zephyr, `include/zephyr/debug/coredump.h` and "Core Dump" in its documentation. Header: `ZE`, version (2),
//! target (2), log₂ of the pointer's bits (1), flags (1), reason (4). Blocks: `A`, version (2), length (2), bytes:
//! registers of the processor; `M`, version (2), first and last address (4 or 8 each), bytes; `T`, version (2), length (2): threads.
//! Numbers are in the target's order, which is nearly always little-endian.

use super::{Image, Machine, Piece, Problem, Thread, Words};

pub(super) const MAGIC: &[u8] = b"ZE";
const HEADER: usize = 12;

/// `COREDUMP_TGT_…`
const ARM_CORTEX_M: u64 = 3;
const RISC_V: u64 = 4;

/// ARM's registers are r0 to r3, r12, lr, pc, xpsr, sp and, since version 2, r4 to r11.
const ARM_SP: usize = 8;

/// Reads a dump that begins with [`MAGIC`], as far as its blocks are sound.
pub(super) fn read(file: &[u8]) -> Image {
    let is_64_bit = file.get(6) == Some(&6);
    let target = number(&file[2.min(file.len())..], 2, 2);
    let mut rest = file.get(HEADER..).unwrap_or_default();
    let mut pieces = Vec::new();
    let mut registers: Option<&[u8]> = None;
    let mut is_cut = false;
    while let Some(&kind) = rest.first() {
        let Some((bytes, address, length)) = block(rest, kind, is_64_bit) else {
            is_cut = true;
            break;
        };
        match kind {
            b'A' => registers = Some(bytes),
            b'M' => pieces.push(Piece {
                address,
                bytes: bytes.to_vec(),
            }),
            _ => {}
        }
        rest = &rest[length..];
    }
    let mut image = Image::of_pieces(pieces);
    image.words = Words {
        is_64_bit,
        is_big_endian: false,
    };
    image.machine = match target {
        Some(ARM_CORTEX_M) => Some(Machine::ARM),
        Some(RISC_V) => Some(Machine {
            number: 243,
            is_64_bit,
        }),
        _ => None,
    };
    if let Some(bytes) = registers {
        let words = bytes.chunks_exact(image.words.size());
        let registers: Vec<u64> = words.map(|word| image.words.pointer(word)).collect();
        let stack_pointer = match target {
            Some(ARM_CORTEX_M) => registers.get(ARM_SP).copied(),
            _ => None,
        };
        image.threads.push(Thread {
            id: 0,
            registers,
            stack_pointer,
        });
    }
    if is_cut {
        image.problems.push(Problem::NoEnd);
    }
    image
}

/// The bytes of the first block, the address of the first, and the block's whole length.
fn block(rest: &[u8], kind: u8, is_64_bit: bool) -> Option<(&[u8], u64, usize)> {
    let width = if is_64_bit { 8 } else { 4 };
    let (address, start, length) = match kind {
        b'A' | b'T' => (0, 5, number(rest, 3, 2)?),
        b'M' => {
            let (first, behind) = (number(rest, 3, width)?, number(rest, 3 + width, width)?);
            (first, 3 + 2 * width, behind.checked_sub(first)?)
        }
        _ => return None,
    };
    let end = usize::try_from(length).ok()?.checked_add(start)?;
    Some((rest.get(start..end)?, address, end))
}

fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + width)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |number, &byte| number << 8 | u64::from(byte)),
    )
}
