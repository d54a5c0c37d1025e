//! Numbers as people write them in descriptions.

/// Reads `12`, `-1`, `4294967295` or `0xFC`; negative numbers become the `u32` of the same bits.
pub(super) fn parse(text: &str) -> Option<u32> {
    if let Some(digits) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        return u32::from_str_radix(digits, 16).ok();
    }
    if text.starts_with('-') {
        return text.parse::<i32>().ok().map(i32::cast_unsigned);
    }
    text.parse().ok()
}
