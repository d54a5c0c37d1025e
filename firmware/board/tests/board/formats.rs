//! The formats of instructions of 32 bits, for encoding: the manual's figure "RISC-V base instruction formats".
//! Of immediates only the bits are taken that the format has.

pub(crate) fn i_type(immediate: u32, rs1: u32, function: u32, rd: u32, opcode: u32) -> u32 {
    immediate << 20 | rs1 << 15 | function << 12 | rd << 7 | opcode
}

pub(crate) fn s_type(immediate: u32, rs2: u32, rs1: u32, function: u32) -> u32 {
    (immediate >> 5 & 0x7F) << 25
        | rs2 << 20
        | rs1 << 15
        | function << 12
        | (immediate & 31) << 7
        | 0x23
}

pub(crate) fn r_type(group: u32, rs2: u32, rs1: u32, function: u32, rd: u32) -> u32 {
    group << 25 | rs2 << 20 | rs1 << 15 | function << 12 | rd << 7 | 0x33
}

pub(crate) fn j_type(offset: u32, rd: u32) -> u32 {
    (offset >> 20 & 1) << 31
        | (offset >> 1 & 0x3FF) << 21
        | (offset >> 11 & 1) << 20
        | (offset >> 12 & 0xFF) << 12
        | rd << 7
        | 0x6F
}

pub(crate) fn b_type(offset: u32, rs2: u32, rs1: u32, function: u32) -> u32 {
    (offset >> 12 & 1) << 31
        | (offset >> 5 & 0x3F) << 25
        | rs2 << 20
        | rs1 << 15
        | function << 12
        | (offset >> 1 & 15) << 8
        | (offset >> 11 & 1) << 7
        | 0x63
}
