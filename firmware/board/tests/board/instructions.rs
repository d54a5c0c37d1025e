//! Instructions of 32 bits against a twin that goes the other way: an encoder, by the manual's formats.

use proptest::prelude::*;
use virtual_board::hart::decode::{CsrForm, CsrSource, Instruction, LoadForm, decode};
use virtual_board::hart::operation::{Condition, Operation};

use crate::formats::{b_type, i_type, j_type, r_type, s_type};

fn encode(instruction: Instruction) -> u32 {
    let number = |register: usize| register as u32;
    match instruction {
        Instruction::Lui { rd, immediate } => immediate | number(rd) << 7 | 0x37,
        Instruction::Auipc { rd, immediate } => immediate | number(rd) << 7 | 0x17,
        Instruction::Jal { rd, offset } => j_type(offset, number(rd)),
        Instruction::Jalr { rd, rs1, offset } => i_type(offset, number(rs1), 0, number(rd), 0x67),
        Instruction::Branch {
            condition,
            rs1,
            rs2,
            offset,
        } => {
            let function = match condition {
                Condition::Equal => 0,
                Condition::NotEqual => 1,
                Condition::Less => 4,
                Condition::GreaterOrEqual => 5,
                Condition::LessUnsigned => 6,
                Condition::GreaterOrEqualUnsigned => 7,
            };
            b_type(offset, number(rs2), number(rs1), function)
        }
        Instruction::Load {
            form,
            rd,
            rs1,
            offset,
        } => {
            let function = match form {
                LoadForm {
                    bytes: 1,
                    is_signed: true,
                } => 0,
                LoadForm {
                    bytes: 2,
                    is_signed: true,
                } => 1,
                LoadForm { bytes: 4, .. } => 2,
                LoadForm { bytes: 1, .. } => 4,
                LoadForm { .. } => 5,
            };
            i_type(offset, number(rs1), function, number(rd), 0x03)
        }
        Instruction::Store {
            bytes,
            rs1,
            rs2,
            offset,
        } => s_type(offset, number(rs2), number(rs1), bytes.ilog2()),
        Instruction::WithImmediate {
            operation,
            rd,
            rs1,
            immediate,
        } => {
            let (function, immediate) = match operation {
                Operation::Sra => (5, immediate | 0x400),
                _ => (group_and_function(operation).1, immediate),
            };
            i_type(immediate, number(rs1), function, number(rd), 0x13)
        }
        Instruction::WithRegister {
            operation,
            rd,
            rs1,
            rs2,
        } => {
            let (group, function) = group_and_function(operation);
            r_type(group, number(rs2), number(rs1), function, number(rd))
        }
        Instruction::Csr {
            form,
            rd,
            source,
            number: csr,
        } => {
            let function = match form {
                CsrForm::Write => 1,
                CsrForm::Set => 2,
                CsrForm::Clear => 3,
            };
            let (source, function) = match source {
                CsrSource::Register(rs1) => (number(rs1), function),
                CsrSource::Immediate(immediate) => (immediate, function | 4),
            };
            i_type(u32::from(csr), source, function, number(rd), 0x73)
        }
        Instruction::Fence => 0x0000_000F,
        Instruction::Ecall => 0x0000_0073,
        Instruction::Ebreak => 0x0010_0073,
        Instruction::Mret => 0x3020_0073,
        Instruction::Wfi => 0x1050_0073,
    }
}

/// `funct7` and `funct3` of the instructions on two registers.
fn group_and_function(operation: Operation) -> (u32, u32) {
    match operation {
        Operation::Add => (0, 0),
        Operation::Sub => (0x20, 0),
        Operation::Sll => (0, 1),
        Operation::Slt => (0, 2),
        Operation::Sltu => (0, 3),
        Operation::Xor => (0, 4),
        Operation::Srl => (0, 5),
        Operation::Sra => (0x20, 5),
        Operation::Or => (0, 6),
        Operation::And => (0, 7),
        Operation::Mul => (1, 0),
        Operation::Mulh => (1, 1),
        Operation::Mulhsu => (1, 2),
        Operation::Mulhu => (1, 3),
        Operation::Div => (1, 4),
        Operation::Divu => (1, 5),
        Operation::Rem => (1, 6),
        Operation::Remu => (1, 7),
    }
}

/// Words that are likely to be instructions.
fn word() -> impl Strategy<Value = u32> {
    let opcodes = [
        0x03, 0x0F, 0x13, 0x17, 0x23, 0x33, 0x37, 0x63, 0x67, 0x6F, 0x73,
    ];
    let groups = proptest::sample::select(vec![0u32, 1, 0x20]);
    let likely = (
        any::<u32>(),
        proptest::sample::select(opcodes.to_vec()),
        groups,
        any::<bool>(),
    );
    likely.prop_map(|(bits, opcode, group, has_group)| {
        let bits = bits & !0x7F | opcode;
        if has_group {
            bits & 0x01FF_FFFF | group << 25
        } else {
            bits
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn what_is_decoded_says_everything(word in word()) {
        match decode(word) {
            // Its other bits mean nothing here.
            Some(Instruction::Fence) => prop_assert_eq!(word & 0x607F, 0x0F),
            Some(instruction) => prop_assert_eq!(encode(instruction), word, "{:?}", instruction),
            None => {}
        }
    }
}

/// How many of the codes without operands there are: by opcode, `funct3` and `funct7`.
#[test]
fn nothing_is_missing_and_nothing_too_much() {
    const ALL: usize = 0x80;
    let mut known = 0;
    for opcode in 0..0x80 {
        for function in 0..8 {
            for group in 0..0x80 {
                let word = group << 25 | function << 12 | opcode;
                known += usize::from(decode(word).is_some());
            }
        }
    }
    let upper = 3 * 8 * ALL; // lui, auipc, jal
    let jalr = ALL;
    let branches = 6 * ALL;
    let loads = 5 * ALL;
    let stores = 3 * ALL;
    let immediates = 6 * ALL + 3; // and three shifts
    let registers = 8 + 8 + 2;
    let fences = 2 * ALL;
    let csr = 6 * ALL;
    let system = 1; // ecall; the others have more bits
    let expected =
        upper + jalr + branches + loads + stores + immediates + registers + fences + csr + system;
    assert_eq!(known, expected);
}
