//! From inputs to a report, for commands that look at nothing else: recordings, heap dumps and saved reports.

use leakscope_analysis::Analysis;
use leakscope_analysis::dump::Log;
use leakscope_analysis::trace::{Event, Step, Trace};
use leakscope_report::filter::Filter;
use leakscope_report::log::LogRow;
use leakscope_report::{Decorated, FrameSource, Policy, Report, Symbolizer};
use leakscope_symbols::Symbols;

use crate::firmware::{self, AllocatorFrames};
use crate::recording::OpenRecording;
use crate::{cli, screen};

/// Reads inputs as one recording. A log message that contains `cycle` begins a cycle.
pub(crate) fn report(
    inputs: &[String],
    options: &cli::Symbols,
    cycle: Option<&str>,
) -> anyhow::Result<Report> {
    let mut recording = OpenRecording::open(inputs)?;
    if let Some(mut saved) = recording.saved_report()? {
        if cycle.is_some() || options.elf.is_some() {
            let name = recording.names().concat();
            screen::note(&format!(
                "`{name}` is a saved report: it is taken as it is, without --cycle and --elf"
            ));
        }
        saved.trace.inputs = recording.names();
        return Ok(saved);
    }
    let symbols = firmware::open_at_its_place(options, &mut recording)?;
    if let Some(log) = recording.dumps()? {
        let names = recording.names();
        return Ok(of_dump(
            &log,
            symbols.as_ref(),
            options,
            &names,
            &Filter::default(),
        ));
    }
    let code = recording.take_code();
    let source = firmware::source(symbols.as_ref(), code.as_ref());
    let mut symbolizer = firmware::symbolizer_of(options, source);
    let mut analysis = Analysis::new(&recording.layout, AllocatorFrames(source));
    match cycle.map(Cycles::new) {
        None => {
            analysis.run(&mut recording)?;
        }
        Some(mut cycles) => {
            analysis.ignore_markers();
            while let Step::Event(event, trace) = analysis.step(&mut recording)? {
                if cycles.begins_one(&event, trace, &symbolizer) {
                    analysis.mark_cycle();
                }
            }
            cycles.finish();
        }
    }
    recording.finish();
    let mut outcome = analysis.outcome();
    recording.require_events(outcome.totals.events)?;
    if let Some(symbols) = &symbols {
        firmware::check(symbols, &mut outcome);
    }
    let names = recording.names();
    Ok(Report::new(
        &outcome,
        &mut symbolizer,
        &names,
        &Policy::default(),
    ))
}

/// A report on what a device has printed of its heap.
pub(crate) fn of_dump(
    log: &Log,
    symbols: Option<&Symbols>,
    options: &cli::Symbols,
    names: &[String],
    part: &Filter,
) -> Report {
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
    let mut symbolizer = firmware::symbolizer_of(options, source);
    Report::of_part(&outcome, &mut symbolizer, names, &Policy::default(), part)
}

/// Log messages that begin a cycle.
pub(crate) struct Cycles<'c> {
    text: &'c str,
    count: u64,
}

impl<'c> Cycles<'c> {
    pub(crate) fn new(text: &'c str) -> Self {
        Self { text, count: 0 }
    }

    pub(crate) fn begins_one(
        &mut self,
        event: &Event<'_>,
        trace: &Trace,
        program: &Symbolizer<'_>,
    ) -> bool {
        let row = LogRow::new(event, trace, program);
        let begins = row.is_some_and(|row| row.text.contains(self.text));
        self.count += u64::from(begins);
        begins
    }

    /// Says so if there were none.
    pub(crate) fn finish(self) {
        if self.count == 0 {
            let text = self.text;
            screen::note(&format!(
                "no log message contains `{text}`: there are no cycles"
            ));
        }
    }
}
