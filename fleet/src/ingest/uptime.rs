//! For how long a device had run when it printed a heap dump, by the stamps of its log.

/// The stamp of the last line before `offset` that has one, in seconds: `I (12345) main: …` has milliseconds since the
/// start (ESP-IDF's `esp_log`; a log that has the time of day in its place says nothing of the uptime).
pub(super) fn before(log: &[u8], offset: u64) -> Option<f64> {
    let end = usize::try_from(offset).ok()?.min(log.len());
    let lines = log[..end].rsplit(|&byte| byte == b'\n');
    let mut stamps = lines.filter_map(stamp);
    stamps
        .next()
        .map(|milliseconds| milliseconds as f64 / 1000.0)
}

fn stamp(line: &[u8]) -> Option<u64> {
    // Colours, or another monitor's stamp, may stand before it.
    let line = std::str::from_utf8(line).ok()?;
    let (before, behind) = line.split_once(" (")?;
    let (digits, _) = behind.split_once(") ")?;
    before.ends_with(['E', 'W', 'I', 'D', 'V']).then_some(())?;
    digits.parse().ok()
}
