//! The lines of text at the front of a recording.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use leakscope_systemview::{Header, sync};

/// No header that anybody writes is longer, in bytes.
pub(super) const LONGEST: usize = 4096;

/// How the cores of a joined file stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cores {
    /// They came as one stream and share a clock, and some packets were copied to both: what Espressif's
    /// OpenOCD writes, and readers know by its author.
    Espressif,
    /// Each is a recording of its own.
    Separate,
}

/// How long the header is that the first bytes of a stream begin with; `None` if more of it may come.
pub(super) fn length_in(front: &[u8]) -> Option<usize> {
    let header = Header::parse(front);
    let lines = header.text.0.len();
    let rest = front[lines..].trim_ascii_start();
    let may_be_line =
        rest.starts_with(b";") && !rest.iter().any(|&byte| byte < b' ' && byte != b'\t');
    let may_go_on = match lines {
        0 => may_be_line,
        _ => may_be_line || sync::SYNC.starts_with(rest),
    };
    (front.len() >= LONGEST || !may_go_on).then_some(header.data)
}

/// Whether several cores follow a header.
pub(super) fn has_several_cores(header: &Header<'_>) -> bool {
    header.has_core_bit() || header.core_offsets().count() > 1
}

/// Of one stream of packets.
pub(super) fn of_stream(core_bit: bool) -> String {
    let extension = if core_bit { "; ESP_Extension\n" } else { "" };
    format!(
        ";\n; Author       {WRITER}\n; RecordTime   {}\n{extension};\n",
        record_time()
    )
}

/// Of one part of a stream, with lines that say which.
pub(super) fn of_part(lines: &str) -> String {
    format!(
        ";\n; Author       {WRITER}\n; RecordTime   {}\n{lines};\n",
        record_time()
    )
}

/// Of cores that begin at these offsets behind the header.
pub(super) fn of_cores(cores: Cores, offsets: &[u64]) -> String {
    let author = match cores {
        Cores::Espressif => "Espressif Inc",
        Cores::Separate => WRITER,
    };
    let mut header = format!(
        ";\n; Version      SEGGER SystemViewer V3.60\n; Author       {author}\n; Writer       {WRITER}\n\
         ; RecordTime   {}\n",
        record_time()
    );
    for (core, offset) in offsets.iter().enumerate() {
        // A string takes all.
        let _ = writeln!(header, "; Offset Core{core} {offset}");
    }
    header + ";\n"
}

const WRITER: &str = concat!("leakscope ", env!("CARGO_PKG_VERSION"));

/// Now, as `22 Nov 2026 13:05:09`, in UTC.
fn record_time() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    written_date(since.unwrap_or(Duration::ZERO))
}

fn written_date(since_epoch: Duration) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = since_epoch.as_secs();
    let mut days = seconds / 86_400;
    let mut year = 1970;
    while days >= days_of(year) {
        days -= days_of(year);
        year += 1;
    }
    let february = days_of(year) - 337;
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    format!(
        "{:02} {} {year} {:02}:{:02}:{:02}",
        days + 1,
        MONTHS[month],
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn days_of(year: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if is_leap { 366 } else { 365 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checked against `date -u -d @SECONDS`.
    #[test]
    fn dates() {
        for (seconds, text) in [
            (0, "01 Jan 1970 00:00:00"),
            (951_782_399, "28 Feb 2000 23:59:59"),
            (951_782_400, "29 Feb 2000 00:00:00"),
            (1_795_353_909, "22 Nov 2026 13:25:09"),
            (4_107_542_400, "01 Mar 2100 00:00:00"),
        ] {
            assert_eq!(written_date(Duration::from_secs(seconds)), text);
        }
    }
}
