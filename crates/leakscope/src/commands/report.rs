//! `leakscope report`: which call stacks leak, how sure that is, and why.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, bail};
use leakscope_analysis::Analysis;
use leakscope_analysis::dump::Log;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{Event, Step, Trace};
use leakscope_report::events::{EventRow, Format, Writer};
use leakscope_report::filter::Filter;
use leakscope_report::log::LogRow;
use leakscope_report::{Decorated, FrameSource, Policy, Symbolizer, json, text};
use leakscope_symbols::Symbols;
use leakscope_viewer::{Dump, Engine, Reading, page};

use crate::cli::{Report, ReportFormat};
use crate::firmware::{self, AllocatorFrames};
use crate::output;
use crate::recording::{self, OpenRecording};
use crate::screen::{self, Screen};

impl Report {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        if let Some(path) = &self.html {
            return self.write_page(path);
        }
        let symbols = firmware::open(&self.symbols)?;
        let mut recording = OpenRecording::open(&self.trace.inputs)?;
        if let Some(saved) = recording.saved_report()? {
            return self.write_again(&saved);
        }
        if let Some(log) = recording.dumps()? {
            return self.report_dump(&log, symbols.as_ref(), &recording);
        }
        if !self.print && !self.description.is_empty() {
            screen::note("--description is for events that are printed: with --print, or --html");
        }
        let code = recording.take_code();
        let source = firmware::source(symbols.as_ref(), code.as_ref());
        let mut symbolizer = firmware::symbolizer_of(&self.symbols, source);
        let mut screen = Screen::new();
        let mut analysis = Analysis::new(&recording.layout, AllocatorFrames(source));
        if self.print || self.cycle.is_some() {
            self.look_at_events(&mut analysis, &mut recording, &mut symbolizer, &mut screen)?;
        } else {
            analysis.run(&mut recording)?;
        }
        recording.finish();
        let mut outcome = analysis.outcome();
        recording.require_events(outcome.totals.events)?;
        if let Some(symbols) = &symbols {
            firmware::check(symbols, &mut outcome);
        }
        self.conclude(&outcome, &recording, &mut symbolizer, &mut screen)
    }

    /// Writes a report that was saved as JSON.
    fn write_again(&self, saved: &leakscope_report::Report) -> anyhow::Result<()> {
        if self.print || self.cycle.is_some() || self.symbols.elf.is_some() {
            screen::note(
                "this is a saved report: it has no events, and functions are named as they were; \
                 --print, --cycle and --elf are for recordings",
            );
        }
        self.write(saved, &mut Screen::new())
    }

    /// Writes the viewer's page, with what it shows in it.
    fn write_page(&self, path: &Path) -> anyhow::Result<()> {
        let program = firmware::program(&self.symbols)?;
        let mut recording = OpenRecording::open(&self.trace.inputs)?;
        if let Some(log) = recording.dumps()? {
            let name = recording.names().concat();
            let dump = Dump { name, log };
            let mut file = output::create(path, self.force)?;
            return write_page(&mut file, &mut Engine::of_dump(&dump, &program), path);
        }
        recording.require_some_event()?;
        let naming = recording::described(&self.description)?;
        // Before the recording is read: whoever must choose another name shall not wait for that.
        let mut file = output::create(path, self.force)?;
        let mut engine = Engine::new(recording.viewed(false), &program, naming)?;
        if let Reading::Failed(why) = engine.read_all() {
            bail!("{why}");
        }
        write_page(&mut file, &mut engine, path)
    }

    /// Reports on what a device has printed of its heap.
    fn report_dump(
        &self,
        log: &Log,
        symbols: Option<&Symbols>,
        recording: &OpenRecording,
    ) -> anyhow::Result<()> {
        if self.print || self.cycle.is_some() {
            screen::note("a dump has no events to print, and no cycles");
        }
        let decorated = Decorated(log);
        let source: Option<&dyn FrameSource> = match symbols {
            Some(symbols) => Some(symbols),
            None if log.decorations.is_empty() => None,
            None => Some(&decorated),
        };
        let mut outcome = log.outcome(&mut AllocatorFrames(source));
        if let Some(symbols) = symbols {
            firmware::check(symbols, &mut outcome);
        }
        let mut symbolizer = firmware::symbolizer_of(&self.symbols, source);
        self.conclude(&outcome, recording, &mut symbolizer, &mut Screen::new())
    }

    /// Reads the recording event by event: some are printed, or mark a cycle.
    fn look_at_events(
        &self,
        analysis: &mut Analysis<AllocatorFrames<'_, dyn FrameSource + '_>>,
        recording: &mut OpenRecording,
        symbolizer: &mut Symbolizer<'_>,
        screen: &mut Screen,
    ) -> anyhow::Result<()> {
        let mut naming = recording.naming(&self.description)?;
        let mut writer = Writer::new(&mut screen.out, Format::TextWithStacks);
        let filter = Filter {
            heap: true,
            logs: true,
            ..Filter::default()
        };
        if self.cycle.is_some() {
            analysis.ignore_markers();
        }
        let mut cycles = 0;
        let mut index = 0;
        while let Step::Event(event, trace) = analysis.step(&mut *recording)? {
            naming.learn(&event);
            if self.print && filter.matches(&event, trace) {
                let row = EventRow::new(index, &event, trace, &mut naming, symbolizer);
                writer.write(&row)?;
            }
            index += 1;
            if self.begins_cycle(&event, trace, symbolizer) {
                cycles += 1;
                analysis.mark_cycle();
            }
        }
        recording.finish();
        if let (Some(text), 0) = (&self.cycle, cycles) {
            screen::note(&format!(
                "no log message contains `{text}`: there are no cycles"
            ));
        }
        if self.print {
            writeln!(screen.out)?;
        }
        Ok(())
    }

    fn begins_cycle(&self, event: &Event<'_>, trace: &Trace, program: &Symbolizer<'_>) -> bool {
        let Some(cycle) = &self.cycle else {
            return false;
        };
        LogRow::new(event, trace, program).is_some_and(|row| row.text.contains(cycle))
    }

    fn conclude(
        &self,
        outcome: &Outcome,
        recording: &OpenRecording,
        symbolizer: &mut Symbolizer<'_>,
        screen: &mut Screen,
    ) -> anyhow::Result<()> {
        let names = recording.names();
        let report = leakscope_report::Report::new(outcome, symbolizer, &names, &Policy::default());
        self.write(&report, screen)
    }

    fn write(&self, report: &leakscope_report::Report, screen: &mut Screen) -> anyhow::Result<()> {
        let out = &mut screen.out;
        match self.format {
            ReportFormat::Text => {
                let options = text::TextOptions {
                    width: screen.width,
                    colour: screen.colour,
                    top: self.top,
                    all: self.all,
                };
                text::write(out, report, &options)?;
            }
            ReportFormat::Json => json::write(out, report)?,
        }
        out.flush()?;
        Ok(())
    }
}

fn write_page(
    file: &mut BufWriter<File>,
    engine: &mut Engine<'_>,
    path: &Path,
) -> anyhow::Result<()> {
    page::write(file, engine)?;
    file.flush()
        .with_context(|| format!("`{}` cannot be written", path.display()))
}
