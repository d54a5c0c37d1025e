//! The one place where ticks and bytes become words.
//!
//! One style, held everywhere: sizes are exact, with thousands separators ("17,706 B"), and the large
//! ones that stand alone get a binary unit beside them ([`bytes_with_unit`]). Durations and rates have
//! three significant digits and a fitting unit; moments have as many decimals as tell the moments of
//! their trace apart. A trace that does not say how fast its clock runs is reported in ticks.

/// Picoseconds of a second: fine enough for any clock of 32 bits.
const SECOND: u128 = 1_000_000_000_000;
const MINUTE: u128 = 60 * SECOND;
const HOUR: u128 = 60 * MINUTE;
const DAY: u128 = 24 * HOUR;

/// The clock of a trace: what its ticks are in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    hz: u32,
    /// Decimals of moments, in seconds.
    decimals: u32,
}

impl Clock {
    /// The clock that ticks `hz` times a second (0: unknown), for moments of a trace of `length` ticks.
    pub fn new(hz: u32, length: u64) -> Self {
        let unknown = Self { hz, decimals: 3 };
        let length = unknown.picoseconds(length).unwrap_or(0);
        // Three significant digits of the length, from 0.001 s to 0.000000001 s.
        let finer = (4..=9).find(|&decimals| length >= SECOND / 10u128.pow(decimals - 2));
        let decimals = match length {
            0 => 3,
            length if length >= SECOND / 10 => 3,
            _ => finer.unwrap_or(9),
        };
        Self { hz, decimals }
    }

    /// Ticks in a second; 0 if unknown.
    pub fn hz(self) -> u32 {
        self.hz
    }

    /// In seconds; `None` if the clock's rate is unknown.
    ///
    /// ```
    /// # use leakscope_report::units::Clock;
    /// assert_eq!(Clock::new(40_000_000, 0).seconds(266), Some(6.65e-6));
    /// assert_eq!(Clock::new(0, 0).seconds(266), None);
    /// ```
    pub fn seconds(self, ticks: u64) -> Option<f64> {
        (self.hz > 0).then(|| ticks as f64 / f64::from(self.hz))
    }

    /// The tick that is nearest to a moment in seconds; `None` if the clock's rate is unknown, for others than the first
    /// moment.
    ///
    /// ```
    /// # use leakscope_report::units::Clock;
    /// assert_eq!(Clock::new(1_000_000, 0).tick(0.0015), Some(1500));
    /// assert_eq!([0.0, 1.0].map(|time| Clock::new(0, 0).tick(time)), [Some(0), None]);
    /// ```
    pub fn tick(self, seconds: f64) -> Option<u64> {
        (self.hz > 0 || seconds == 0.0).then(|| (seconds * f64::from(self.hz)).round() as u64)
    }

    fn picoseconds(self, ticks: u64) -> Option<u128> {
        (self.hz > 0).then(|| u128::from(ticks) * SECOND / u128::from(self.hz))
    }

    /// A length of time, with three significant digits or two units.
    ///
    /// ```
    /// # use leakscope_report::units::Clock;
    /// let clock = Clock::new(1_000_000, 0);
    /// assert_eq!(clock.duration(9_038), "9.04 ms");
    /// assert_eq!(clock.duration(246_000), "0.246 s");
    /// assert_eq!(clock.duration(8_040_000_000), "2 h 14 min");
    /// assert_eq!(Clock::new(0, 0).duration(9_038), "9,038 ticks");
    /// ```
    pub fn duration(self, ticks: u64) -> String {
        match self.picoseconds(ticks) {
            None => counted(ticks, "tick"),
            Some(0) => "0 s".to_owned(),
            Some(time) => duration(time),
        }
    }

