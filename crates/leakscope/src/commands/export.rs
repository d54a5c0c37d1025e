//! `leakscope export`: a recording in the format of another profiler.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use leakscope_analysis::Analysis;
use leakscope_analysis::dump::Log;
use leakscope_analysis::outcome::Outcome;
use leakscope_export::{
    ExportError, Facts, Format, Options, Output, Selection, Several, Sink, Table, Value,
};
use leakscope_report::Report;

use super::part::{behind_the_end, require_task, tick};
use super::reading;
use crate::cli::Export;
use crate::firmware::{self, AllocatorFrames};
use crate::input_files::InputFiles;
use crate::output::{self, NewFile};
use crate::project::program;
use crate::recording::OpenRecording;
use crate::screen::{self, Advised, Screen};

impl Export {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        match self.format {
            Some(format) if !self.list => self.write(format),
            _ => list(),
        }
    }

    fn write(&self, format: Format) -> anyhow::Result<()> {
        if let (Some(value), false) = (self.value, format == Format::Folded) {
            let (value, format) = (value.name(), format.name());
            bail!("{format} has no folded stacks: --value {value} is for folded")
        }
        let read = InputFiles::of(&self.inputs, &self.symbols);
        self.period.require_order()?;
        let files = self.files(format);
        read.spare(files.iter().map(PathBuf::as_path))?;
        for path in &files {
            output::require_free(path, self.force)?;
        }
        let mut recording = self.open()?;
        let mut begun = Vec::new();
        let lost = match recording.dumps()? {
            Some(log) => self.write_dump(format, &log, &mut recording, &mut begun)?,
            None => self.read_events(&mut recording, |facts, selection| {
                self.begin(format, facts, selection, &mut begun)
            })?,
        };
        for file in begun {
            file.finish()?;
        }
        for loss in lost {
            screen::note(&format!("not in {}: {loss}", format.name()));
        }
        Ok(())
    }

    /// Reads the recording for what `begin` begins to write; returns what that has no words for.
    pub(super) fn read(
        &self,
        begin: impl for<'r> FnOnce(&'r Facts<'r>, &Selection) -> anyhow::Result<Box<dyn Sink + 'r>>,
    ) -> anyhow::Result<Vec<String>> {
        let mut recording = self.open()?;
        recording.refuse_dumps()?;
        self.read_events(&mut recording, begin)
    }

    fn open(&self) -> anyhow::Result<OpenRecording> {
        let mut recording = OpenRecording::open(&self.inputs, &self.unpacking)?;
        if recording.saved_report()?.is_some() {
            let message = format!(
                "`{}` is a saved report: it has no events",
                recording.names().concat()
            );
            let hint = "export the recording that the report is of";
            return Err(Advised { message, hint }.into());
        }
        Ok(recording)
    }

    /// Writes what a device has printed of its heap: sums by call site, at one moment.
    fn write_dump(
        &self,
        format: Format,
        log: &Log,
        recording: &mut OpenRecording,
        begun: &mut Vec<NewFile>,
    ) -> anyhow::Result<Vec<String>> {
        let names = recording.names();
        let refused = |what: &str, hint: &'static str| Advised {
            message: format!(
                "`{}` is a console's log with a heap dump, the heap at one moment: {what}",
                names.concat()
            ),
            hint,
        };
        if !format.is_of_sums() {
            let what = format!("{} is made of events", format.name());
            return Err(refused(&what, "--as pprof and --as folded have sums by call site").into());
        }
        let is_part = !self.period.is_all() || self.task.is_some();
        if is_part || self.value.is_some_and(|value| value != Value::Outstanding) {
            let what = "it knows neither times nor tasks, and nothing but what is outstanding";
            return Err(refused(what, "leave out --from, --to, --task and --value").into());
        }
        let options = program::completed(&self.symbols, recording)?;
        let symbols = firmware::open_at_its_place(&options, recording)?;
        reading::with_dump(log, symbols.as_ref(), &options, |outcome, symbolizer| {
            let report = Report::new(outcome, symbolizer, &names);
            let facts = Facts::new(outcome, &report, symbolizer);
            let out = self.output(format, begun)?;
            let sink = format.begin_moment(&facts, self.value.unwrap_or_default(), out);
            let lost = sink.map_or(Ok(Vec::new()), Sink::finish);
            lost.with_context(|| self.not_written())
        })
    }

    fn read_events(
        &self,
        recording: &mut OpenRecording,
        begin: impl for<'r> FnOnce(&'r Facts<'r>, &Selection) -> anyhow::Result<Box<dyn Sink + 'r>>,
    ) -> anyhow::Result<Vec<String>> {
        let options = program::completed(&self.symbols, recording)?;
        let symbols = firmware::open_at_its_place(&options, recording)?;
        let code = recording.take_code();
        let source = firmware::source(symbols.as_ref(), code.as_ref());
        let mut fold = AllocatorFrames(source);
        let mut symbolizer = firmware::symbolizer_of(&self.symbols, source);
        let mut analysis = Analysis::new(&recording.layout, fold);
        analysis.run(&mut *recording)?;
        let mut outcome = analysis.outcome();
        drop(analysis);
        recording.require_events(outcome.totals.events)?;
        if let Some(symbols) = &symbols {
            firmware::check(symbols, &mut outcome);
        }
        let names = recording.names();
        let report = Report::new(&outcome, &mut symbolizer, &names);
        let facts = Facts::new(&outcome, &report, &symbolizer);
        let selection = self.selection(&facts, recording)?;
        let sink = begin(&facts, &selection)?;
        let layout = recording.layout.clone();
        let lost =
            leakscope_export::export(&mut *recording, &layout, &mut fold, &facts, selection, sink);
        recording.finish();
        lost.map_err(|error| match error {
            ExportError::Read(error) => anyhow::Error::new(error),
            ExportError::Write(error) => anyhow::Error::new(error).context(self.not_written()),
        })
    }

    fn selection(
        &self,
        facts: &Facts<'_>,
        recording: &mut OpenRecording,
    ) -> anyhow::Result<Selection> {
        let mut selection = Selection {
            task: self.task.clone(),
            ..Selection::default()
        };
        let Outcome { tasks, target, .. } = facts.outcome;
        require_task(self.task.as_deref(), tasks, target, recording)?;
        let clock = facts.report.clock();
        if let Some(from) = self.period.from {
            selection.from = tick(from, clock, "--from")?;
            let end = facts.outcome.totals.end;
            if let Some(why) = behind_the_end(from, end, target.timestamp_hz) {
                screen::note(&why);
            }
        }
        if let Some(to) = self.period.to {
            selection.to = tick(to, clock, "--to")?.saturating_add(1);
        }
        Ok(selection)
    }

    /// Begins to write what was asked for: one file, or a file a table in a folder.
    fn begin<'r>(
        &self,
        format: Format,
        facts: &'r Facts<'r>,
        selection: &Selection,
        begun: &mut Vec<NewFile>,
    ) -> anyhow::Result<Box<dyn Sink + 'r>> {
        let mut options = Options {
            value: self.value.unwrap_or_default(),
            ..Options::default()
        };
        match (self.table, &self.output) {
            (Some(table), _) if !format.is_table() => {
                let (table, format) = (table.name(), format.name());
                bail!("{format} has no tables: --table {table} is for csv, jsonl and parquet")
            }
            (None, Some(folder)) if format.is_table() => {
                fs::create_dir_all(folder)
                    .with_context(|| format!("`{}` cannot be a folder", folder.display()))?;
                let mut tables = Several::default();
                for (&table, path) in Table::ALL.iter().zip(self.files(format)) {
                    options.table = table;
                    let out = self.open_file(&path, format, begun)?;
                    tables.0.push(format.begin(facts, selection, options, out)?);
                }
                return Ok(Box::new(tables));
            }
            (table, _) => options.table = table.unwrap_or_default(),
        }
        Ok(format.begin(facts, selection, options, self.output(format, begun)?)?)
    }

    /// The files that are written: one, or one a table in a folder.
    fn files(&self, format: Format) -> Vec<PathBuf> {
        let Some(path) = &self.output else {
            return Vec::new();
        };
        if !format.is_table() || self.table.is_some() {
            return vec![path.clone()];
        }
        let name = |table: &Table| path.join(format!("{}.{}", table.name(), format.name()));
        Table::ALL.iter().map(name).collect()
    }

    /// Where one file goes.
    fn output<'o>(&self, format: Format, begun: &mut Vec<NewFile>) -> anyhow::Result<Output<'o>> {
        match &self.output {
            Some(path) => self.open_file(path, format, begun),
            None if format.is_binary() && io::stdout().is_terminal() => {
                bail!("{} is no text: -o FILE writes it to a file", format.name())
            }
            None => Ok(Output::plain(io::BufWriter::with_capacity(
                1 << 16,
                io::stdout(),
            ))),
        }
    }

    /// A new file, packed if it is called so.
    fn open_file<'o>(
        &self,
        path: &Path,
        format: Format,
        begun: &mut Vec<NewFile>,
    ) -> anyhow::Result<Output<'o>> {
        let file = NewFile::begin(path, self.force)?;
        let plain = Output::plain(file.writer()?);
        begun.push(file);
        let is_packed = path.extension().is_some_and(|ending| ending == "gz");
        Ok(if is_packed && format.can_be_packed() {
            plain.packed()
        } else {
            plain
        })
    }

    fn not_written(&self) -> String {
        let path = self
            .output
            .as_deref()
            .unwrap_or(Path::new("standard output"));
        format!("`{}` cannot be written", path.display())
    }
}

fn list() -> anyhow::Result<()> {
    let mut screen = Screen::new();
    for format in Format::ALL {
        writeln!(screen.out, "{:<10} {}", format.name(), format.purpose())?;
    }
    screen.out.flush().context("standard output")
}
