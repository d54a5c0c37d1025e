//! Everything that is known of a trace, in one value that answers questions.
//!
//! The engine belongs to one thread. What takes long is cut into slices: reading the trace
//! ([`Engine::read`]), searching, and questions about windows that must be read again ([`Job`]), so that a
//! quick question never waits for a slow one. [`ask`] has the questions.
mod ask;
mod counting;
mod film;
mod owners;

use std::{io, mem};

use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{Counts, Feed, Front, Layout, Unwinder};
use leakscope_heap::Region;
use leakscope_report::log::LogRow;
use leakscope_report::memory::{AtStop, Examined};
use leakscope_report::naming::Naming;
use leakscope_report::program::{self, AllocatorFrames};
use leakscope_report::{FrameSource, Report, Symbolizer, heap_map, sanitise};
use leakscope_symbols::{SourceRoots, Symbols};

pub use self::ask::{Asked, Job};
use self::counting::Windows;
use crate::answer::Subject;
use crate::answer::before::Before;
use crate::answer::census::Census;
use crate::answer::contexts::Runs;
use crate::answer::frees::Ends;
use crate::answer::heap_map::Filming;
use crate::answer::memory::Memory;
use crate::answer::overview::Overview;
use crate::answer::timeline::{Timeline, is_short};
use crate::dump::{Dump, Packetless};
use crate::list::search::Searches;
use crate::names::{Log, Names};
use crate::query::Window;
use crate::reader::Reader;
use crate::reading::{Reading, Status};
use crate::scan::{Progress, Scan};
use crate::source::{Inputs, TraceInputs};

/// The program that was recorded, as far as it is at hand.
#[derive(Debug, Default)]
pub struct Program {
    /// Its symbols.
    pub symbols: Option<Symbols>,
    /// Where its sources are on this machine.
    pub roots: SourceRoots,
    /// How much heap the target has, if somebody knows.
    pub heap_size: Option<u64>,
    /// What finds call stacks among the words that a device has sent of its stack.
    pub unwinder: Unwinder,
    /// Its memory when the recording ended.
    pub memory: Option<AtStop>,
    /// Where the heap is, if somebody has said; else the recording or the program may.
    pub heap_regions: Vec<Region>,
    /// What a recording says that was made before a change: the page shows what is different.
    pub before: Option<Report>,
}

/// A trace that can be asked about.
pub struct Engine<'s> {
    source: Inputs,
    rest: Rest,
    names: Names<'s>,
    scan: Scan<'s>,
    /// What was known before all is read again, until that has come as far: it may be found to be no longer there.
    known: Option<Box<Scan<'s>>>,
    inputs: Vec<String>,
    symbols: Option<&'s Symbols>,
    unwinder: Unwinder,
    heap_size: Option<u64>,
    memory: Option<&'s AtStop>,
    heap_regions: &'s [Region],
    before: Option<&'s Report>,
    /// What is looked at in place of a trace.
    dump: Option<&'s Dump>,
    front: Front,
    state: Reading,
    /// Another number whenever answers may have changed.
    version: u64,
    answered: Option<Answered<'s>>,
    searches: Searches,
    /// What was allocated and who ran, who has freed what, and how tasks and interrupts run, in windows.
    censuses: Windows<Census>,
    ends: Windows<Ends>,
    runs: Windows<Runs>,
    /// The heap's map over time, as it was asked for last.
    filming: Option<Box<Filming>>,
}

/// What is known at one version.
struct Answered<'s> {
    version: u64,
    outcome: Outcome,
    report: Report,
    examined: Option<Examined<'s>>,
    regions: Vec<Region>,
}

/// How long a recording that may grow has not.
#[derive(Debug, Default)]
struct Rest {
    length: u64,
    /// How often it was looked at since.
    looks: u32,
    /// The length that was read as if nothing followed.
    shown: u64,
}

/// A recording that is followed counts as resting when it was looked at so often without having grown: a second, and one more for
/// each …
const RESTING: u32 = 4;

/// … of so many bytes, which take some tenths of a second to be read again.
const SHORT: u64 = 32 << 20;

/// Events that one slice of work reads: some milliseconds.
const SLICE: u64 = 50_000;

impl<'s> Engine<'s> {
    /// Nothing is read yet but the heads of the inputs.
    ///
    /// # Errors
    /// Those of reading.
    pub fn new(
        source: Box<dyn TraceInputs>,
        program: &'s Program,
        naming: Naming,
    ) -> io::Result<Self> {
        let mut engine = Self::of(source, program, naming, None);
        engine.look_at_front()?;
        Ok(engine)
    }