    /// A moment, as the time since the trace began.
    ///
    /// ```
    /// # use leakscope_report::units::Clock;
    /// assert_eq!(Clock::new(1_000_000, 250_000).moment(2_417), "0.002 s");
    /// assert_eq!(Clock::new(1_000_000, 900).moment(241), "0.000241 s");
    /// assert_eq!(Clock::new(1_000, 9_000_000).moment(8_045_000), "2 h 14 min 5 s");
    /// assert_eq!(Clock::new(0, 0).moment(2_417), "tick 2,417");
    /// ```
    pub fn moment(self, ticks: u64) -> String {
        let Some(time) = self.picoseconds(ticks) else {
            return format!("tick {}", count(ticks));
        };
        let seconds = round_to(time, SECOND / 10u128.pow(self.decimals));
        if seconds < MINUTE {
            return format!("{} s", decimal(seconds, SECOND, self.decimals));
        }
        let tenths = round_to(time, SECOND / 10);
        if tenths < HOUR {
            let rest = decimal(tenths % MINUTE, SECOND, 1);
            return format!("{} min {rest} s", tenths / MINUTE);
        }
        let whole = round_to(time, SECOND);
        let (hours, minutes, seconds) = (
            whole % DAY / HOUR,
            whole % HOUR / MINUTE,
            whole % MINUTE / SECOND,
        );
        match whole / DAY {
            0 => format!("{hours} h {minutes} min {seconds} s"),
            days => format!("{days} d {hours} h {minutes} min {seconds} s"),
        }
    }

    /// A moment in seconds, with as many decimals as the clock has; in ticks if its rate is unknown. For
    /// lists, where moments stand under each other.
    ///
    /// ```
    /// # use leakscope_report::units::Clock;
    /// assert_eq!(Clock::new(40_000_000, 0).stamp(266), "0.00000665");
    /// assert_eq!(Clock::new(0, 0).stamp(266), "266");
    /// ```
    pub fn stamp(self, ticks: u64) -> String {
        let Some(time) = self.picoseconds(ticks) else {
            return ticks.to_string();
        };
        let decimals = (3..9).find(|&decimals| 10u64.pow(decimals) >= u64::from(self.hz));
        let decimals = decimals.unwrap_or(9);
        decimal(
            round_to(time, SECOND / 10u128.pow(decimals)),
            SECOND,
            decimals,
        )
    }

    /// Bytes in a second; `None` if the clock's rate is unknown or no time went by.
    pub fn bytes_per_second(self, bytes: i64, ticks: u64) -> Option<f64> {
        (self.hz > 0 && ticks > 0).then(|| bytes as f64 * f64::from(self.hz) / ticks as f64)
    }

    /// A rate, by the shortest of second, minute, hour and day in which it is a byte at least.
    ///
    /// ```
    /// # use leakscope_report::units::Clock;
    /// let clock = Clock::new(1_000, 0);
    /// assert_eq!(clock.rate(1_097, 1_000), "1,097 B/s");
    /// assert_eq!(clock.rate(270, 3_600_000), "4.50 B/min");
    /// assert_eq!(Clock::new(0, 0).rate(270, 1_000), "270 B in 1,000 ticks");
    /// ```
    pub fn rate(self, bytes_grown: i64, ticks: u64) -> String {
        let Some(rate) = self.bytes_per_second(bytes_grown, ticks) else {
            let sign = if bytes_grown < 0 { "-" } else { "" };
            let amount = bytes(bytes_grown.unsigned_abs());
            return format!("{sign}{amount} in {}", self.duration(ticks));
        };
        rate_per_second(rate)
    }
}

/// A rate in bytes a second, by the shortest of second, minute, hour and day in which it is a byte at
/// least.
pub fn rate_per_second(bytes: f64) -> String {
    let sign = if bytes < 0.0 { "-" } else { "" };
    let rate = bytes.abs();
    if rate == 0.0 || !rate.is_finite() {
        return "0 B/s".to_owned();
    }
    if rate >= 10.0 * MEBIBYTE as f64 {
        return format!("{sign}{} MiB/s", significant(rate / MEBIBYTE as f64));
    }
    let units = [(1.0, "s"), (60.0, "min"), (3_600.0, "h"), (86_400.0, "day")];
    let (seconds, unit) = units
        .into_iter()
        .find(|(seconds, _)| rate * seconds >= 1.0)
        .unwrap_or(units[3]);
    format!("{sign}{} B/{unit}", significant(rate * seconds))
}

