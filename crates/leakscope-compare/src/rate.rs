//! Rates: growth in the unit of whoever sets a limit.

use std::fmt;
use std::str::FromStr;

use leakscope_report::document::call_site::CallSite;
use leakscope_report::document::totals::Totals;
use leakscope_report::units::count;

/// Bytes in each second or cycle: `100B/min`, `0B/cycle`, `1.5KiB/s`; in several of them: `64k/24h`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Bytes.
    pub bytes: f64,
    /// In each of these.
    pub per: Per,
}

/// What a rate is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Time.
    Millisecond,
    /// Time.
    Second,
    /// Time.
    Minute,
    /// Time.
    Hour,
    /// Time.
    Day,
    /// A cycle that the user marked.
    Cycle,
}

impl Per {
    const ALL: [(Self, &'static str, Option<f64>); 6] = [
        (Self::Millisecond, "ms", Some(0.001)),
        (Self::Second, "s", Some(1.0)),
        (Self::Minute, "min", Some(60.0)),
        (Self::Hour, "h", Some(3600.0)),
        (Self::Day, "day", Some(86_400.0)),
        (Self::Cycle, "cycle", None),
    ];

    fn row(self) -> (&'static str, Option<f64>) {
        let row = Self::ALL.iter().find(|row| row.0 == self);
        row.map_or(("", None), |row| (row.1, row.2))
    }
}

/// Why a text is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no rate of growth; write one such as 100B/min, 1KiB/h or 0B/cycle")]
pub struct RateError(String);

/// A size such as `0`, `100B`, `1.5KiB`, `2MB`; in bytes.
pub fn size(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|digit: char| !digit.is_ascii_digit() && digit != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let factor = match unit.trim().trim_end_matches('B') {
        "" => 1.0,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    Some(number * factor).filter(|bytes| bytes.is_finite())
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let error = || RateError(text.to_owned());
        let (number, time) = text.split_once('/').ok_or_else(error)?;
        let time = time.trim();
        let unit = time.trim_start_matches(|digit: char| digit.is_ascii_digit() || digit == '.');
        let times = match &time[..time.len() - unit.len()] {
            "" => 1.0,
            number => number
                .parse()
                .ok()
                .filter(|&times: &f64| times > 0.0)
                .ok_or_else(error)?,
        };
        let per = Per::ALL.iter().find(|(_, name, _)| *name == unit.trim());
        let (per, ..) = *per.ok_or_else(error)?;
        let bytes = size(number).ok_or_else(error)? / times;
        Ok(Self { bytes, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(0);
        let number = format!("{:.decimals$}", self.bytes);
        let (whole, part) = number.split_at(number.find('.').unwrap_or(number.len()));
        let whole = count(whole.parse().unwrap_or(0));
        write!(f, "{whole}{part} B/{}", self.per.row().0)
    }
}

impl Rate {
    /// Both in words, with as many decimals as it takes to tell them apart.
    pub(crate) fn apart(self, other: Self) -> (String, String) {
        let words = |decimals: usize| (format!("{self:.decimals$}"), format!("{other:.decimals$}"));
        let mut longer = (0..17).map(words);
        let apart = longer.find(|(one, other)| one != other);
        apart.unwrap_or_else(|| words(0))
    }

    /// How fast a call site grows, in the unit `per`. `None` if that is not known: there is no clock, or no cycle was
    /// marked.
    pub fn of(site: &CallSite, totals: &Totals, per: Per) -> Option<Self> {
        let bytes = match per.row().1 {
            Some(seconds) => site.growth_bytes_per_second? * seconds,
            None if totals.cycles == 0 => return None,
            None => {
                let ticks_a_cycle = totals.cycle_ticks as f64 / totals.cycles as f64;
                site.growth_bytes as f64 * ticks_a_cycle / site.growth_ticks.max(1) as f64
            }
        };
        Some(Self { bytes, per })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_that_differ_are_told_apart() {
        let rate = |bytes| Rate {
            bytes,
            per: Per::Minute,
        };
        let apart = |one, other| rate(one).apart(rate(other));
        let words = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(
            apart(37_008.04, 37_008.0),
            words("37,008.04 B/min", "37,008.00 B/min")
        );
        assert_eq!(apart(0.3, 0.0), words("0.3 B/min", "0.0 B/min"));
        assert_eq!(apart(1_200.0, 80.0), words("1,200 B/min", "80 B/min"));
    }

    #[test]
    fn rates_are_read_and_written() {
        for (text, shown) in [
            ("100B/min", "100 B/min"),
            ("0B/cycle", "0 B/cycle"),
            ("1KiB/s", "1,024 B/s"),
            ("2 k/h", "2,000 B/h"),
            ("48k/24h", "2,000 B/h"),
            ("1/0.5ms", "2 B/ms"),
        ] {
            let rate: Rate = text.parse().expect("a rate");
            assert_eq!(rate.to_string(), shown);
        }
        for text in [
            "", "100", "100B", "B/min", "-1B/s", "1B/year", "1e9B/s", "1TB/s", "1B/0s",
        ] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
