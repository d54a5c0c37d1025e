//! Messages that the target leaves to the host to format.

use leakscope_systemview::{Arguments, Printf, PrintfInElf, Text, varint};
use proptest::prelude::*;

use crate::any_packet::any_number;

/// What `format` shows with `values`, of which the target says that it sent `count`.
fn shown_of(format: &[u8], values: &[u32], count: u32) -> String {
    let encoded: Vec<u8> = values
        .iter()
        .flat_map(|&value| {
            let (bytes, length) = varint::write(value);
            bytes.into_iter().take(length)
        })
        .collect();
    let arguments = Arguments {
        count,
        encoded: &encoded,
    };
    let format = Text(format);
    Printf { format, arguments }.to_string()
}

fn shown(format: &str, values: &[u32]) -> String {
    shown_of(format.as_bytes(), values, values.len() as u32)
}

#[test]
fn conversions_as_in_c() {
    for (format, value, expected) in [
        ("%d", -42i32 as u32, "-42"),
        ("%d", i32::MIN as u32, "-2147483648"),
        ("%i", 42, "42"),
        ("%u", u32::MAX, "4294967295"),
        ("%x", 0xBEEF, "beef"),
        ("%X", 0xBEEF, "BEEF"),
        ("%c", u32::from(b'A'), "A"),
        ("%ld", 42, "42"),
        ("%hhu", 42, "42"),
        ("%lX", 0xAB, "AB"),
    ] {
        assert_eq!(shown(format, &[value]), expected, "{format}");
    }
}

#[test]
fn flags_width_and_precision_as_in_c() {
    for (format, value, expected) in [
        ("[%5d]", 42, "[   42]"),
        ("[%-5d]", 42, "[42   ]"),
        ("[%05d]", 42, "[00042]"),
        ("[%05d]", -42i32 as u32, "[-0042]"),
        ("[%+d]", 42, "[+42]"),
        ("[%+05d]", 42, "[+0042]"),
        ("[%+d]", -42i32 as u32, "[-42]"),
        ("[%+u]", 42, "[42]"),
        ("[%-05d]", 42, "[42   ]"),
        ("[%.4d]", 42, "[0042]"),
        ("[%.4d]", -42i32 as u32, "[-0042]"),
        ("[%7.4d]", 42, "[   0042]"),
        ("[%-7.4d]", 42, "[0042   ]"),
        ("[%07.4d]", 42, "[   0042]"),
        ("[%.d]", 42, "[42]"),
        ("[%.0d]", 0, "[]"),
        ("[%3.0u]", 0, "[   ]"),
        ("[%2d]", 12345, "[12345]"),
        ("[%08X]", 0xBEEF, "[0000BEEF]"),
        ("[%#x]", 0xBEEF, "[0xbeef]"),
        ("[%#08x]", 0xBEEF, "[0x00beef]"),
        ("[%#X]", 0xBEEF, "[0XBEEF]"),
        ("[%#x]", 0, "[0]"),
        ("[%3c]", 65, "[  A]"),
        ("[%-3c]", 65, "[A  ]"),
        ("[%3c]", 0xE9, "[  é]"),
    ] {
        assert_eq!(shown(format, &[value]), expected, "{format}");
    }
}

#[test]
fn width_and_precision_may_be_arguments() {
    assert_eq!(shown("[%*d]", &[5, 42]), "[   42]");
    assert_eq!(shown("[%*d]", &[-5i32 as u32, 42]), "[42   ]");
    assert_eq!(shown("[%.*d]", &[4, 42]), "[0042]");
    assert_eq!(shown("[%.*d]", &[-4i32 as u32, 42]), "[42]");
    assert_eq!(shown("[%*.*d]", &[6, 4, 42]), "[  0042]");
}

#[test]
fn pointers_have_eight_digits() {
    assert_eq!(shown("at %p", &[0x2000_0510]), "at 20000510");
    assert_eq!(shown("at %p", &[0x510]), "at 00000510");
}

#[test]
fn strings_stay_on_the_target() {
    assert_eq!(shown("name %s", &[0x0800_1234]), "name 0x08001234");
}

#[test]
fn a_doubled_percent_sign_takes_two_arguments() {
    assert_eq!(shown("%d%% of %d", &[50, 901, 902, 7]), "50% of 7");
}

#[test]
fn a_percent_sign_that_specifies_nothing_takes_one() {
    assert_eq!(shown("100% done, %d left", &[901, 3]), "100% done, 3 left");
    assert_eq!(shown("%y %d", &[901, 3]), "%y 3");
    assert_eq!(shown("%é %d", &[901, 3]), "%é 3");
    assert_eq!(shown("%d%", &[3, 901]), "3%");
    assert_eq!(shown("%-5", &[3]), "%-5");
}

#[test]
fn missing_arguments_show_as_their_specifiers() {
    assert_eq!(shown("%d %05d %x", &[1]), "1 %05d %x");
    assert_eq!(shown_of(b"%d %d", &[1], 2), "1 %d");
}