/// A length of time in seconds, as [`Clock::duration`] writes it.
pub fn duration_of_seconds(seconds: f64) -> String {
    match (seconds.max(0.0) * SECOND as f64) as u128 {
        0 => "0 s".to_owned(),
        picoseconds => duration(picoseconds.min(u128::from(u64::MAX) * SECOND)),
    }
}

/// A number with thousands separators.
///
/// ```
/// # use leakscope_report::units::count;
/// assert_eq!(count(17_706), "17,706");
/// ```
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things with their name, which takes an `s` unless there is one of them.
///
/// ```
/// # use leakscope_report::units::counted;
/// assert_eq!(counted(1, "block"), "1 block");
/// assert_eq!(counted(1_500, "block"), "1,500 blocks");
/// ```
pub fn counted(number: u64, name: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {name}{plural}", count(number))
}

/// A size, exact.
///
/// ```
/// # use leakscope_report::units::bytes;
/// assert_eq!(bytes(17_706), "17,706 B");
/// ```
pub fn bytes(bytes: u64) -> String {
    format!("{} B", count(bytes))
}

const KIBIBYTE: u64 = 1 << 10;
const MEBIBYTE: u64 = 1 << 20;
const GIBIBYTE: u64 = 1 << 30;

/// A size, exact, and in a binary unit if it is 10 KiB or more.
///
/// ```
/// # use leakscope_report::units::bytes_with_unit;
/// assert_eq!(bytes_with_unit(270), "270 B");
/// assert_eq!(bytes_with_unit(17_706), "17,706 B (17.3 KiB)");
/// ```
pub fn bytes_with_unit(size: u64) -> String {
    match in_unit(size) {
        Some(amount) => format!("{} ({amount})", bytes(size)),
        None => bytes(size),
    }
}

/// A size that is only estimated, in a binary unit if it is 10 KiB or more.
///
/// ```
/// # use leakscope_report::units::estimated_bytes;
/// assert_eq!(estimated_bytes(270), "270 B");
/// assert_eq!(estimated_bytes(17_706), "17.3 KiB");
/// ```
pub fn estimated_bytes(size: u64) -> String {
    in_unit(size).unwrap_or_else(|| bytes(size))
}

fn in_unit(size: u64) -> Option<String> {
    let (unit, name) = match size {
        0..10_240 => return None,
        10_240..MEBIBYTE => (KIBIBYTE, "KiB"),
        MEBIBYTE..GIBIBYTE => (MEBIBYTE, "MiB"),
        _ => (GIBIBYTE, "GiB"),
    };
    let amount = significant(size as f64 / unit as f64);
    Some(format!("{amount} {name}"))
}

