//! Times, sizes and shares as people type them.

use std::ops::Range;
use std::time::Duration;

use leakscope_capture::recording::Rotation;
use leakscope_memory::reach::Alias;

/// A length of time, which cannot be nothing: as [`time`].
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    match time(text)? {
        Duration::ZERO => Err(no_time(text)),
        some => Ok(some),
    }
}

/// `10`, `10s`, `500ms`, `2min`, `1.5h`.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "min" | "m" => 60.0,
        "h" => 3600.0,
        _ if number.is_empty() => return Err(no_time(text)),
        _ => {
            return Err(format!(
                "`{unit}` is not a unit of time; use ms, s, min or h"
            ));
        }
    };
    number
        .parse()
        .ok()
        .and_then(|number: f64| Duration::try_from_secs_f64(number * seconds).ok())
        .ok_or_else(|| no_time(text))
}

fn no_time(text: &str) -> String {
    format!("`{text}` is no time: 10 (seconds), 500ms, 2min and 1h are")
}

/// `0x3fc9a2b0`, or digits alone, which are decimal.
pub(super) fn address(text: &str) -> Result<u64, String> {
    let number = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse::<u64>(),
    };
    number.map_err(|_| format!("`{text}` is no address: 0x3fc9a2b0 is one"))
}

/// Addresses: `0x3fc80000+320KiB`.
pub(super) fn range(text: &str) -> Result<Range<u64>, String> {
    let (start, length) = text
        .split_once('+')
        .ok_or("an address and a size are needed: 0x3fc80000+320KiB")?;
    let (start, length) = (address(start)?, size(length)?);
    let end = start
        .checked_add(length)
        .ok_or("it ends behind the last address")?;
    Ok(start..end)
}

/// Addresses, and others that stand for them: `0x40380000=0x3fc80000+384KiB`.
pub(super) fn alias(text: &str) -> Result<Alias, String> {
    let (from, to) = text
        .split_once('=')
        .ok_or("two addresses and a size are needed: 0x40380000=0x3fc80000+384KiB")?;
    let (from, to) = (address(from)?, range(to)?);
    Ok(Alias {
        from,
        to: to.start,
        length: to.end - to.start,
        is_reversed: false,
    })
}

/// `4096`, `0x1000`, `10k`, `10M`, `1G` (powers of 1000), `64KiB`, `10MiB`, `1GiB` (powers of 1024), with or without
/// a `B`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    if let (true, Ok(size @ 1..)) = (text.starts_with("0x"), address(text)) {
        return Ok(size);
    }
    let (number, unit) = split(text);
    let bytes: u64 = match unit.trim_end_matches('B') {
        "" => 1,
        "k" | "K" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => {
            return Err(format!(
                "`{unit}` is not a unit of size; use k, M, G, KiB, MiB or GiB"
            ));
        }
    };
    number
        .parse()
        .ok()
        .filter(|&number: &f64| number.is_finite() && number > 0.0)
        .map(|number| (number * bytes as f64) as u64)
        .filter(|&size| size > 0)
        .ok_or_else(|| format!("`{text}` is no size"))
}

/// A size or a time, with its unit: `100M`, `1GiB`, `24h`.
pub(super) fn rotation(text: &str) -> Result<Rotation, String> {
    if split(text).1.is_empty() {
        return Err(format!("`{text}` has no unit: 100M is a size, 24h a time"));
    }
    let as_time = duration(text).map(Rotation::Time);
    as_time.or_else(|_| size(text).map(Rotation::Size))
}

/// As [`size`]; 0 is one, too.
pub(crate) fn any_size(text: &str) -> Result<u64, String> {
    match text.trim_end_matches('B') {
        "0" => Ok(0),
        _ => size(text),
    }
}

/// A share of a whole: `1%`, `0.5 %`; from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').map(|number| number.trim().parse());
    match number {
        Some(Ok(percent)) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err(format!("`{text}` is no share; write one such as 1%")),
    }
}

fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, milliseconds) in [
            ("10", 10_000),
            ("500ms", 500),
            ("2 min", 120_000),
            ("1.5h", 5_400_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)));
            assert_eq!(time(text), duration(text));
        }
        assert_eq!(time("0"), Ok(Duration::ZERO));
        for text in [
            "",
            "s",
            "0",
            "-1",
            "10 days",
            "1e400",
            "99999999999999999999h",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rotations() {
        assert_eq!(rotation("10M"), Ok(Rotation::Size(10_000_000)));
        assert_eq!(rotation("10m"), Ok(Rotation::Time(Duration::from_mins(10))));
        assert_eq!(rotation("1GiB"), Ok(Rotation::Size(1 << 30)));
        for text in ["", "10", "M", "0h", "10 days"] {
            assert!(rotation(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("4096", 4096),
            ("0x1000", 4096),
            ("10k", 10_000),
            ("10MB", 10_000_000),
            ("64KiB", 65_536),
            ("1.5Gi", 3 << 29),
        ] {
            assert_eq!(size(text), Ok(bytes));
        }
        for text in ["", "M", "0", "0.1", "-1", "10 T", "0x", "0x0", "0x1KiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