    /// Of a heap dump, in place of a trace: nothing more is to be read.
    pub fn of_dump(dump: &'s Dump, program: &'s Program) -> Self {
        let source = Box::new(Packetless::of(dump));
        Self {
            state: Reading::Complete,
            ..Self::of(source, program, Naming::default(), Some(dump))
        }
    }

    fn of(
        source: Box<dyn TraceInputs>,
        program: &'s Program,
        naming: Naming,
        dump: Option<&'s Dump>,
    ) -> Self {
        let symbols = program.symbols.as_ref();
        let of_dump = dump.filter(|dump| dump.has_names());
        let frames: Option<&dyn FrameSource> = match symbols {
            Some(symbols) => Some(symbols),
            None => of_dump.map(|dump| dump as &dyn FrameSource),
        };
        Self {
            inputs: source.names(),
            source: Inputs::new(source),
            rest: Rest::default(),
            names: Names {
                naming,
                symbolizer: Symbolizer::new(frames).with_source_roots(program.roots.clone()),
                log: None,
            },
            scan: Scan::new(Layout::default(), 0, AllocatorFrames(symbols)),
            known: None,
            symbols,
            unwinder: program.unwinder.clone(),
            heap_size: program.heap_size,
            memory: program.memory.as_ref(),
            heap_regions: &program.heap_regions,
            before: program.before.as_ref(),
            dump,
            front: Front::default(),
            state: Reading::Reading,
            version: 0,
            answered: None,
            searches: Searches::default(),
            censuses: Windows::default(),
            ends: Windows::default(),
            runs: Windows::default(),
            filming: None,
        }
    }

    /// From now on, log messages are given to `rows` as they are read.
    pub fn send_log(&mut self, rows: impl FnMut(LogRow) + Send + 'static) {
        self.names.log = Some(Log::taken_by(rows));
    }

    /// Reads on; returns how far that came.
    pub fn read(&mut self) -> &Reading {
        if self.has_ended() {
            return &self.state;
        }
        if let Err(error) = self.source.compare() {
            self.fail(&error);
            return &self.state;
        }
        if self.source.is_over {
            if self.source.may_grow() && !self.is_to_be_read_again() {
                if let Err(error) = self.source.look() {
                    self.fail(&error);
                }
                return &self.state;
            }
            self.source.is_over = false;
            self.source.is_closed = false;
            let known = self.begin_again(self.scan.layout.clone());
            self.known = Some(Box::new(known));
        }
        let before = self.scan.sections.events;
        let is_still_there = self.source.look();
        let mut progress = self.read_slice();
        if matches!(progress, Ok(Progress::Waiting))
            && (is_still_there.is_err() || self.rests() || self.lacks_core())
        {
            self.source.is_over = true;
            self.rest.shown = self.rest.length;
            while matches!(progress, Ok(Progress::More | Progress::Waiting)) {
                progress = self.advance_scan();
            }
            self.source.is_closed = true;
            progress = progress.map(|_| Progress::Waiting);
        }
        if let Some(log) = &mut self.names.log {
            log.tell();
        }
        if matches!(progress, Ok(Progress::Waiting | Progress::Finished)) && self.known.is_some() {
            progress = self.source.compare().and(progress);
        }
        self.state = match progress {
            Ok(Progress::More) => Reading::Reading,
            Ok(Progress::Waiting) => match is_still_there {
                Ok(()) => Reading::Following,
                Err(error) => Reading::Failed(error.to_string()),
            },
            Ok(Progress::Finished) => Reading::Complete,
            Err(error) => {
                self.fail(&error);
                return &self.state;
            }
        };
        if self.state != Reading::Reading {
            self.known = None;
        }
        if self.scan.sections.events != before || self.state != Reading::Following {
            self.version += 1;
        }
        &self.state
    }

    /// Sees to it that answers are of all that was read.
    fn catch_up(&mut self) {
        if let Err(error) = self.scan.catch_up() {
            self.fail(&error);
        }
    }

    /// Nothing more comes, and that is why. What was known stays.
    fn fail(&mut self, error: &io::Error) {
        self.state = Reading::Failed(error.to_string());
        if let Some(known) = self.known.take() {
            self.turn_to(*known);
        }
        self.scan.is_gone = self.source.are_gone();
        self.version += 1;
    }

