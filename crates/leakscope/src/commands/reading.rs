//! From inputs to a report, for commands that look at nothing else: recordings, heap dumps and saved reports.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use leakscope_analysis::dump::Log;
use leakscope_analysis::heap::{HeapModel, SiteId};
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{Event, EventKind, Start, Step, Trace};
use leakscope_analysis::{Analysis, When};
use leakscope_report::filter::Filter;
use leakscope_report::log::LogRow;
use leakscope_report::program::made_of;
use leakscope_report::units::{Clock, counted, duration_of_seconds};
use leakscope_report::{Decorated, FrameSource, Report, Symbolizer};
use leakscope_symbols::Symbols;

use super::part::tick;
use crate::firmware::{self, AllocatorFrames};
use crate::image::{Beside, NO_RECORDING};
use crate::project::program;
use crate::recording::OpenRecording;
use crate::screen::Advised;
use crate::{cli, screen};

/// Reads inputs as one recording. A log message that contains `cycle` begins a cycle.
pub(crate) fn report(
    inputs: &[String],
    unpacking: &cli::Unpacking,
    options: &cli::Symbols,
    cycle: Option<&str>,
    at_the_end: &cli::AtTheEnd,
) -> anyhow::Result<Report> {
    let mut recording = OpenRecording::open(inputs, unpacking)?;
    if let Some(mut saved) = recording.saved_report()? {
        at_the_end.refuse("a saved report has no blocks any more")?;
        if cycle.is_some() || options.elf.is_some() {
            let name = recording.names().concat();
            screen::note(&format!(
                "`{name}` is a saved report: it is taken as it is, without --cycle and --elf"
            ));
        }
        saved.trace.inputs = recording.names();
        return Ok(saved);
    }
    recording.require_single()?;
    let options = &program::completed(options, &mut recording)?;
    let symbols = firmware::open_at_its_place(options, &mut recording)?;
    if let Some(log) = recording.dumps()? {
        at_the_end.refuse(NO_RECORDING)?;
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
    let beside = Beside {
        symbols: symbols.as_ref(),
        source,
        symbolizer: &mut symbolizer,
        part: &Filter::default(),
    };
    at_the_end.report(&mut recording, &mut outcome, beside)
}

/// What a recording says that was made before a change, if one was named.
pub(crate) fn before(
    named: &cli::Before,
    unpacking: &cli::Unpacking,
    symbols: &cli::Symbols,
) -> anyhow::Result<Option<Report>> {
    if named.before.is_empty() {
        return Ok(None);
    }
    let elf = named.before_elf.clone().or_else(|| symbols.elf.clone());
    let symbols = cli::Symbols {
        elf,
        ..symbols.clone()
    };
    let no_image = cli::AtTheEnd::default();
    report(&named.before, unpacking, &symbols, None, &no_image).map(Some)
}

/// Why --before does not go with a heap dump.
pub(crate) const OF_RECORDINGS: &str =
    "does not go with a heap dump: its page compares recordings only";

/// Refuses to compare with a recording where nothing shows what is different.
pub(crate) fn refuse_before(named: &cli::Before, why: &str) -> anyhow::Result<()> {
    if named.before.is_empty() {
        return Ok(());
    }
    Err(Advised {
        message: format!("--before {why}"),
        hint: "`leakscope diff BEFORE AFTER` compares two recordings, or two heap dumps",
    }
    .into())
}

/// How many bytes of each call site's, by its number, may have been freed in a pause of the recording.
pub(crate) type Unsure = BTreeMap<u32, u64>;

/// A report on what lived at each of these moments of a recording, in order of time, and what of it is unsure. The end of the recording
/// may take the place of the last moment, unless all are asked for.
pub(crate) fn moments(
    inputs: &[String],
    unpacking: &cli::Unpacking,
    options: &cli::Symbols,
    times: &[Duration],
    are_all_asked: bool,
) -> anyhow::Result<(Vec<Report>, Vec<Unsure>)> {
    let mut recording = OpenRecording::open(inputs, unpacking)?;
    if recording.saved_report()?.is_some() || recording.dumps()?.is_some() {
        bail!("saved reports and heap dumps have no moments: --at is for recordings");
    }
    let options = &program::completed(options, &mut recording)?;
    let symbols = firmware::open_at_its_place(options, &mut recording)?;
    let mut symbolizer = firmware::symbolizer(options, symbols.as_ref());
    let mut fold = AllocatorFrames(symbols.as_ref());
    let mut trace = Trace::new(&recording.layout);
    let mut heap = HeapModel::default();
    let up_to = |time: &Duration| Filter {
        to: Some(time.as_secs_f64()),
        ..Filter::default()
    };
    let mut moments: Vec<Filter> = times.iter().rev().map(up_to).collect();
    let mut outcomes = Vec::new();
    let mut resets = 0;
    while let Step::Event(event, trace) = trace.step(&mut recording)? {
        while let Some(When::Behind(end)) =
            (moments.last()).map(|moment| moment.when(&event, trace))
        {
            moments.pop();
            let mut now = heap.outcome_now(trace);
            now.0.totals.end = end;
            outcomes.push(now);
        }
        if let EventKind::Start(Start::AfterReset) = event.kind {
            // What was allocated before lives no more.
            heap = HeapModel::default();
            resets += 1;
        }
        heap.observe(&event, trace.stacks(), &mut fold);
    }
    recording.finish();
    if resets > 0 {
        screen::note(&format!(
            "the target was reset {}: at each moment, what was allocated since the last reset is outstanding",
            counted(resets, "time")
        ));
    }
    let end = heap.outcome_now(&trace);
    recording.require_events(end.0.totals.events)?;
    let clock = Clock::new(trace.target().timestamp_hz, trace.end());
    let ticks = times.iter().map(|&time| tick(time, clock, "--at"));
    let ticks: Vec<u64> = ticks.collect::<anyhow::Result<_>>()?;
    let behind = ticks.iter().filter(|&&tick| tick > trace.end()).count();
    let last = clock.seconds(trace.end()).unwrap_or(f64::INFINITY);
    if behind > usize::from(!are_all_asked) {
        let (moment, last) = (
            times[times.len() - behind].as_secs_f64(),
            duration_of_seconds(last),
        );
        bail!(
            "the recording ends at {last}: --at {} is behind that",
            duration_of_seconds(moment)
        );
    }
    if behind > 0 {
        screen::note("the recording ends before the last moment of --at: its end is taken instead");
    }
    outcomes.resize(times.len(), end);
    let names = recording.names().concat();
    let mut report =
        |((mut outcome, unsure), time): ((Outcome, BTreeMap<SiteId, u64>), &Duration)| {
            let outcome = &mut outcome;
            if let Some(symbols) = &symbols {
                firmware::check(symbols, outcome);
            }
            let moment = duration_of_seconds(time.as_secs_f64().min(last));
            let moment = format!("{names} at {moment}");
            let unsure = unsure.iter().map(|(site, &bytes)| (site.number(), bytes));
            let unsure = unsure.collect();
            (Report::new(outcome, &mut symbolizer, &[moment]), unsure)
        };
    Ok(outcomes.into_iter().zip(times).map(&mut report).unzip())
}

/// A report on each of the heap dumps in one log, in its order, none if it is no log; and the numbers of those before which
/// the device restarted. Those of the program in `before_elf`, which a device tells when it starts, have their names from that.
pub(crate) fn dumps(
    inputs: &[String],
    unpacking: &cli::Unpacking,
    options: &cli::Symbols,
    before_elf: Option<&Path>,
) -> anyhow::Result<(Vec<Report>, Vec<usize>)> {
    let mut recording = OpenRecording::open(inputs, unpacking)?;
    let options = &program::completed(options, &mut recording)?;
    let symbols = firmware::open_at_its_place(options, &mut recording)?;
    let Some(log) = recording.dumps()? else {
        return Ok((Vec::new(), Vec::new()));
    };
    let names = recording.names().concat();
    let before = before_elf.map(firmware::open_file).transpose()?;
    let reports = log.dumps.iter().zip(1..).map(|(dump, number)| {
        let told = log.program(dump).map(|program| &*program.elf_sha256);
        let is_before = match &before {
            None => Some(false),
            Some(before) => made_of(before, told, &[]),
        };
        let Some(is_before) = is_before else {
            return Err(Advised {
                message: format!("which program printed dump {number} is not told: it may be that of --before-elf or of --elf"),
                hint: "split the log between two dumps: `leakscope diff BEFORE.log AFTER.log --before-elf OLD --elf NEW`",
            }
            .into());
        };
        let symbols = before.as_ref().filter(|_| is_before).or(symbols.as_ref());
        let alone = Log {
            dumps: vec![dump.clone()],
            ..log.clone()
        };
        let name = format!("dump {number} of {names}");
        Ok(of_dump(&alone, symbols, options, &[name], &Filter::default()))
    });
    Ok((
        reports.collect::<anyhow::Result<_>>()?,
        log.restarted_before(),
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
    let report = |outcome: &Outcome, symbolizer: &mut Symbolizer<'_>| {
        Report::of_part(outcome, symbolizer, names, part)
    };
    with_dump(log, symbols, options, report)
}

/// What the analysis says of a device's print of its heap, and the names for it.
pub(crate) fn with_dump<R>(
    log: &Log,
    symbols: Option<&Symbols>,
    options: &cli::Symbols,
    tell: impl FnOnce(&Outcome, &mut Symbolizer<'_>) -> R,
) -> R {
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
    tell(&outcome, &mut firmware::symbolizer_of(options, source))
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
