//! `leakscope report`: which call stacks leak, how sure that is, and why.

use std::io::Write;

use leakscope_analysis::Analysis;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{Event, EventKind, Pause, Step};
use leakscope_report::events::{EventRow, Format, Writer};
use leakscope_report::filter::Filter;
use leakscope_report::{Symbolizer, json, text};

use crate::cli::{Report, ReportFormat};
use crate::firmware::{self, AllocatorFrames};
use crate::recording::Recording;
use crate::screen::Screen;

impl Report {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let symbols = firmware::open(&self.symbols)?;
        let mut recording = Recording::open(&self.trace.inputs)?;
        let mut symbolizer = firmware::symbolizer(&self.symbols, symbols.as_ref());
        let mut screen = Screen::new();
        let analysis = Analysis::new(&recording.layout, AllocatorFrames(symbols.as_ref()));
        let mut outcome = if self.print || self.cycle.is_some() {
            self.analyse_step_by_step(analysis, &mut recording, &mut symbolizer, &mut screen)?
        } else {
            analyse(analysis, &mut recording)?
        };
        recording.require_events(outcome.totals.events)?;
        if let Some(symbols) = &symbols {
            firmware::check(symbols, &mut outcome);
        }
        self.write(&outcome, &recording, &mut symbolizer, &mut screen)
    }

    /// Reads the recording event by event: some are printed, or mark a cycle.
    fn analyse_step_by_step(
        &self,
        mut analysis: Analysis<AllocatorFrames<'_>>,
        recording: &mut Recording,
        symbolizer: &mut Symbolizer<'_>,
        screen: &mut Screen,
    ) -> anyhow::Result<Outcome> {
        let mut naming = recording.naming(&self.description)?;
        let mut writer = Writer::new(&mut screen.out, Format::TextWithStacks);
        let filter = Filter {
            heap: true,
            logs: true,
            ..Filter::default()
        };
        let mut index = 0;
        loop {
            match analysis.step() {
                Step::Event(event, trace) => {
                    naming.learn(&event);
                    if self.print && filter.matches(&event, trace) {
                        let row = EventRow::new(index, &event, trace, &mut naming, symbolizer);
                        writer.write(&row)?;
                    }
                    index += 1;
                    if self.begins_cycle(&event) {
                        analysis.mark_cycle();
                    }
                }
                Step::NeedBytes(stream) => {
                    let count = recording.read(stream, analysis.space(stream))?;
                    analysis.supply(stream, count);
                }
                Step::Finished => break,
            }
        }
        recording.finish();
        if self.print {
            writeln!(screen.out)?;
        }
        Ok(analysis.outcome())
    }

    fn begins_cycle(&self, event: &Event<'_>) -> bool {
        match (event.kind, &self.cycle) {
            (EventKind::Log(print), Some(cycle)) => print.formatted().to_string().contains(cycle),
            _ => false,
        }
    }

    fn write(
        &self,
        outcome: &Outcome,
        recording: &Recording,
        symbolizer: &mut Symbolizer<'_>,
        screen: &mut Screen,
    ) -> anyhow::Result<()> {
        let out = &mut screen.out;
        match self.format {
            ReportFormat::Text => {
                let options = text::Options {
                    inputs: recording.names(),
                    width: screen.width,
                    colour: screen.colour,
                    top: self.top,
                    all: self.all,
                };
                text::write(out, outcome, symbolizer, &options)?;
            }
            ReportFormat::Json => json::write(out, outcome, symbolizer, &recording.names())?,
        }
        out.flush()?;
        Ok(())
    }
}

/// Reads the recording without a stop: nobody asked for single events.
fn analyse(
    mut analysis: Analysis<AllocatorFrames<'_>>,
    recording: &mut Recording,
) -> anyhow::Result<Outcome> {
    while let Pause::NeedBytes(stream) = analysis.run() {
        let count = recording.read(stream, analysis.space(stream))?;
        analysis.supply(stream, count);
    }
    recording.finish();
    Ok(analysis.outcome())
}
