//! `leakscope events`: SystemView's Events window, in a terminal.

use std::io::Write;

use leakscope_analysis::trace::{Step, Trace};
use leakscope_report::events::{EventRow, Format, Writer};
use leakscope_report::filter::Filter;

use super::part::{require_core, require_task};
use crate::cli::{Events, RowFormat};
use crate::firmware;
use crate::project::program;
use crate::recording::OpenRecording;
use crate::screen::{self, Screen};

impl Events {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        self.filter.part.period.require_order()?;
        let mut recording = self.trace.open()?;
        recording.refuse_dumps()?;
        let options = program::completed(&self.symbols, &mut recording)?;
        let symbols = firmware::open_at_its_place(&options, &mut recording)?;
        let mut naming = recording.naming(&self.description)?;
        let mut symbolizer = firmware::symbolizer(&self.symbols, symbols.as_ref());
        let filter = self.filter(&mut recording)?;
        let mut screen = Screen::new();
        let mut writer = Writer::new(&mut screen.out, self.row_format());
        let (mut index, mut shown) = (0, 0);
        let mut trace = Trace::new(&recording.layout);
        while let Step::Event(event, trace) = trace.step(&mut recording)? {
            naming.learn(&event);
            if filter.matches(&event, trace) {
                let row = EventRow::new(index, &event, trace, &mut naming, &mut symbolizer);
                if filter.matches_row(&row) {
                    writer.write(&row)?;
                    shown += 1;
                }
            }
            index += 1;
        }
        recording.finish();
        recording.require_events(trace.counts().packets)?;
        writer.finish()?;
        screen.out.flush()?;
        if shown == 0 {
            let task = self.filter.part.task.as_deref();
            require_task(task, trace.tasks(), &trace.target(), &mut recording)?;
            require_core(self.filter.core, trace.cores())?;
            let why = self.filter.part.behind_the_end(&trace);
            screen::note(why.as_deref().unwrap_or("no event matches"));
        }
        Ok(())
    }

    fn row_format(&self) -> Format {
        match self.format {
            RowFormat::Text => Format::Text,
            RowFormat::Json => Format::JsonLines,
            RowFormat::Csv => Format::Csv,
        }
    }

    fn filter(&self, recording: &mut OpenRecording) -> anyhow::Result<Filter> {
        let filter = &self.filter;
        Ok(Filter {
            apis: filter.apis,
            heap: filter.heap,
            logs: filter.logs,
            isr: filter.isr,
            core: filter.core,
            ..filter.part.filter_of(recording)?
        })
    }
}
