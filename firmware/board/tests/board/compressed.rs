//! All 65 536 half-words against a table: the instruction listing of the manual's chapter on the extension C (RV32,
//! without floating point), read bit by bit.
//!
//! A row has sixteen bits from the highest to the lowest: `0` and `1` as they stand; a letter for a field, whose
//! bits are numbered in the row's second column from the highest to the lowest.

use virtual_board::hart::compressed;
use virtual_board::hart::decode::{self, Instruction};

use crate::formats::{b_type, i_type, j_type, r_type, s_type};

/// The bits; what they are of each field; the instruction of 32 bits; and what must not be.
struct Row {
    bits: &'static str,
    /// The bits of the immediate, in the order in which they stand.
    immediate: &'static [u32],
    expand: fn(&Fields) -> Option<u32>,
}

/// `d`, `s`: registers, as they stand; `i`: the immediate.
struct Fields {
    d: u32,
    s: u32,
    i: u32,
}

const X1: u32 = 1;
const SP: u32 = 2;

fn signed(value: u32, bits: u32) -> u32 {
    if value >> (bits - 1) & 1 == 1 {
        value | u32::MAX << bits
    } else {
        value
    }
}

const TABLE: &[Row] = &[
    // c.addi4spn
    Row {
        bits: "000iiiiiiiiddd00",
        immediate: &[5, 4, 9, 8, 7, 6, 2, 3],
        expand: |f| (f.i != 0).then(|| i_type(f.i, SP, 0, f.d + 8, 0x13)),
    },
    // c.lw
    Row {
        bits: "010iiisssiiddd00",
        immediate: &[5, 4, 3, 2, 6],
        expand: |f| Some(i_type(f.i, f.s + 8, 2, f.d + 8, 0x03)),
    },
    // c.sw
    Row {
        bits: "110iiisssiiddd00",
        immediate: &[5, 4, 3, 2, 6],
        expand: |f| Some(s_type(f.i, f.d + 8, f.s + 8, 2)),
    },
    // c.addi, and c.nop
    Row {
        bits: "000idddddiiiii01",
        immediate: &[5, 4, 3, 2, 1, 0],
        expand: |f| Some(i_type(signed(f.i, 6), f.d, 0, f.d, 0x13)),
    },
    // c.jal
    Row {
        bits: "001iiiiiiiiiii01",
        immediate: &[11, 4, 9, 8, 10, 6, 7, 3, 2, 1, 5],
        expand: |f| Some(j_type(signed(f.i, 12), X1)),
    },
    // c.li
    Row {
        bits: "010idddddiiiii01",
        immediate: &[5, 4, 3, 2, 1, 0],
        expand: |f| Some(i_type(signed(f.i, 6), 0, 0, f.d, 0x13)),
    },
    // c.addi16sp
    Row {
        bits: "011i00010iiiii01",
        immediate: &[9, 4, 6, 8, 7, 5],
        expand: |f| (f.i != 0).then(|| i_type(signed(f.i, 10), SP, 0, SP, 0x13)),
    },
    // c.lui
    Row {
        bits: "011idddddiiiii01",
        immediate: &[17, 16, 15, 14, 13, 12],
        expand: |f| (f.i != 0 && f.d != SP).then(|| signed(f.i, 18) | f.d << 7 | 0x37),
    },
    // c.srli
    Row {
        bits: "100000dddiiiii01",
        immediate: &[4, 3, 2, 1, 0],
        expand: |f| Some(i_type(f.i, f.d + 8, 5, f.d + 8, 0x13)),
    },
    // c.srai
    Row {
        bits: "100001dddiiiii01",
        immediate: &[4, 3, 2, 1, 0],
        expand: |f| Some(i_type(f.i | 1 << 10, f.d + 8, 5, f.d + 8, 0x13)),
    },
    // c.andi
    Row {
        bits: "100i10dddiiiii01",
        immediate: &[5, 4, 3, 2, 1, 0],
        expand: |f| Some(i_type(signed(f.i, 6), f.d + 8, 7, f.d + 8, 0x13)),
    },
    // c.sub, c.xor, c.or, c.and
    Row {
        bits: "100011ddd00sss01",
        immediate: &[],
        expand: |f| Some(r_type(0x20, f.s + 8, f.d + 8, 0, f.d + 8)),
    },
    Row {
        bits: "100011ddd01sss01",
        immediate: &[],
        expand: |f| Some(r_type(0, f.s + 8, f.d + 8, 4, f.d + 8)),
    },
    Row {
        bits: "100011ddd10sss01",
        immediate: &[],
        expand: |f| Some(r_type(0, f.s + 8, f.d + 8, 6, f.d + 8)),
    },
    Row {
        bits: "100011ddd11sss01",
        immediate: &[],
        expand: |f| Some(r_type(0, f.s + 8, f.d + 8, 7, f.d + 8)),
    },
    // c.j
    Row {
        bits: "101iiiiiiiiiii01",
        immediate: &[11, 4, 9, 8, 10, 6, 7, 3, 2, 1, 5],
        expand: |f| Some(j_type(signed(f.i, 12), 0)),
    },
    // c.beqz, c.bnez
    Row {
        bits: "110iiisssiiiii01",
        immediate: &[8, 4, 3, 7, 6, 2, 1, 5],
        expand: |f| Some(b_type(signed(f.i, 9), 0, f.s + 8, 0)),
    },
    Row {
        bits: "111iiisssiiiii01",
        immediate: &[8, 4, 3, 7, 6, 2, 1, 5],
        expand: |f| Some(b_type(signed(f.i, 9), 0, f.s + 8, 1)),
    },
    // c.slli
    Row {
        bits: "0000dddddiiiii10",
        immediate: &[4, 3, 2, 1, 0],
        expand: |f| Some(i_type(f.i, f.d, 1, f.d, 0x13)),
    },
    // c.lwsp
    Row {
        bits: "010idddddiiiii10",
        immediate: &[5, 4, 3, 2, 7, 6],
        expand: |f| (f.d != 0).then(|| i_type(f.i, SP, 2, f.d, 0x03)),
    },
    // c.ebreak
    Row {
        bits: "1001000000000010",
        immediate: &[],
        expand: |_| Some(0x0010_0073),
    },
    // c.jr, c.jalr
    Row {
        bits: "1000ddddd0000010",
        immediate: &[],
        expand: |f| (f.d != 0).then(|| i_type(0, f.d, 0, 0, 0x67)),
    },
    Row {
        bits: "1001ddddd0000010",
        immediate: &[],
        expand: |f| (f.d != 0).then(|| i_type(0, f.d, 0, X1, 0x67)),
    },
    // c.mv, c.add
    Row {
        bits: "1000dddddsssss10",
        immediate: &[],
        expand: |f| (f.s != 0).then(|| r_type(0, f.s, 0, 0, f.d)),
    },
    Row {
        bits: "1001dddddsssss10",
        immediate: &[],
        expand: |f| (f.s != 0).then(|| r_type(0, f.s, f.d, 0, f.d)),
    },
    // c.swsp
    Row {
        bits: "110iiiiiisssss10",
        immediate: &[5, 4, 3, 2, 7, 6],
        expand: |f| Some(s_type(f.i, f.s, SP, 2)),
    },
];

