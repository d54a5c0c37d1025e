//! Which bytes are a call: a return address has one before it, whatever the program. In a program that is not the one
//! that was traced, few have.

use crate::Machine;

/// The longest call instruction, in bytes.
pub(crate) const LONGEST: usize = 7;

/// Whether the last of these bytes are a call instruction; `None` on machines whose calls are not known here.
pub(crate) fn ends_with_call(machine: Machine, bytes: &[u8]) -> Option<bool> {
    /// The length of the call instruction that these bytes begin with, if they do.
    type LengthOfCall = fn(&[u8]) -> Option<usize>;
    let length_of_call: LengthOfCall = match machine {
        Machine::Xtensa => xtensa,
        Machine::RiscV32 => |bytes| risc_v(bytes, true),
        Machine::RiscV64 => |bytes| risc_v(bytes, false),
        Machine::Arm => |bytes| thumb(bytes).or_else(|| arm(bytes)),
        Machine::AArch64 => aarch64,
        Machine::X86 | Machine::X86_64 => x86,
        Machine::Other(_) => return None,
    };
    let mut ends = (0..bytes.len()).map(|start| &bytes[start..]);
    Some(ends.any(|end| length_of_call(end) == Some(end.len())))
}

pub(crate) fn half(bytes: &[u8]) -> Option<u32> {
    let half = bytes.first_chunk()?;
    Some(u16::from_le_bytes(*half).into())
}

pub(crate) fn word(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.first_chunk()?))
}

/// `call0`, `call4`, `call8`, `call12` and `callx…` (Xtensa ISA manual, section "Instruction Descriptions").
fn xtensa(bytes: &[u8]) -> Option<usize> {
    let &[first, second, third] = bytes.first_chunk()?;
    let is_direct = first & 0x0f == 0x05;
    let is_indirect = first & 0xcf == 0xc0 && second & 0xf0 == 0 && third == 0;
    (is_direct || is_indirect).then_some(3)
}

/// `jal`, `jalr`, `c.jal` and `c.jalr` that keep a return address in `ra` or `t0` (RISC-V unprivileged specification;
/// `c.jal` exists on 32 bits only).
fn risc_v(bytes: &[u8], is_32_bit: bool) -> Option<usize> {
    let short = half(bytes)?;
    if short & 3 != 3 {
        let is_jump = is_32_bit && short & 0xe003 == 0x2001;
        let is_indirect = short & 0xf07f == 0x9002 && short & 0x0f80 != 0;
        return (is_jump || is_indirect).then_some(2);
    }
    let long = word(bytes)?;
    let is_jump = long & 0x7f == 0x6f || long & 0x707f == 0x67;
    let is_linked = matches!(long >> 7 & 0x1f, 1 | 5);
    (is_jump && is_linked).then_some(4)
}

/// `bl`, `blx` and `blxns` of Thumb (ARMv8-M architecture reference manual, section C2.4).
fn thumb(bytes: &[u8]) -> Option<usize> {
    let first = half(bytes)?;
    if first & 0xff80 == 0x4780 {
        return Some(2);
    }
    let second = half(bytes.get(2..)?)?;
    let is_call = second & 0xd000 == 0xd000 || second & 0xd001 == 0xc000;
    (first & 0xf800 == 0xf000 && is_call).then_some(4)
}

/// `bl` and `blx` of A32.
fn arm(bytes: &[u8]) -> Option<usize> {
    let word = word(bytes)?;
    let is_call = word & 0x0f00_0000 == 0x0b00_0000
        || word & 0x0fff_fff0 == 0x012f_ff30
        || word & 0xfe00_0000 == 0xfa00_0000;
    is_call.then_some(4)
}

/// `bl`, `blr` and `blra…` of A64.
fn aarch64(bytes: &[u8]) -> Option<usize> {
    let word = word(bytes)?;
    let is_call = word & 0xfc00_0000 == 0x9400_0000 || word & 0xfeff_f800 == 0xd63f_0800;
    (is_call || word & 0xffff_fc1f == 0xd63f_0000).then_some(4)
}

/// `call rel32`, and `call r/m` with any addressing mode (Intel's manual, volume 2, tables 2-2 and 2-3).
fn x86(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [0xe8, ..] => Some(5),
        [0xff, mode, ..] if mode >> 3 & 7 == 2 => {
            let (form, register) = (mode >> 6, mode & 7);
            let has_index = form != 3 && register == 4;
            let base = if has_index {
                bytes.get(2)? & 7
            } else {
                register
            };
            let offset = match form {
                1 => 1,
                2 => 4,
                0 if base == 5 => 4,
                _ => 0,
            };
            Some(2 + usize::from(has_index) + offset)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::ends_with_call;
    use crate::Machine;

    /// Those of machines for which the tests have no compiler.
    #[test]
    fn calls_of_windowed_xtensa_and_a64() {
        let calls = [
            (Machine::Xtensa, &[0x25, 0x08, 0x00][..]),    // call8
            (Machine::Xtensa, &[0x00, 0xe0, 0x08, 0x00]),  // callx8 a8
            (Machine::AArch64, &[0x01, 0x00, 0x00, 0x94]), // bl
            (Machine::AArch64, &[0x00, 0x01, 0x3f, 0xd6]), // blr x8
            (Machine::AArch64, &[0x1f, 0x0b, 0x3f, 0xd7]), // blraa x24, sp
        ];
        for (machine, bytes) in calls {
            assert_eq!(ends_with_call(machine, bytes), Some(true), "{bytes:02x?}");
        }
        let others = [
            (Machine::Xtensa, &[0x36, 0x41, 0x00][..]), // entry a1, 32
            (Machine::Xtensa, &[0xa0, 0x08, 0x00]),     // jx a8
            (Machine::AArch64, &[0x01, 0x00, 0x00, 0x14]), // b
            (Machine::AArch64, &[0xc0, 0x03, 0x5f, 0xd6]), // ret
        ];
        for (machine, bytes) in others {
            assert_eq!(ends_with_call(machine, bytes), Some(false), "{bytes:02x?}");
        }
        assert_eq!(ends_with_call(Machine::Other(8), &[0; 4]), None);
        assert_eq!(ends_with_call(Machine::X86, &[0xe8]), Some(false));
    }
}
