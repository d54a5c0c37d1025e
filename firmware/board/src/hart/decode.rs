//! Instructions of 32 bits: RV32I, M, Zicsr, Zifencei and the few privileged ones.
//!
//! Formats and codes: The RISC-V Instruction Set Manual, volume I, chapter "RV32/64G Instruction Set Listings".

use super::operation::{Condition, Operation};

/// The number of a general register, 0 to 31.
pub type Register = usize;

/// An instruction with its operands; immediates are sign-extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the manual's mnemonics and operand names")]
pub enum Instruction {
    Lui {
        rd: Register,
        immediate: u32,
    },
    Auipc {
        rd: Register,
        immediate: u32,
    },
    Jal {
        rd: Register,
        offset: u32,
    },
    Jalr {
        rd: Register,
        rs1: Register,
        offset: u32,
    },
    Branch {
        condition: Condition,
        rs1: Register,
        rs2: Register,
        offset: u32,
    },
    Load {
        form: LoadForm,
        rd: Register,
        rs1: Register,
        offset: u32,
    },
    /// `bytes` is 1, 2 or 4.
    Store {
        bytes: u32,
        rs1: Register,
        rs2: Register,
        offset: u32,
    },
    WithImmediate {
        operation: Operation,
        rd: Register,
        rs1: Register,
        immediate: u32,
    },
    WithRegister {
        operation: Operation,
        rd: Register,
        rs1: Register,
        rs2: Register,
    },
    Csr {
        form: CsrForm,
        rd: Register,
        source: CsrSource,
        number: u16,
    },
    Fence,
    Ecall,
    Ebreak,
    Mret,
    Wfi,
}

/// How many bytes are loaded, and what fills the register's other bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadForm {
    /// 1, 2 or 4.
    pub bytes: u32,
    /// Filled with copies of the sign.
    pub is_signed: bool,
}

/// What happens to a control and status register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsrForm {
    /// It takes the value.
    Write,
    /// The value's bits are set.
    Set,
    /// The value's bits are cleared.
    Clear,
}

/// Where the value for a control and status register comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsrSource {
    /// A general register.
    Register(Register),
    /// Five bits of the instruction.
    Immediate(u32),
}

/// The instruction that `word` encodes; `None` if this machine has no such instruction.
pub fn decode(word: u32) -> Option<Instruction> {
    let rd = field(word, 7, 5) as Register;
    let rs1 = field(word, 15, 5) as Register;
    let rs2 = field(word, 20, 5) as Register;
    let function = field(word, 12, 3);
    Some(match word & 0x7F {
        0x37 => Instruction::Lui {
            rd,
            immediate: word & 0xFFFF_F000,
        },
        0x17 => Instruction::Auipc {
            rd,
            immediate: word & 0xFFFF_F000,
        },
        0x6F => Instruction::Jal {
            rd,
            offset: jump_offset(word),
        },
        0x67 if function == 0 => Instruction::Jalr {
            rd,
            rs1,
            offset: immediate(word),
        },
        0x63 => Instruction::Branch {
            condition: condition(function)?,
            rs1,
            rs2,
            offset: branch_offset(word),
        },
        0x03 => Instruction::Load {
            form: load_form(function)?,
            rd,
            rs1,
            offset: immediate(word),
        },
        0x23 if function < 3 => Instruction::Store {
            bytes: 1 << function,
            rs1,
            rs2,
            offset: sign_extend(field(word, 25, 7) << 5 | field(word, 7, 5), 12),
        },
        0x13 => {
            let (operation, immediate) = immediate_operation(word, function)?;
            Instruction::WithImmediate {
                operation,
                rd,
                rs1,
                immediate,
            }
        }
        0x33 => Instruction::WithRegister {
            operation: register_operation(field(word, 25, 7), function)?,
            rd,
            rs1,
            rs2,
        },
        // `fence` and `fence.i`: there is one hart, without caches.
        0x0F if function < 2 => Instruction::Fence,
        0x73 => system(word, function, rd, rs1)?,
        _ => return None,
    })
}