impl Row {
    /// The fields, if the code is of this row.
    fn fields(&self, code: u16) -> Option<Fields> {
        let mut fields = Fields { d: 0, s: 0, i: 0 };
        let mut immediate = self.immediate.iter();
        for (place, letter) in self.bits.chars().enumerate() {
            let bit = u32::from(code >> (15 - place) & 1);
            match letter {
                '0' | '1' if u32::from(letter == '1') == bit => {}
                'd' => fields.d = fields.d * 2 + bit,
                's' => fields.s = fields.s * 2 + bit,
                'i' => fields.i |= bit << immediate.next().expect("as many as there are letters"),
                _ => return None,
            }
        }
        assert_eq!(immediate.next(), None, "{}", self.bits);
        Some(fields)
    }
}

fn twin(code: u16) -> Option<Instruction> {
    let mut rows = TABLE.iter();
    let word = rows.find_map(|row| (row.expand)(&row.fields(code)?))?;
    Some(decode::decode(word).expect("an instruction of 32 bits"))
}

#[test]
fn every_half_word() {
    let mut legal = 0;
    for code in 0..=u16::MAX {
        let expected = twin(code);
        legal += u32::from(expected.is_some());
        assert_eq!(compressed::decode(code), expected, "{code:04x}");
    }
    assert!(legal > 20_000, "{legal}: what floating point leaves over");
}
