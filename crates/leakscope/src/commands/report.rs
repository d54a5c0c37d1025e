//! `leakscope report`: which call stacks leak, how sure that is, and why.

use std::io::Write;

use leakscope_analysis::Analysis;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{EventKind, Step};
use leakscope_report::{FrameSource, Symbolizer, json, text};
use leakscope_symbols::{SourceRoots, Symbols};

use crate::cli::{Report, ReportFormat};
use crate::firmware::{self, AllocatorFrames};
use crate::recording::Recording;
use crate::screen::Screen;

impl Report {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let symbols = firmware::open(&self.symbols)?;
        let mut recording = Recording::open(&self.trace.inputs)?;
        let mut outcome = self.analyse(&mut recording, symbols.as_ref())?;
        if let Some(symbols) = &symbols {
            firmware::check(symbols, &mut outcome);
        }
        self.write(&outcome, &recording, symbols.as_ref())
    }

    fn analyse(
        &self,
        recording: &mut Recording,
        symbols: Option<&Symbols>,
    ) -> anyhow::Result<Outcome> {
        let mut analysis = Analysis::new(&recording.layout, AllocatorFrames(symbols));
        if self.cycle.is_none() && !self.print {
            analysis.return_heap_events_only();
        }
        loop {
            match analysis.step() {
                Step::Event(event, _) => {
                    let begins_cycle = match (event.kind, &self.cycle) {
                        (EventKind::Log(print), Some(cycle)) => {
                            print.formatted().to_string().contains(cycle)
                        }
                        _ => false,
                    };
                    if begins_cycle {
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
        Ok(analysis.outcome())
    }

    fn write(
        &self,
        outcome: &Outcome,
        recording: &Recording,
        symbols: Option<&Symbols>,
    ) -> anyhow::Result<()> {
        let mut screen = Screen::new();
        let source = symbols.map(|symbols| symbols as &dyn FrameSource);
        let roots: SourceRoots = self.symbols.source_root.iter().cloned().collect();
        let mut symbolizer = Symbolizer::new(source).with_source_roots(roots);
        match self.format {
            ReportFormat::Text => {
                let options = text::Options {
                    inputs: recording.names(),
                    width: screen.width,
                    colour: screen.colour,
                    top: self.top,
                    all: self.all,
                };
                text::write(&mut screen.out, outcome, &mut symbolizer, &options)?;
            }
            ReportFormat::Json => {
                json::write(&mut screen.out, outcome, &mut symbolizer, &recording.names())?;
            },
        }
        screen.out.flush()?;
        Ok(())
    }
}
