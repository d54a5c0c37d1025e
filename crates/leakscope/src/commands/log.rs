//! `leakscope log`: SystemView's Terminal window, in a terminal.

use std::io::Write;

use leakscope_analysis::trace::Trace;
use leakscope_report::log::{Format, LogRow, Writer};

use crate::cli::{Log, LogFormat};
use crate::recording::{self, Recording};
use crate::screen::Screen;

impl Log {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let mut recording = Recording::open(&self.trace.inputs)?;
        let mut screen = Screen::new();
        let format = match self.format {
            LogFormat::Text if screen.colour => Format::ColouredText,
            LogFormat::Text => Format::Text,
            LogFormat::Json => Format::JsonLines,
        };
        let mut writer = Writer::new(&mut screen.out, format);
        let mut trace = Trace::new(&recording.layout);
        recording::each_event(&mut recording, &mut trace, |event, trace| {
            if let Some(row) = LogRow::new(event, trace) {
                writer.write(row)?;
            }
            Ok(())
        })?;
        recording.require_events(trace.counts().packets)?;
        writer.finish()?;
        screen.out.flush()?;
        Ok(())
    }
}
