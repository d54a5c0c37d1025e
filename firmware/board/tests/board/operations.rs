//! Arithmetic against a naive twin: numbers of any length as the manual's sentences have them, in 128 bits.

use proptest::prelude::*;
use virtual_board::hart::operation::{Condition, Operation};

/// The number that the bits mean.
fn signed(bits: u32) -> i128 {
    let value = i128::from(bits);
    if bits >> 31 == 1 {
        value - (1 << 32)
    } else {
        value
    }
}

fn unsigned(bits: u32) -> i128 {
    i128::from(bits)
}

/// The lowest 32 bits.
fn low(value: i128) -> u32 {
    value.rem_euclid(1 << 32) as u32
}

fn high(value: i128) -> u32 {
    low(value.div_euclid(1 << 32))
}

/// Shift by shift: one place at a time.
fn shifted(mut value: u32, places: u32, once: impl Fn(u32) -> u32) -> u32 {
    for _ in 0..places % 32 {
        value = once(value);
    }
    value
}

fn bit_by_bit(a: u32, b: u32, decide: impl Fn(bool, bool) -> bool) -> u32 {
    (0..32).fold(0, |all, bit| {
        let result = decide(a >> bit & 1 == 1, b >> bit & 1 == 1);
        all | u32::from(result) << bit
    })
}

/// A quotient towards zero and its remainder, by counting down in powers of two.
fn divided(dividend: i128, divisor: i128) -> (i128, i128) {
    let (mut rest, mut quotient) = (dividend.abs(), 0);
    for power in (0..33).rev() {
        let step = divisor.abs() << power;
        if rest >= step {
            rest -= step;
            quotient += 1 << power;
        }
    }
    let quotient = if (dividend < 0) == (divisor < 0) {
        quotient
    } else {
        -quotient
    };
    let rest = if dividend < 0 { -rest } else { rest };
    (quotient, rest)
}

fn twin(operation: Operation, a: u32, b: u32) -> u32 {
    match operation {
        Operation::Add => low(unsigned(a) + unsigned(b)),
        Operation::Sub => low(unsigned(a) - unsigned(b)),
        Operation::Sll => shifted(a, b, |value| low(unsigned(value) * 2)),
        Operation::Srl => shifted(a, b, |value| value / 2),
        Operation::Sra => shifted(a, b, |value| low(signed(value).div_euclid(2))),
        Operation::Slt => u32::from(signed(a) < signed(b)),
        Operation::Sltu => u32::from(unsigned(a) < unsigned(b)),
        Operation::Xor => bit_by_bit(a, b, |a, b| a != b),
        Operation::Or => bit_by_bit(a, b, |a, b| a || b),
        Operation::And => bit_by_bit(a, b, |a, b| a && b),
        Operation::Mul => low(signed(a) * signed(b)),
        Operation::Mulh => high(signed(a) * signed(b)),
        Operation::Mulhsu => high(signed(a) * unsigned(b)),
        Operation::Mulhu => high(unsigned(a) * unsigned(b)),
        Operation::Div | Operation::Divu if b == 0 => u32::MAX,
        Operation::Rem | Operation::Remu if b == 0 => a,
        Operation::Div => low(divided(signed(a), signed(b)).0),
        Operation::Rem => low(divided(signed(a), signed(b)).1),
        Operation::Divu => low(divided(unsigned(a), unsigned(b)).0),
        Operation::Remu => low(divided(unsigned(a), unsigned(b)).1),
    }
}

const OPERATIONS: [Operation; 18] = [
    Operation::Add,
    Operation::Sub,
    Operation::Sll,
    Operation::Slt,
    Operation::Sltu,
    Operation::Xor,
    Operation::Srl,
    Operation::Sra,
    Operation::Or,
    Operation::And,
    Operation::Mul,
    Operation::Mulh,
    Operation::Mulhsu,
    Operation::Mulhu,
    Operation::Div,
    Operation::Divu,
    Operation::Rem,
    Operation::Remu,
];

/// Numbers at the edges are likelier than chance would have it.
fn number() -> impl Strategy<Value = u32> {
    let edges = [
        0,
        1,
        2,
        31,
        32,
        0x7FFF_FFFF,
        0x8000_0000,
        0x8000_0001,
        u32::MAX,
    ];
    prop_oneof![
        proptest::sample::select(edges.to_vec()),
        0u32..100,
        any::<u32>(),
    ]
}

proptest! {
    #[test]
    fn operations_are_the_manuals(a in number(), b in number()) {
        for operation in OPERATIONS {
            prop_assert_eq!(operation.apply(a, b), twin(operation, a, b), "{:?}", operation);
        }
    }

    #[test]
    fn conditions_are_the_manuals(a in number(), b in number()) {
        for (condition, expected) in [
            (Condition::Equal, a == b),
            (Condition::NotEqual, a != b),
            (Condition::Less, signed(a) < signed(b)),
            (Condition::GreaterOrEqual, signed(a) >= signed(b)),
            (Condition::LessUnsigned, unsigned(a) < unsigned(b)),
            (Condition::GreaterOrEqualUnsigned, unsigned(a) >= unsigned(b)),
        ] {
            prop_assert_eq!(condition.holds(a, b), expected, "{:?}", condition);
        }
    }
}