fn system(word: u32, function: u32, rd: Register, rs1: Register) -> Option<Instruction> {
    let form = match function & 3 {
        1 => CsrForm::Write,
        2 => CsrForm::Set,
        3 => CsrForm::Clear,
        _ => {
            return match word {
                0x0000_0073 => Some(Instruction::Ecall),
                0x0010_0073 => Some(Instruction::Ebreak),
                0x3020_0073 => Some(Instruction::Mret),
                0x1050_0073 => Some(Instruction::Wfi),
                _ => None,
            };
        }
    };
    let source = if function & 4 == 0 {
        CsrSource::Register(rs1)
    } else {
        CsrSource::Immediate(rs1 as u32)
    };
    Some(Instruction::Csr {
        form,
        rd,
        source,
        number: field(word, 20, 12) as u16,
    })
}

fn condition(function: u32) -> Option<Condition> {
    Some(match function {
        0 => Condition::Equal,
        1 => Condition::NotEqual,
        4 => Condition::Less,
        5 => Condition::GreaterOrEqual,
        6 => Condition::LessUnsigned,
        7 => Condition::GreaterOrEqualUnsigned,
        _ => return None,
    })
}

fn load_form(function: u32) -> Option<LoadForm> {
    let (bytes, is_signed) = match function {
        0 => (1, true),
        1 => (2, true),
        2 => (4, true),
        4 => (1, false),
        5 => (2, false),
        _ => return None,
    };
    Some(LoadForm { bytes, is_signed })
}

fn immediate_operation(word: u32, function: u32) -> Option<(Operation, u32)> {
    let shift = field(word, 20, 5);
    let operation = match (function, field(word, 25, 7)) {
        (0, _) => Operation::Add,
        (2, _) => Operation::Slt,
        (3, _) => Operation::Sltu,
        (4, _) => Operation::Xor,
        (6, _) => Operation::Or,
        (7, _) => Operation::And,
        (1, 0) => return Some((Operation::Sll, shift)),
        (5, 0) => return Some((Operation::Srl, shift)),
        (5, 0x20) => return Some((Operation::Sra, shift)),
        _ => return None,
    };
    Some((operation, immediate(word)))
}

fn register_operation(group: u32, function: u32) -> Option<Operation> {
    const BASE: [Operation; 8] = [
        Operation::Add,
        Operation::Sll,
        Operation::Slt,
        Operation::Sltu,
        Operation::Xor,
        Operation::Srl,
        Operation::Or,
        Operation::And,
    ];
    const MULTIPLY: [Operation; 8] = [
        Operation::Mul,
        Operation::Mulh,
        Operation::Mulhsu,
        Operation::Mulhu,
        Operation::Div,
        Operation::Divu,
        Operation::Rem,
        Operation::Remu,
    ];
    match (group, function) {
        (0, _) => BASE.get(function as usize).copied(),
        (1, _) => MULTIPLY.get(function as usize).copied(),
        (0x20, 0) => Some(Operation::Sub),
        (0x20, 5) => Some(Operation::Sra),
        _ => None,
    }
}

/// `count` bits of `word` from bit `low` on.
fn field(word: u32, low: u32, count: u32) -> u32 {
    (word >> low) & ((1 << count) - 1)
}

/// The lowest `bits` of `value` as a signed number.
pub(super) fn sign_extend(value: u32, bits: u32) -> u32 {
    let unused = 32 - bits;
    (((value << unused) as i32) >> unused) as u32
}

/// Of the I format.
fn immediate(word: u32) -> u32 {
    sign_extend(word >> 20, 12)
}

/// Of the B format.
fn branch_offset(word: u32) -> u32 {
    let bits = field(word, 31, 1) << 12
        | field(word, 7, 1) << 11
        | field(word, 25, 6) << 5
        | field(word, 8, 4) << 1;
    sign_extend(bits, 13)
}

/// Of the J format.
fn jump_offset(word: u32) -> u32 {
    let bits = field(word, 31, 1) << 20
        | field(word, 12, 8) << 12
        | field(word, 20, 1) << 11
        | field(word, 21, 10) << 1;
    sign_extend(bits, 21)
}