#[test]
fn a_message_without_arguments_is_final() {
    assert_eq!(shown("100%% of %d", &[]), "100%% of %d");
}

#[test]
fn arguments_beyond_those_counted_are_not_used() {
    assert_eq!(shown_of(b"%d %d", &[1, 2], 1), "1 %d");
}

#[test]
fn text_that_is_not_utf_8_is_marked() {
    assert_eq!(shown_of(b"\xFF%d\xC3", &[1], 1), "\u{FFFD}1\u{FFFD}");
}

#[test]
fn absurd_widths_are_bounded() {
    assert_eq!(shown("%999999999999d", &[1]).len(), 256);
    assert_eq!(shown("%.999999999999d", &[1]).len(), 256);
    assert_eq!(shown("%*d", &[i32::MIN as u32, 1]).len(), 256);
}

/// What a format in the ELF file shows with these numbers and, behind them, these strings.
fn shown_in_elf(format: &str, values: &[u32], strings: &[&str]) -> String {
    let mut arguments = Vec::new();
    for &value in values {
        let (bytes, length) = varint::write(value);
        arguments.extend_from_slice(&bytes[..length]);
    }
    for string in strings {
        arguments.push(string.len() as u8);
        arguments.extend_from_slice(string.as_bytes());
    }
    PrintfInElf {
        format: format.into(),
        arguments: &arguments,
    }
    .to_string()
}

#[test]
fn a_format_in_the_elf_file_says_what_was_sent() {
    for (format, values, strings, expected) in [
        ("plain", &[][..], &[][..], "plain"),
        ("100%% of %u", &[300], &[], "100% of 300"),
        ("%s has %d, %s %d", &[1, 200], &["a", ""], "a has 1,  200"),
        ("[%*d|%.*d]", &[5, 42, 3, 7], &[], "[   42|007]"),
        (
            "[%5s|%-5s|%.2s]",
            &[],
            &["ab", "cd", "efg"],
            "[   ab|cd   |ef]",
        ),
        ("100% done, %d left", &[3], &[], "100% done, 3 left"),
        ("%d and %d", &[1], &[], "1 and %d"),
        ("%s and %s", &[], &["one"], "one and %s"),
        ("%d and %s", &[7], &[], "7 and %s"),
        ("%d%", &[3], &[], "3%"),
    ] {
        assert_eq!(shown_in_elf(format, values, strings), expected, "{format}");
    }
}

/// The twin: flags, width and precision by Rust's own formatting.
fn plainly(
    left: bool,
    plus: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
    value: i32,
) -> String {
    let digits = match precision {
        Some(0) if value == 0 => String::new(),
        precision => format!("{:0>1$}", value.unsigned_abs(), precision.unwrap_or(0)),
    };
    let sign = if value < 0 {
        "-"
    } else if plus {
        "+"
    } else {
        ""
    };
    if left {
        format!("{:<width$}", format!("{sign}{digits}"))
    } else if zeros && precision.is_none() {
        let width = width.saturating_sub(sign.len());
        format!("{sign}{digits:0>width$}")
    } else {
        format!("{:>width$}", format!("{sign}{digits}"))
    }
}

proptest! {
    #[test]
    fn decimals_are_laid_out_as_the_twin_does(
        (left, plus, zeros) in any::<(bool, bool, bool)>(),
        width in 0..20usize,
        precision in prop::option::of(0..12usize),
        value in any_number(),
    ) {
        let flags = [(left, "-"), (plus, "+"), (zeros, "0")];
        let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| *flag).collect();
        let shown_width = if width == 0 { String::new() } else { width.to_string() };
        let shown_precision = precision.map(|digits| format!(".{digits}")).unwrap_or_default();
        let format = format!("%{flags}{shown_width}{shown_precision}d");
        prop_assert_eq!(
            shown(&format, &[value]),
            plainly(left, plus, zeros, width, precision, value as i32),
            "{}", format
        );
    }

    #[test]
    fn text_without_percent_signs_stays_as_it_is(text in "[^%]{0,80}", value in any_number()) {
        prop_assert_eq!(shown(&text, &[value]), text);
    }

    #[test]
    fn hostile_formats_stay_small(
        format in prop::collection::vec(
            prop_oneof![Just(b'%'), prop::sample::select(b"*.0-+#9hldxXcps".as_slice()), any::<u8>()],
            0..80,
        ),
        values in prop::collection::vec(any::<u32>(), 0..17),
        count in any::<u32>(),
    ) {
        let length = shown_of(&format, &values, count).len();
        prop_assert!(length <= 3 * format.len() + 600 * values.len());
    }
    #[test]
    fn hostile_formats_in_the_elf_file_stay_small(
        format in prop::collection::vec(
            prop_oneof![Just(b'%'), prop::sample::select(b"*.0-+#9hldxXcps".as_slice()), any::<u8>()],
            0..80,
        ),
        arguments in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let shown = PrintfInElf { format: Text(&format), arguments: &arguments }.to_string();
        prop_assert!(shown.len() <= 3 * (format.len() + arguments.len()) + 600 * arguments.len());
    }
}
