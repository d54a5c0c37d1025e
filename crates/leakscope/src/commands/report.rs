//! `leakscope report`: which call stacks leak, how sure that is, and why.

use std::io::Write;
use std::path::Path;

use anyhow::bail;
use leakscope_analysis::Analysis;
use leakscope_analysis::dump::Log;
use leakscope_analysis::trace::Step;
use leakscope_report::events::{EventRow, Format, Writer};
use leakscope_report::filter::Filter;
use leakscope_report::heap_map::{Along, follow, note, regions};
use leakscope_report::{FrameSource, Symbolizer, json, text};
use leakscope_symbols::Symbols;
use leakscope_viewer::{Dump, Engine, Reading, page};

use super::part::require_task;
use super::reading::{self, Cycles, OF_RECORDINGS};
use crate::cli::{Report, ReportFormat};
use crate::firmware::{self, AllocatorFrames};
use crate::heap_map;
use crate::image::{self, Beside, NO_RECORDING};
use crate::input_files::InputFiles;
use crate::output;
use crate::project::program;
use crate::recording::{self, OpenRecording};
use crate::screen::{self, Screen};

impl Report {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        if let Some(path) = &self.html {
            return self.write_page(path);
        }
        reading::refuse_before(&self.before, "is for the page, with --html")?;
        self.part.period.require_order()?;
        let mut recording = self.trace.open()?;
        if let Some(saved) = recording.saved_report()? {
            self.at_the_end
                .refuse("a saved report has no blocks any more")?;
            return self.write_again(saved);
        }
        let options = program::completed(&self.symbols, &mut recording)?;
        let symbols = firmware::open_at_its_place(&options, &mut recording)?;
        if let Some(log) = recording.dumps()? {
            self.at_the_end.refuse(NO_RECORDING)?;
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
        let part = self.part.filter_of(&mut recording)?;
        if part.has_period() {
            self.at_the_end.refuse(
                "it is of the end of the recording, and --from and --to choose a part of it",
            )?;
        }
        let said = self.bounds.said()?;
        let mut along = None;
        if self.print || self.cycle.is_some() || part.has_period() {
            let analysis = &mut analysis;
            self.look_at_events(
                analysis,
                &mut recording,
                &part,
                &mut symbolizer,
                &mut screen,
            )?;
        } else {
            let along = along.insert(Along::new(&said, symbols.as_ref()));
            along.read(&mut analysis, &mut recording)?;
        }
        recording.finish();
        let mut outcome = analysis.outcome();
        if let Some(why) = self.part.behind_the_end(analysis.trace()) {
            screen::note(&why);
        }
        recording.require_events(analysis.trace().counts().packets)?;
        let task = self.part.task.as_deref();
        require_task(task, &outcome.tasks, &outcome.target, &mut recording)?;
        if let Some(symbols) = &symbols {
            firmware::check(symbols, &mut outcome);
        }
        let beside = Beside {
            symbols: symbols.as_ref(),
            source,
            symbolizer: &mut symbolizer,
            part: &part,
        };
        let mut report = self
            .at_the_end
            .report(&mut recording, &mut outcome, beside)?;
        if self.part.is_all() {
            let image = image::if_any(&self.at_the_end.image, symbols.as_ref())?;
            let heaps = &outcome.heaps;
            let regions = regions(&said, heaps, image.as_ref(), symbols.as_ref());
            let map = heap_map::of(&mut recording, &regions, along, source)?;
            if let Some(mut map) = map {
                if let Some(image) = &image {
                    follow(&mut map, image, symbols.as_ref());
                }
                report.heap_map = note(&map, &report);
            }
        }
        self.conclude(report, &mut screen)
    }

    /// Writes a report that was saved as JSON.
    fn write_again(&self, saved: leakscope_report::Report) -> anyhow::Result<()> {
        let asks_for_events = self.print || self.cycle.is_some() || !self.part.is_all();
        if asks_for_events || self.symbols.elf.is_some() {
            screen::note(
                "this is a saved report: it has no events, and functions are named as they were; --print, --cycle, \
                 --elf, --from, --to, --task and --grep are for recordings",
            );
        }
        self.write(saved, &mut Screen::new())
    }