    /// Makes sure that what was read can be read again. Where all of it was read, nothing else is wrong if not.
    fn look_back(&mut self) {
        match self.source.compare() {
            Err(error) if !self.has_ended() => self.fail(&error),
            _ => self.scan.is_gone = self.source.are_gone(),
        }
    }

    /// Whether nothing more is read.
    fn has_ended(&self) -> bool {
        matches!(self.state, Reading::Complete | Reading::Failed(_))
    }

    /// Reads on for one slice.
    fn read_slice(&mut self) -> io::Result<Progress> {
        self.look_at_front()?;
        loop {
            let progress = self.advance_scan()?;
            // The inputs may have grown since then: what was read began in the midst of a header.
            if !self.look_at_front()? {
                return Ok(progress);
            }
            if let Some(log) = &mut self.names.log {
                log.forget();
            }
        }
    }

    fn advance_scan(&mut self) -> io::Result<Progress> {
        let scan = &mut self.scan;
        let progress = scan.advance(&mut self.source, &mut self.names, SLICE)?;
        if progress != Progress::More {
            scan.catch_up()?;
        }
        Ok(progress)
    }

    /// Whether a recording that may grow has not for a while. Its last packets are believed only when it is known what
    /// follows, so that a device that has nothing more to say would never be heard to its end: they are read as if nothing
    /// followed, and if something does, from the begin: so the longer it is, the longer it has to rest. Whoever wants the log has it once only.
    fn rests(&mut self) -> bool {
        let length = self.source.length();
        if length != self.rest.length {
            self.rest.length = length;
            self.rest.looks = 0;
        }
        self.rest.looks += 1;
        let rest = RESTING.saturating_mul(1 + (length / SHORT) as u32);
        self.rest.looks > rest && self.names.log.is_none()
    }

    /// The core whose part of a joined file begins behind all that is there of it. Until it comes, nothing that came can be put in
    /// order of time.
    fn waits_for(&self) -> Option<u8> {
        if self.inputs.len() != 1 || !self.source.may_grow() {
            return None;
        }
        let length = self.source.length();
        let mut parts = self.scan.layout.parts.iter();
        let missing = parts.find(|part| (part.begins).is_some_and(|it| it.expected >= length));
        missing.map(|part| part.core)
    }

    /// Whether what came is shown without the core that has not come, rather than nothing.
    fn lacks_core(&self) -> bool {
        self.waits_for().is_some() && self.names.log.is_none()
    }

    /// Whether what was read as if nothing followed is read again with what came since. As long as a core is missing, that is
    /// when there is much more, or the recording rests: what is shown stays until then.
    fn is_to_be_read_again(&mut self) -> bool {
        let (length, shown) = (self.source.length(), self.rest.shown);
        length != shown && (!self.lacks_core() || length > shown + shown / 4 || self.rests())
    }

