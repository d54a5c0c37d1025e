//! One instruction as a branch: where it leads.

use crate::Machine;
use crate::call::{half, word};

/// Where a branch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To this address.
    At(u64),
    /// To the address that a register holds.
    Register,
    /// To the address in this word of memory.
    Word(u64),
}

/// An instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    /// Its bytes.
    pub(super) length: usize,
    /// If it is a jump that is always taken, does not return and is no return itself, where to.
    pub(super) jump: Option<Target>,
}

/// Where the call leads whose last byte is the last one of `bytes`, at the address before `end`; `None` if there is none.
pub(super) fn target_of_call(machine: Machine, bytes: &[u8], end: u64) -> Option<Target> {
    let last = |length: usize| bytes.get(bytes.len().checked_sub(length)?..);
    let address = |length: u64| end.wrapping_sub(length);
    match machine {
        Machine::Arm => {
            let call = last(4).and_then(|call| thumb_long(call, address(4), 0xd000));
            call.map(Target::At).or_else(|| {
                let register = half(last(2)?)? & 0xff80 == 0x4780;
                register.then_some(Target::Register)
            })
        }
        Machine::RiscV32 | Machine::RiscV64 => risc_v_call(machine, last, address),
        Machine::AArch64 => a64(last(4)?, address(4), 0x9400_0000, 0xd63f_0000),
        Machine::X86 | Machine::X86_64 => match last(5) {
            Some(&[0xe8, ref offset @ ..]) => Some(Target::At(
                end.wrapping_add_signed(i64::from(word(offset)?.cast_signed())),
            )),
            _ => crate::call::ends_with_call(machine, bytes)?.then_some(Target::Register),
        },
        Machine::Xtensa | Machine::Other(_) => None,
    }
}

/// The instruction that `bytes` begin with, at `address`; `None` if there is no whole one, or the machine's are not known.
pub(super) fn instruction(machine: Machine, bytes: &[u8], address: u64) -> Option<Instruction> {
    match machine {
        Machine::Arm => thumb(bytes, address),
        Machine::RiscV32 | Machine::RiscV64 => risc_v(bytes, address),
        Machine::AArch64 => Some(Instruction {
            length: 4,
            jump: a64(bytes.get(..4)?, address, 0x1400_0000, 0xd61f_0000),
        }),
        // Only a whole disassembler tells where the next instruction begins.
        Machine::X86 | Machine::X86_64 | Machine::Xtensa | Machine::Other(_) => None,
    }
}

/// `b`, `bx` of any register but `lr`, and `ldr pc` from a literal (ARMv7-M architecture reference manual, chapter A7.7).
fn thumb(bytes: &[u8], address: u64) -> Option<Instruction> {
    let first = half(bytes)?;
    if first >> 11 < 0b11101 {
        let jump = if first >> 11 == 0b11100 {
            let offset = sign_extend(first & 0x7ff, 11) << 1;
            Some(Target::At(address.wrapping_add_signed(offset + 4)))
        } else {
            let is_tail = first & 0xff87 == 0x4700 && first >> 3 & 0xf != 14;
            is_tail.then_some(Target::Register)
        };
        return Some(Instruction { length: 2, jump });
    }
    let second = half(bytes.get(2..)?)?;
    let long = thumb_long(bytes, address, 0x9000).map(Target::At);
    let jump = long.or_else(|| {
        let is_literal = first & 0xff7f == 0xf85f && second >> 12 == 0xf;
        let offset = u64::from(second & 0xfff);
        let base = (address + 4) & !3;
        let is_above = first & 0x80 != 0;
        is_literal.then(|| {
            Target::Word(if is_above {
                base.wrapping_add(offset)
            } else {
                base.wrapping_sub(offset)
            })
        })
    });
    Some(Instruction { length: 4, jump })
}

/// `b.w` or `bl`, by the bits of the second half that tell them apart.
fn thumb_long(bytes: &[u8], address: u64, kind: u32) -> Option<u64> {
    let (first, second) = (half(bytes)?, half(bytes.get(2..)?)?);
    if first & 0xf800 != 0xf000 || second & 0xd000 != kind {
        return None;
    }
    let sign = first >> 10 & 1;
    let bit = |shift: u32| !(second >> shift ^ sign) & 1;
    let offset =
        sign << 24 | bit(13) << 23 | bit(11) << 22 | (first & 0x3ff) << 12 | (second & 0x7ff) << 1;
    Some(address.wrapping_add_signed(sign_extend(offset, 25) + 4))
}

