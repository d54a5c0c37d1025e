//! What texts in payloads cost, and where they end.

use super::price::{BIT, BYTE, Price, SURPLUS};

/// A byte of a text.
const fn letter(byte: u8) -> Price {
    match byte {
        b' ' | b'a' | b'c' | b'd' | b'e' | b'h' | b'i' | b'l' | b'n' | b'o' | b'r' | b's'
        | b't' | b'u' => 83,
        b'\t' | b'\n' | b'\r' | 0x1B | 0x20..=0x7E => 120,
        0x80.. => 10 * BIT,
        _ => 14 * BIT,
    }
}

/// A text with its length.
pub(super) fn text(bytes: &[u8]) -> Price {
    let letters = bytes.iter().skip(1).map(|&byte| letter(byte));
    let most = bytes.len().max(1) as u32 * BYTE + SURPLUS;
    most.min(7 * BIT + letters.sum::<Price>())
}

/// Whether a payload that should be numbers is likely the text of another packet: learnt from, each repetition of the text
/// would confirm it.
pub(super) fn is_text(payload: &[u8]) -> bool {
    let letters = payload.iter().filter(|byte| (0x20..0x7F).contains(*byte));
    payload.len() >= 16 && 4 * letters.count() >= 3 * payload.len()
}

/// Where the string at `at` of a payload ends.
pub(super) fn text_end(payload: &[u8], at: usize) -> Option<usize> {
    let end = match *payload.get(at)? {
        0xFF => {
            let &[high, low] = payload.get(at + 1..at + 3)?.first_chunk()?;
            let ends = [[high, low], [low, high]]
                .map(|length| at + 3 + usize::from(u16::from_be_bytes(length)));
            *ends.iter().filter(|&&end| end <= payload.len()).max()?
        }
        length => at + 1 + usize::from(length),
    };
    (end <= payload.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters are not cheaper than they are likely.
    #[test]
    fn texts_are_a_proper_code() {
        let shares = (0..=255).map(|byte| (-f64::from(letter(byte)) / f64::from(BIT)).exp2());
        assert!(shares.sum::<f64>() < 1.0);
    }
}