/// A part of a whole in percent, without decimals; "<1 %" rather than 0 if there is any.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    let (part, whole) = (u128::from(part), u128::from(whole));
    match (part * 200 + whole) / (2 * whole) {
        0 if part > 0 => "<1 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

/// Three significant digits, or the whole number if it is 100 or more.
fn significant(number: f64) -> String {
    for (limit, decimals) in [(0.999_5, 3), (9.995, 2), (99.95, 1)] {
        if number < limit {
            return format!("{number:.decimals$}");
        }
    }
    count(number.round() as u64)
}

fn duration(picoseconds: u128) -> String {
    let digits = picoseconds.ilog10();
    let rounded = match digits.checked_sub(2) {
        Some(dropped) if picoseconds < MINUTE => round_to(picoseconds, 10u128.pow(dropped)),
        _ => picoseconds,
    };
    if rounded < MINUTE {
        let units = [
            (SECOND, "s"),
            (SECOND / 1_000, "ms"),
            (SECOND / 1_000_000, "µs"),
            (SECOND / 1_000_000_000, "ns"),
        ];
        let fitting = units.into_iter().find(|(unit, _)| rounded * 10 >= *unit);
        let (unit, name) = fitting.unwrap_or(units[3]);
        let decimals = match rounded / unit {
            100.. => 0,
            10.. => 1,
            1.. => 2,
            0 => 3,
        };
        return format!("{} {name}", decimal(rounded, unit, decimals));
    }
    for (large, large_name, small, small_name) in
        [(MINUTE, "min", SECOND, "s"), (HOUR, "h", MINUTE, "min")]
    {
        let rounded = round_to(picoseconds, small);
        if rounded < large * if large == MINUTE { 60 } else { 24 } {
            let rest = rounded % large / small;
            return format!("{} {large_name} {rest} {small_name}", rounded / large);
        }
    }
    let rounded = round_to(picoseconds, HOUR);
    let days = count(u64::try_from(rounded / DAY).unwrap_or(u64::MAX));
    format!("{days} d {} h", rounded % DAY / HOUR)
}

/// The multiple of `step` next to `number`.
fn round_to(number: u128, step: u128) -> u128 {
    (number + step / 2) / step * step
}

/// `number / unit` with so many decimals; further ones are cut off.
fn decimal(number: u128, unit: u128, decimals: u32) -> String {
    let whole = number / unit;
    if decimals == 0 {
        return whole.to_string();
    }
    let fraction = number % unit * 10u128.pow(decimals) / unit;
    format!("{whole}.{fraction:0width$}", width = decimals as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads what [`Clock::duration`] wrote.
    fn read(text: &str) -> f64 {
        let words: Vec<&str> = text.split(' ').collect();
        words
            .chunks(2)
            .map(|pair| {
                let unit = match pair[1] {
                    "ns" => 1e-9,
                    "µs" => 1e-6,
                    "ms" => 1e-3,
                    "s" => 1.0,
                    "min" => 60.0,
                    "h" => 3_600.0,
                    "d" => 86_400.0,
                    other => panic!("{other}"),
                };
                pair[0].replace(',', "").parse::<f64>().unwrap() * unit
            })
            .sum()
    }

    proptest! {
        #[test]
        fn a_count_without_its_separators_is_the_number(number: u64) {
            prop_assert_eq!(count(number).replace(',', "").parse::<u64>().unwrap(), number);
            prop_assert!(count(number).split(',').skip(1).all(|group| group.len() == 3));
        }

        #[test]
        fn a_duration_is_right_to_three_digits(ticks in 1u64.., hz in 1u32..) {
            let seconds = ticks as f64 / f64::from(hz);
            let error = (read(&Clock::new(hz, 0).duration(ticks)) - seconds).abs() / seconds;
            // Half of the last of three digits, or half of the smaller of two units.
            prop_assert!(error <= 0.021, "{} {}", error, Clock::new(hz, 0).duration(ticks));
            if seconds < 59.0 {
                prop_assert!(error <= 0.0051, "{} {}", error, Clock::new(hz, 0).duration(ticks));
            }
        }

        #[test]
        fn a_moment_is_right_to_its_last_digit(ticks: u64, hz in 1u32.., length: u64) {
            let clock = Clock::new(hz, length);
            let seconds = ticks as f64 / f64::from(hz);
            let error = (read(&clock.moment(ticks)) - seconds).abs();
            prop_assert!(error <= 0.501 + seconds * 1e-9, "{}", clock.moment(ticks));
        }

        #[test]
        fn stamps_sort_as_ticks_do(a in 0u64..1 << 50, b in 0u64..1 << 50, hz in 1u32..=1_000_000_000) {
            let clock = Clock::new(hz, 0);
            let stamp = |ticks| clock.stamp(ticks).replace('.', "").parse::<u128>().unwrap();
            prop_assert_eq!(a.cmp(&b), stamp(a).cmp(&stamp(b)));
        }

        #[test]
        fn nothing_panics(ticks: u64, hz: u32, length: u64, bytes: i64) {
            let clock = Clock::new(hz, length);
            clock.duration(ticks);
            clock.moment(ticks);
            clock.stamp(ticks);
            clock.rate(bytes, ticks);
            bytes_with_unit(ticks);
            percent(ticks, length);
        }
    }
}