/// `j`, `jr` of a register that holds no return address, with `auipc` before it (RISC-V unprivileged specification).
fn risc_v(bytes: &[u8], address: u64) -> Option<Instruction> {
    let short = half(bytes)?;
    if short & 3 != 3 {
        let register = short >> 7 & 0x1f;
        let jump = if short & 0xe003 == 0xa001 {
            Some(Target::At(
                address.wrapping_add_signed(compressed_offset(short)),
            ))
        } else {
            let is_tail = short & 0xf07f == 0x8002 && !matches!(register, 0 | 1 | 5);
            is_tail.then_some(Target::Register)
        };
        return Some(Instruction { length: 2, jump });
    }
    let long = word(bytes)?;
    // `auipc t1, …; jr …(t1)`: one jump, read as one instruction.
    if let Some(next) = bytes.get(4..).and_then(word)
        && let Some(target) = far_target(long, next, address)
        && matches!(next >> 7 & 0x1f, 0)
    {
        return Some(Instruction {
            length: 8,
            jump: Some(Target::At(target)),
        });
    }
    let jump = match long & 0xfff {
        0x06f => Some(Target::At(address.wrapping_add_signed(jal_offset(long)))),
        0x067 if long & 0x7000 == 0 && !matches!(long >> 15 & 0x1f, 1 | 5) => {
            Some(Target::Register)
        }
        _ => None,
    };
    Some(Instruction { length: 4, jump })
}

fn risc_v_call<'b>(
    machine: Machine,
    last: impl Fn(usize) -> Option<&'b [u8]>,
    address: impl Fn(u64) -> u64,
) -> Option<Target> {
    if let Some(long) = last(4).and_then(word) {
        let is_linked = matches!(long >> 7 & 0x1f, 1 | 5);
        if long & 0x7f == 0x6f && is_linked {
            return Some(Target::At(address(4).wrapping_add_signed(jal_offset(long))));
        }
        if long & 0x707f == 0x67 && is_linked {
            let before = last(8).and_then(word);
            let far = before.and_then(|before| far_target(before, long, address(8)));
            return Some(far.map_or(Target::Register, Target::At));
        }
    }
    let short = half(last(2)?)?;
    if machine == Machine::RiscV32 && short & 0xe003 == 0x2001 {
        return Some(Target::At(
            address(2).wrapping_add_signed(compressed_offset(short)),
        ));
    }
    let is_indirect = short & 0xf07f == 0x9002 && short & 0x0f80 != 0;
    is_indirect.then_some(Target::Register)
}

/// Where `auipc rd, …` at `address` and `jalr …(rd)` behind it lead.
fn far_target(first: u32, second: u32, address: u64) -> Option<u64> {
    let register = first >> 7 & 0x1f;
    let is_pair =
        first & 0x7f == 0x17 && second & 0x707f == 0x67 && second >> 15 & 0x1f == register;
    let high = i64::from((first & 0xffff_f000).cast_signed());
    let low = i64::from(second.cast_signed() >> 20);
    is_pair.then(|| address.wrapping_add_signed(high + low))
}

fn jal_offset(long: u32) -> i64 {
    let offset = (long >> 31) << 20
        | (long >> 12 & 0xff) << 12
        | (long >> 20 & 1) << 11
        | (long >> 21 & 0x3ff) << 1;
    sign_extend(offset, 21)
}

/// The offset of `c.j` and `c.jal`.
fn compressed_offset(short: u32) -> i64 {
    let bits = |from: u32, count: u32, to: u32| (short >> from & ((1 << count) - 1)) << to;
    let offset = bits(12, 1, 11)
        | bits(11, 1, 4)
        | bits(9, 2, 8)
        | bits(8, 1, 10)
        | bits(7, 1, 6)
        | bits(6, 1, 7)
        | bits(3, 3, 1)
        | bits(2, 1, 5);
    sign_extend(offset, 12)
}

/// A branch of A64 whose offset has 26 bits, or one to a register.
fn a64(bytes: &[u8], address: u64, direct: u32, indirect: u32) -> Option<Target> {
    let word = word(bytes)?;
    if word & 0xfc00_0000 == direct {
        let offset = sign_extend(word & 0x03ff_ffff, 26) << 2;
        return Some(Target::At(address.wrapping_add_signed(offset)));
    }
    (word & 0xfeff_f800 == indirect | 0x0800 || word & 0xffff_fc1f == indirect)
        .then_some(Target::Register)
}

