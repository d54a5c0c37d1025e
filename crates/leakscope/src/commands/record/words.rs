//! Sentences about a recording.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use leakscope_capture::Interrupt;
use leakscope_capture::recording::{Ending, Reason};
use leakscope_capture::source::SourceEvent;
use leakscope_report::units;

use crate::cli::{AtTheEnd, Record};
use crate::screen::Advised;
use crate::shell;

/// "12.3 s", "2 min 5 s"
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let (minutes, seconds) = (duration.as_secs() / 60, duration.as_secs() % 60);
    match minutes / 60 {
        0 => format!("{minutes} min {seconds} s"),
        hours => format!("{hours} h {} min", minutes % 60),
    }
}

/// What has happened to the device.
pub(super) fn event(event: &SourceEvent) -> String {
    match event {
        SourceEvent::Waiting(what) => format!("waiting {what}"),
        SourceEvent::Started => "recording".to_owned(),
        SourceEvent::Stopped => "the device has ended its trace".to_owned(),
        SourceEvent::TargetReset => "the device was reset: a new session begins".to_owned(),
        SourceEvent::LinkLost(reason) => {
            format!("the link is lost ({reason}): trying to get it back; Ctrl-C ends the recording")
        }
        SourceEvent::LinkRestored { gone, is_whole } => {
            let gone = self::duration(*gone);
            let missing = if *is_whole {
                "nothing is missing"
            } else {
                "what the device sent in that time may be missing, and the trace is marked there"
            };
            format!("the link is back after {gone}: {missing}")
        }
        SourceEvent::Text(text) | SourceEvent::Gap(text) | SourceEvent::Notice(text) => {
            text.clone()
        }
    }
}

/// A recording has to be a file.
pub(super) fn into_standard_output() -> anyhow::Error {
    let message = "nothing is recorded into standard output: a recording is read while it is made";
    Advised {
        message: message.to_owned(),
        hint: "name a file with --output; one that is called so is `./-`",
    }
    .into()
}

/// The recording ended before it could begin.
pub(super) fn not_connected(interrupt: &Interrupt) -> anyhow::Error {
    let why = if interrupt.is_wanted() {
        "it was ended before the device was connected"
    } else {
        "the device could not be connected within --duration"
    };
    anyhow::anyhow!("nothing was recorded: {why}")
}

/// How the recording ended.
pub(super) fn ending(ending: &Ending) -> Vec<String> {
    let why = match ending.reason {
        Reason::Duration => Some("--duration is over"),
        Reason::Size => Some("--max-size is reached"),
        Reason::Asked | Reason::Ended | Reason::Failed(_) | Reason::NotWritten(_) => None,
    };
    let bytes = units::bytes_with_unit(ending.bytes);
    let lasted = duration(ending.lasted);
    let mut lines = match (&ending.reason, why) {
        // How much of the last bytes was taken is not known.
        (Reason::NotWritten(_), _) => Vec::new(),
        (_, Some(why)) => vec![format!("{bytes} in {lasted}; {why}")],
        (_, None) => vec![format!("{bytes} in {lasted}")],
    };
    if let Some(error) = &ending.not_stopped {
        lines.push(format!(
            "{:#}; it may go on tracing",
            anyhow::anyhow!(error.to_string())
        ));
    }
    lines
}

/// The cores could not be told apart from there on.
pub(super) fn not_split(offset: u64) -> String {
    format!(
        "the data are damaged at byte {}: both cores stay in one stream, which leakscope reads and \
         SEGGER's application does not",
        units::count(offset)
    )
}

/// Why the recording ended before its time. There may be no file.
pub(super) fn failure(reason: Reason, saved: &Path, is_saved: bool) -> Option<anyhow::Error> {
    let saved = saved.display();
    match reason {
        Reason::Failed(error) if !is_saved => Some(error.into()),
        Reason::NotWritten(error) if !is_saved => {
            Some(anyhow::Error::from(error).context(format!("`{saved}` cannot be written")))
        }
        Reason::Failed(error) => Some(anyhow::Error::from(error).context(format!(
            "recording ended early; `{saved}` holds everything up to there"
        ))),
        Reason::NotWritten(error) => Some(anyhow::Error::from(error).context(format!(
            "`{saved}` takes no more data; it is a complete recording up to there"
        ))),
        _ => None,
    }
}

/// Where the trace is, and how to look at it again.
pub(super) fn conclude(
    out: &mut dyn Write,
    record: &Record,
    saved: &Path,
    at_the_end: &AtTheEnd,
) -> io::Result<()> {
    let saved = shell::quoted(&saved.to_string_lossy());
    let elf = match &record.symbols.elf {
        Some(elf) => format!(" --elf {}", shell::quoted(&elf.to_string_lossy())),
        None => String::new(),
    };
    let image = match at_the_end.image.first() {
        Some(image) => format!(" --image {}", shell::quoted(image)),
        None => String::new(),
    };
    let program = shell::program();
    if !record.no_report {
        writeln!(out)?;
    }
    writeln!(out, "Saved         {saved}")?;
    writeln!(out, "Look again    {program} report {saved}{elf}{image}")
}