    /// What was read is no longer shown, but returned.
    fn begin_again(&mut self, layout: Layout) -> Scan<'s> {
        let bytes = self.source.length();
        self.turn_to(Scan::new(layout, bytes, AllocatorFrames(self.symbols)))
    }

    /// From now on, answers are about another reading; returns the one before.
    fn turn_to(&mut self, scan: Scan<'s>) -> Scan<'s> {
        self.searches = Searches::default();
        self.censuses = Windows::default();
        self.ends = Windows::default();
        self.runs = Windows::default();
        self.filming = None;
        self.version += 1;
        mem::replace(&mut self.scan, scan)
    }

    /// Looks at the front of the inputs as long as it may change, and reads from their beginning if the streams are
    /// others than was thought; whether they are.
    fn look_at_front(&mut self) -> io::Result<bool> {
        let grows = self.source.grows();
        if !self.front.is_open(grows) {
            return Ok(false);
        }
        let heads = self.source.heads()?;
        for head in &heads {
            self.names.naming.learn_header(head);
        }
        let has_packets = self.counts().packets > 0;
        let are_others = self.front.look(&heads, grows, has_packets);
        if are_others {
            let seen = self.front.layout().clone();
            let layout = seen.unwound_by(self.unwinder.clone());
            self.begin_again(layout);
        }
        Ok(are_others)
    }

    /// Reads everything there is.
    pub fn read_all(&mut self) -> &Reading {
        while *self.read() == Reading::Reading {}
        &self.state
    }

    /// How far reading has come.
    pub fn reading(&self) -> &Reading {
        &self.state
    }

    /// How many events were read.
    pub fn events(&self) -> u64 {
        self.scan.sections.events
    }

    /// What was counted while reading.
    pub fn counts(&self) -> Counts {
        self.scan.trace.counts()
    }

    /// The first bytes of the first input.
    ///
    /// # Errors
    /// Those of reading.
    pub fn head(&mut self) -> io::Result<Vec<u8>> {
        self.source.head(0)
    }

    /// The outcome, if nothing more should come.
    pub fn outcome_if_over(&self) -> Outcome {
        let scan = &self.scan;
        (scan.heap).outcome_if_over(&scan.trace, &mut AllocatorFrames(self.symbols))
    }

    pub(crate) fn overview(&mut self) -> Overview {
        let (reading, total_bytes) = (self.state.clone(), self.source.length());
        Overview::new(&reading, total_bytes, self.dump, self.subject())
    }

    pub(crate) fn timeline(
        &mut self,
        window: Window,
        width: u64,
        column: u64,
    ) -> io::Result<Timeline> {
        if !is_short(&self.scan, window) {
            self.scan.index.lanes.coarsen();
        }
        Timeline::new(window, width, column, &mut self.reader())
    }

    /// What was found so far, as it is shown.
    pub fn report(&mut self) -> &Report {
        self.subject().report
    }

    /// What answers about all of the trace are made from.
    pub(crate) fn subject(&mut self) -> Subject<'_, 's> {
        self.examined().0
    }

    /// The same, and what was found in an image.
    fn examined(&mut self) -> (Subject<'_, 's>, Option<&Examined<'s>>) {
        self.catch_up();
        let answered = match self.answered.take() {
            Some(answered) if answered.version == self.version => answered,
            _ => self.look_at_outcome(),
        };
        let Answered {
            outcome,
            report,
            examined,
            regions,
            ..
        } = self.answered.insert(answered);
        let subject = Subject {
            outcome,
            report,
            regions,
            scan: &self.scan,
        };
        (subject, examined.as_ref())
    }

    fn look_at_outcome(&mut self) -> Answered<'s> {
        let mut outcome = match (self.dump, self.symbols) {
            (Some(dump), symbols) => dump.outcome(symbols),
            (None, None) => self.scan.heap.outcome(&self.scan.trace),
            (None, Some(symbols)) => {
                let mut outcome = self.scan.heap.outcome(&self.scan.trace);
                program::check(symbols, &mut outcome);
                outcome
            }
        };
        // An image is of the recording's end.
        let memory = self.memory.filter(|_| self.state == Reading::Complete);
        let examined = memory.map(|memory| memory.examine(self.symbols, &outcome));
        if let Some(examined) = &examined {
            examined.judge(&mut outcome);
        }
        let inputs = self.inputs.iter().map(|name| sanitise(name).into_owned());
        let inputs: Vec<String> = inputs.collect();
        let symbolizer = &mut self.names.symbolizer;
        let mut report = Report::new(&outcome, symbolizer, &inputs);
        if let Some(examined) = &examined {
            examined.attach(&mut report);
        }
        Answered {
            version: self.version,
            report: match self.heap_size {
                Some(size) => report.with_heap_size(size),
                None => report,
            },
            regions: match self.dump {
                None => heap_map::regions(
                    self.heap_regions,
                    &outcome.heaps,
                    self.memory.map(|at_stop| &at_stop.image),
                    self.symbols,
                ),
                Some(_) => Vec::new(),
            },
            outcome,
            examined,
        }
    }

    pub(crate) fn before(&self) -> Before {
        self.before.map_or_else(Before::default, Before::from)
    }

    pub(crate) fn memory(&mut self) -> Memory {
        let (subject, examined) = self.examined();
        Memory::new(examined, subject)
    }

    /// What it takes to read a part of the trace again.
    pub(crate) fn reader(&mut self) -> Reader<'_, 's> {
        self.searches().1
    }

    fn searches(&mut self) -> (&mut Searches, Reader<'_, 's>) {
        self.catch_up();
        let reader = Reader {
            scan: &self.scan,
            source: &mut self.source,
            names: &mut self.names,
        };
        (&mut self.searches, reader)
    }

    /// How far reading has come, for who waits for news.
    pub fn status(&self) -> Status {
        let read_bytes = self.counts().bytes;
        Status {
            state: self.state.name(),
            events: self.events(),
            end: self.scan.end(),
            read_bytes,
            total_bytes: self.source.length().max(read_bytes),
            waits_for: self.waits_for(),
            version: self.version,
        }
    }
}