fn sign_extend(value: u32, bits: u32) -> i64 {
    let shift = 64 - bits;
    (i64::from(value) << shift) >> shift
}

#[cfg(test)]
mod tests {
    use super::{Target, instruction, target_of_call};
    use crate::Machine;

    const MASK: u64 = 0xffff_ffff;

    /// Where objdump says that the jumps at these addresses lead.
    #[test]
    fn jumps_lead_where_objdump_says() {
        let to = |address| Some(Target::At(address));
        let jumps: &[(Machine, u64, &[u8], Option<Target>)] = &[
            (Machine::Arm, 0x100, &[0xfe, 0xe7], to(0x100)),
            (Machine::Arm, 0x102, &[0xff, 0xf7, 0xfd, 0xbf], to(0x100)),
            (
                Machine::Arm,
                0x106,
                &[0x3f, 0xf1, 0x7b, 0xbf],
                to(0x14_0000),
            ),
            (
                Machine::Arm,
                0x14_0004,
                &[0xc0, 0xf6, 0x7c, 0xb8],
                to(0x100),
            ),
            (Machine::Arm, 0x114, &[0x18, 0x47], Some(Target::Register)),
            // A return; a literal.
            (Machine::Arm, 0x116, &[0x70, 0x47], None),
            (
                Machine::Arm,
                0x118,
                &[0xdf, 0xf8, 0x08, 0xf0],
                Some(Target::Word(0x124)),
            ),
            // A call is no jump.
            (Machine::Arm, 0x10a, &[0xff, 0xf7, 0xf9, 0xff], None),
            (Machine::RiscV32, 0x100, &[0x01, 0xa0], to(0x100)),
            (Machine::RiscV32, 0x102, &[0xfd, 0xbf], to(0x100)),
            (Machine::RiscV32, 0x104, &[0x1d, 0xa0], to(0x12a)),
            (Machine::RiscV32, 0x106, &[0xef, 0xf0, 0xbf, 0xff], None),
            (
                Machine::RiscV32,
                0x112,
                &[0x82, 0x87],
                Some(Target::Register),
            ),
            (Machine::RiscV32, 0x114, &[0x82, 0x80], None),
            (
                Machine::RiscV32,
                0x116,
                &[0x67, 0x80, 0x87, 0x00],
                Some(Target::Register),
            ),
            (
                Machine::RiscV32,
                0x11a,
                &[0x17, 0x23, 0x01, 0x00, 0x67, 0x00, 0x43, 0xed],
                to(0x11fee),
            ),
        ];
        for (machine, address, bytes, expected) in jumps {
            let read = instruction(*machine, bytes, *address).unwrap();
            assert_eq!(read.length, bytes.len(), "{address:#x}");
            assert_eq!(read.jump, *expected, "{address:#x}");
        }
    }

    #[test]
    fn calls_lead_where_objdump_says() {
        let calls: &[(Machine, u64, &[u8], Option<u64>)] = &[
            (Machine::Arm, 0x10a, &[0xff, 0xf7, 0xf9, 0xff], Some(0x100)),
            (
                Machine::Arm,
                0x10e,
                &[0x3f, 0xf1, 0x77, 0xff],
                Some(0x14_0000),
            ),
            (
                Machine::Arm,
                0x14_0000,
                &[0xc0, 0xf6, 0x7e, 0xf8],
                Some(0x100),
            ),
            (Machine::Arm, 0x112, &[0x98, 0x47], None),
            (
                Machine::RiscV32,
                0x106,
                &[0xef, 0xf0, 0xbf, 0xff],
                Some(0x100),
            ),
            (Machine::RiscV32, 0x10a, &[0xdd, 0x3f], Some(0x100)),
            (Machine::RiscV32, 0x10c, &[0x39, 0x28], Some(0x12a)),
            (Machine::RiscV32, 0x10e, &[0x82, 0x97], None),
            (
                Machine::RiscV32,
                0x122,
                &[0x97, 0xf0, 0xff, 0xff, 0xe7, 0x80, 0xc0, 0x12],
                Some(0xffff_f24e),
            ),
        ];
        for (machine, address, bytes, expected) in calls {
            let end = address + bytes.len() as u64;
            let read = match target_of_call(*machine, bytes, end) {
                Some(Target::At(target)) => Some(target & MASK),
                Some(Target::Register) => None,
                other => panic!("{address:#x}: {other:?}"),
            };
            assert_eq!(read, *expected, "{address:#x}");
        }
    }
}