    /// Writes the viewer's page, with what it shows in it.
    fn write_page(&self, path: &Path) -> anyhow::Result<()> {
        let write = |engine: &mut Engine<'_>| {
            let mut page = Vec::new();
            page::write(&mut page, engine, self.html_events)?;
            output::write_page(path, self.force, &page)
        };
        let read = InputFiles::of(&self.trace.inputs, &self.symbols).before(&self.before);
        let read = read.images(&self.at_the_end).files(&self.description);
        read.files(&self.bounds.boot_log).spare([path])?;
        // Before anything is read: whoever must choose another name shall not wait for that.
        output::require_room(path, self.force)?;
        let mut recording = self.trace.open()?;
        let options = program::completed(&self.symbols, &mut recording)?;
        let mut program = firmware::program(&options, self.heap_size)?;
        firmware::locate(program.symbols.as_mut(), &mut recording)?;
        if let Some(log) = recording.dumps()? {
            self.at_the_end.refuse(NO_RECORDING)?;
            reading::refuse_before(&self.before, OF_RECORDINGS)?;
            let name = recording.names().concat();
            let dump = Dump { name, log };
            return write(&mut Engine::of_dump(&dump, &program));
        }
        recording.require_some_event()?;
        let naming = recording::described(&self.description)?;
        program.memory = self.at_the_end.beside(&mut recording, &program)?;
        program.heap_regions = self.bounds.said()?;
        program.before = reading::before(&self.before, &self.trace.unpacking, &self.symbols)?;
        let mut engine = Engine::new(recording.viewed(false), &program, naming)?;
        if let Reading::Failed(why) = engine.read_all() {
            bail!("{why}");
        }
        write(&mut engine)
    }

    /// Reports on what a device has printed of its heap.
    fn report_dump(
        &self,
        log: &Log,
        symbols: Option<&Symbols>,
        recording: &OpenRecording,
    ) -> anyhow::Result<()> {
        let part = Filter {
            grep: self.part.grep.clone(),
            ..Filter::default()
        };
        let asks_for_times = self.part.filter().has_period() || self.part.task.is_some();
        if self.print || self.cycle.is_some() || asks_for_times {
            screen::note("a dump has no events to print, no cycles, no times and no tasks");
        }
        let names = recording.names();
        let report = reading::of_dump(log, symbols, &self.symbols, &names, &part);
        self.conclude(report, &mut Screen::new())
    }

    /// Reads the recording event by event: some are printed, or mark a cycle.
    fn look_at_events(
        &self,
        analysis: &mut Analysis<AllocatorFrames<'_, dyn FrameSource + '_>>,
        recording: &mut OpenRecording,
        part: &Filter,
        symbolizer: &mut Symbolizer<'_>,
        screen: &mut Screen,
    ) -> anyhow::Result<()> {
        let mut naming = recording.naming(&self.description)?;
        let mut writer = Writer::new(&mut screen.out, Format::TextWithStacks);
        let printed = Filter {
            heap: true,
            logs: true,
            ..part.clone()
        };
        if self.cycle.is_some() {
            analysis.ignore_markers();
        }
        let mut cycles = self.cycle.as_deref().map(Cycles::new);
        let mut index = 0;
        while let Step::Event(event, trace) =
            analysis.step_in(&mut *recording, |event, trace| part.when(event, trace))?
        {
            if part.is_over(&event, trace) {
                break;
            }
            naming.learn(&event);
            if self.print && printed.matches(&event, trace) {
                let row = EventRow::new(index, &event, trace, &mut naming, symbolizer);
                if printed.matches_row(&row) {
                    writer.write(&row)?;
                }
            }
            index += 1;
            let cycles = cycles.as_mut().filter(|_| part.is_in_period(&event, trace));
            if cycles.is_some_and(|cycles| cycles.begins_one(&event, trace, symbolizer)) {
                analysis.mark_cycle();
            }
        }
        recording.finish();
        if let Some(cycles) = cycles {
            cycles.finish();
        }
        if self.print {
            writeln!(screen.out)?;
        }
        Ok(())
    }

    fn conclude(
        &self,
        report: leakscope_report::Report,
        screen: &mut Screen,
    ) -> anyhow::Result<()> {
        if report.call_sites.is_empty() && report.totals.allocations > 0 {
            screen::note("no call site matches");
        }
        self.write(report, screen)
    }

    fn write(&self, known: leakscope_report::Report, screen: &mut Screen) -> anyhow::Result<()> {
        let report = &match self.heap_size {
            Some(size) => known.with_heap_size(size),
            None => known,
        };
        match self.format {
            ReportFormat::Text => {
                let options = screen.options_for(&self.lists);
                text::write(&mut screen.out, report, &options)?;
            }
            ReportFormat::Json => json::write(&mut screen.out, report)?,
        }
        screen.out.flush()?;
        Ok(())
    }
}
