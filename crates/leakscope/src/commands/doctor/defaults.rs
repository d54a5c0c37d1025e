//! Adds lines to a project's defaults.

use std::fs::{self, OpenOptions};
use std::io::Write;

use anyhow::Context;

use crate::project::{EspIdf, shown};
use crate::screen::Advised;

/// Adds these lines at the end of the file of defaults, below a comment that says what they are for.
pub(super) fn add(project: &EspIdf, way: &str, lines: &[String]) -> anyhow::Result<()> {
    let path = project.defaults().ok_or_else(|| Advised {
        message: "nothing was written: none of the project's files of defaults lies in its folder"
            .to_owned(),
        hint: "SDKCONFIG_DEFAULTS names them; add the lines to one of these by hand",
    })?;
    let before = fs::read(&path).unwrap_or_default();
    // As the file's other lines end.
    let end = if before.windows(2).any(|pair| pair == b"\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let gap = match before.last() {
        None => String::new(),
        Some(b'\n') => end.to_owned(),
        Some(_) => end.repeat(2),
    };
    let lines = lines.join(end);
    let text = format!("{gap}# Heap recording: {way} (leakscope doctor --write){end}{lines}{end}");
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("`{}` cannot be written", shown(&path)))
}
