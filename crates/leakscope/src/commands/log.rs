//! `leakscope log`: SystemView's Terminal window, in a terminal.

use std::io::Write;

use leakscope_analysis::trace::{EventKind, Step, Trace};
use leakscope_report::log::{Format, LogRow, Writer};

use super::part::require_task;
use crate::cli::{Log, LogFormat};
use crate::firmware;
use crate::project::program;
use crate::screen::{self, Screen};

impl Log {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        self.part.period.require_order()?;
        let mut recording = self.trace.open()?;
        recording.refuse_dumps()?;
        let options = program::completed(&self.symbols, &mut recording)?;
        let symbols = firmware::open(&options)?;
        let program = firmware::symbolizer(&options, symbols.as_ref());
        let filter = self.part.filter_of(&mut recording)?;
        let mut screen = Screen::new();
        let format = match self.format {
            LogFormat::Text if screen.colour => Format::ColouredText,
            LogFormat::Text => Format::Text,
            LogFormat::Json => Format::JsonLines,
        };
        let mut writer = Writer::new(&mut screen.out, format, &filter);
        let mut trace = Trace::new(&recording.layout);
        let mut in_elf = 0;
        while let Step::Event(event, trace) = trace.step(&mut recording)? {
            if let Some(row) = LogRow::new(&event, trace, &program)
                && filter.matches(&event, trace)
            {
                in_elf += u64::from(matches!(event.kind, EventKind::LogInElf { .. }));
                writer.write(row)?;
            }
        }
        recording.finish();
        recording.require_events(trace.counts().packets)?;
        let messages = writer.finish()?;
        screen.out.flush()?;
        if messages == 0 {
            if self.part.is_all() {
                screen::note("no log messages in this recording");
            } else {
                let task = self.part.task.as_deref();
                require_task(task, trace.tasks(), &trace.target(), &mut recording)?;
                let why = self.part.behind_the_end(&trace);
                screen::note(why.as_deref().unwrap_or("no log message matches"));
            }
        } else if in_elf > 0 && !program.has_symbols() {
            screen::hint("--elf FILE shows messages whose text is in the ELF file");
        }
        Ok(())
    }
}
