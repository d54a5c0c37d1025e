//! Instructions of 16 bits (extension C): each stands for one of 32 bits.
//!
//! Codes: The RISC-V Instruction Set Manual, volume I, chapter "C" ("RVC Instruction Set Listings"), for RV32
//! without floating point.

use super::decode::{Instruction, LoadForm, Register, sign_extend};
use super::operation::{Condition, Operation};

const ZERO: Register = 0;
const RETURN_ADDRESS: Register = 1;
const STACK_POINTER: Register = 2;
const WORD: LoadForm = LoadForm {
    bytes: 4,
    is_signed: true,
};

/// The instruction that the half-word encodes; `None` if this machine has no such instruction.
pub fn decode(code: u16) -> Option<Instruction> {
    let code = u32::from(code);
    let function = code >> 13;
    match code & 3 {
        0 => quadrant_0(code, function),
        1 => quadrant_1(code, function),
        2 => quadrant_2(code, function),
        _ => None,
    }
}

fn quadrant_0(code: u32, function: u32) -> Option<Instruction> {
    let (rd, rs1) = (popular(code, 2), popular(code, 7));
    let offset = bits(code, &[(10, 3, 3), (6, 1, 2), (5, 1, 6)]);
    match function {
        // c.addi4spn; of all zeros the manual says that it is illegal.
        0 => {
            let immediate = bits(code, &[(11, 2, 4), (7, 4, 6), (6, 1, 2), (5, 1, 3)]);
            (immediate != 0).then(|| add_immediate(rd, STACK_POINTER, immediate))
        }
        2 => Some(Instruction::Load {
            form: WORD,
            rd,
            rs1,
            offset,
        }),
        6 => Some(Instruction::Store {
            bytes: 4,
            rs1,
            rs2: rd,
            offset,
        }),
        _ => None,
    }
}

fn quadrant_1(code: u32, function: u32) -> Option<Instruction> {
    let rd = register(code, 7);
    let immediate = sign_extend(bits(code, &[(12, 1, 5), (2, 5, 0)]), 6);
    Some(match function {
        // c.nop, c.addi
        0 => add_immediate(rd, rd, immediate),
        // c.jal
        1 => Instruction::Jal {
            rd: RETURN_ADDRESS,
            offset: jump_offset(code),
        },
        // c.li
        2 => add_immediate(rd, ZERO, immediate),
        3 if immediate == 0 => return None,
        // c.addi16sp
        3 if rd == STACK_POINTER => {
            let step = bits(
                code,
                &[(12, 1, 9), (6, 1, 4), (5, 1, 6), (3, 2, 7), (2, 1, 5)],
            );
            add_immediate(rd, rd, sign_extend(step, 10))
        }
        // c.lui
        3 => Instruction::Lui {
            rd,
            immediate: immediate << 12,
        },
        4 => arithmetic(code, immediate)?,
        // c.j
        5 => Instruction::Jal {
            rd: ZERO,
            offset: jump_offset(code),
        },
        // c.beqz, c.bnez
        _ => {
            let offset = bits(
                code,
                &[(12, 1, 8), (10, 2, 3), (5, 2, 6), (3, 2, 1), (2, 1, 5)],
            );
            Instruction::Branch {
                condition: if function == 6 {
                    Condition::Equal
                } else {
                    Condition::NotEqual
                },
                rs1: popular(code, 7),
                rs2: ZERO,
                offset: sign_extend(offset, 9),
            }
        }
    })
}

/// c.srli, c.srai, c.andi, c.sub, c.xor, c.or, c.and
fn arithmetic(code: u32, immediate: u32) -> Option<Instruction> {
    let rd = popular(code, 7);
    let operation = match (code >> 10) & 3 {
        0 => Operation::Srl,
        1 => Operation::Sra,
        2 => Operation::And,
        _ => {
            const REGISTERS: [Operation; 4] = [
                Operation::Sub,
                Operation::Xor,
                Operation::Or,
                Operation::And,
            ];
            let is_for_64_bits = code >> 12 & 1 == 1;
            let operation = REGISTERS[(code >> 5 & 3) as usize];
            return (!is_for_64_bits).then(|| Instruction::WithRegister {
                operation,
                rd,
                rs1: rd,
                rs2: popular(code, 2),
            });
        }
    };
    shift_or_and(operation, rd, immediate)
}

/// With shifts by 32 or more left out, which RV32 has not.
fn shift_or_and(operation: Operation, rd: Register, immediate: u32) -> Option<Instruction> {
    let is_legal = operation == Operation::And || immediate < 32;
    is_legal.then_some(Instruction::WithImmediate {
        operation,
        rd,
        rs1: rd,
        immediate,
    })
}

fn quadrant_2(code: u32, function: u32) -> Option<Instruction> {
    let (rd, rs2) = (register(code, 7), register(code, 2));
    match function {
        // c.slli
        0 => shift_or_and(Operation::Sll, rd, bits(code, &[(12, 1, 5), (2, 5, 0)])),
        // c.lwsp
        2 => {
            let offset = bits(code, &[(12, 1, 5), (4, 3, 2), (2, 2, 6)]);
            (rd != ZERO).then_some(Instruction::Load {
                form: WORD,
                rd,
                rs1: STACK_POINTER,
                offset,
            })
        }
        4 => move_or_jump(code >> 12 & 1 == 1, rd, rs2),
        // c.swsp
        6 => {
            let offset = bits(code, &[(9, 4, 2), (7, 2, 6)]);
            Some(Instruction::Store {
                bytes: 4,
                rs1: STACK_POINTER,
                rs2,
                offset,
            })
        }
        _ => None,
    }
}

/// c.jr, c.mv, c.ebreak, c.jalr, c.add
fn move_or_jump(is_second: bool, rd: Register, rs2: Register) -> Option<Instruction> {
    Some(match (is_second, rd, rs2) {
        (false, ZERO, ZERO) => return None,
        (false, rs1, ZERO) => Instruction::Jalr {
            rd: ZERO,
            rs1,
            offset: 0,
        },
        (true, ZERO, ZERO) => Instruction::Ebreak,
        (true, rs1, ZERO) => Instruction::Jalr {
            rd: RETURN_ADDRESS,
            rs1,
            offset: 0,
        },
        (is_add, rd, rs2) => Instruction::WithRegister {
            operation: Operation::Add,
            rd,
            rs1: if is_add { rd } else { ZERO },
            rs2,
        },
    })
}

fn add_immediate(rd: Register, rs1: Register, immediate: u32) -> Instruction {
    Instruction::WithImmediate {
        operation: Operation::Add,
        rd,
        rs1,
        immediate,
    }
}

/// Five bits: any register.
fn register(code: u32, low: u32) -> Register {
    (code >> low & 31) as Register
}

/// Three bits: one of the popular registers, 8 to 15.
fn popular(code: u32, low: u32) -> Register {
    (code >> low & 7) as Register + 8
}

/// A number from pieces of the code: (lowest bit there, how many bits, lowest bit in the number).
fn bits(code: u32, pieces: &[(u32, u32, u32)]) -> u32 {
    pieces.iter().fold(0, |number, &(from, count, to)| {
        number | ((code >> from) & ((1 << count) - 1)) << to
    })
}

/// Of c.j and c.jal.
fn jump_offset(code: u32) -> u32 {
    let pieces = [
        (12, 1, 11),
        (11, 1, 4),
        (9, 2, 8),
        (8, 1, 10),
        (7, 1, 6),
        (6, 1, 7),
        (3, 3, 1),
        (2, 1, 5),
    ];
    sign_extend(bits(code, &pieces), 12)
}
