//! What the arithmetic and logic instructions compute (base set I, extension M).

/// An operation on two registers, or on a register and an immediate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Sum, modulo 2³².
    Add,
    /// Difference, modulo 2³².
    Sub,
    /// Shift left by the lowest five bits.
    Sll,
    /// 1 if less, as signed numbers.
    Slt,
    /// 1 if less, as unsigned numbers.
    Sltu,
    /// Bitwise exclusive or.
    Xor,
    /// Shift right, zeros from the left.
    Srl,
    /// Shift right, copies of the sign from the left.
    Sra,
    /// Bitwise or.
    Or,
    /// Bitwise and.
    And,
    /// Low word of the product.
    Mul,
    /// High word of the product of signed numbers.
    Mulh,
    /// High word of a signed times an unsigned number.
    Mulhsu,
    /// High word of the product of unsigned numbers.
    Mulhu,
    /// Signed quotient, towards zero; all ones for a division by zero.
    Div,
    /// Unsigned quotient; all ones for a division by zero.
    Divu,
    /// Signed remainder, with the dividend's sign; the dividend for a division by zero.
    Rem,
    /// Unsigned remainder; the dividend for a division by zero.
    Remu,
}

impl Operation {
    /// The result, as the RISC-V manual defines it for XLEN = 32: nothing traps, not even a division by zero.
    pub fn apply(self, a: u32, b: u32) -> u32 {
        let (signed_a, signed_b) = (a as i32, b as i32);
        match self {
            Self::Add => a.wrapping_add(b),
            Self::Sub => a.wrapping_sub(b),
            Self::Sll => a << (b & 31),
            Self::Slt => u32::from(signed_a < signed_b),
            Self::Sltu => u32::from(a < b),
            Self::Xor => a ^ b,
            Self::Srl => a >> (b & 31),
            Self::Sra => (signed_a >> (b & 31)) as u32,
            Self::Or => a | b,
            Self::And => a & b,
            Self::Mul => a.wrapping_mul(b),
            Self::Mulh => ((i64::from(signed_a) * i64::from(signed_b)) >> 32) as u32,
            Self::Mulhsu => ((i64::from(signed_a) * i64::from(b)) >> 32) as u32,
            Self::Mulhu => ((u64::from(a) * u64::from(b)) >> 32) as u32,
            Self::Div if b == 0 => u32::MAX,
            Self::Div => signed_a.wrapping_div(signed_b) as u32,
            Self::Divu => a.checked_div(b).unwrap_or(u32::MAX),
            Self::Rem if b == 0 => a,
            Self::Rem => signed_a.wrapping_rem(signed_b) as u32,
            Self::Remu => a.checked_rem(b).unwrap_or(a),
        }
    }
}

/// When a branch is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `beq`
    Equal,
    /// `bne`
    NotEqual,
    /// `blt`: as signed numbers
    Less,
    /// `bge`: as signed numbers
    GreaterOrEqual,
    /// `bltu`
    LessUnsigned,
    /// `bgeu`
    GreaterOrEqualUnsigned,
}

impl Condition {
    /// Whether it holds.
    pub fn holds(self, a: u32, b: u32) -> bool {
        match self {
            Self::Equal => a == b,
            Self::NotEqual => a != b,
            Self::Less => (a as i32) < (b as i32),
            Self::GreaterOrEqual => (a as i32) >= (b as i32),
            Self::LessUnsigned => a < b,
            Self::GreaterOrEqualUnsigned => a >= b,
        }
    }
}
