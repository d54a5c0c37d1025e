//! Everything that is known of a trace, in one value that answers questions.
//!
//! The engine belongs to one thread. What takes long is cut into slices: reading the trace
//! ([`Engine::read`]), searching, and questions about windows that must be read again ([`Job`]), so that a
//! quick question never waits for a slow one.

use std::io;
use std::ops::ControlFlow;

use leakscope_analysis::heap::Effect;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{Event, HEAD, Layout};
use leakscope_report::naming::Naming;
use leakscope_report::program::{self, AllocatorFrames};
use leakscope_report::{FrameSource, Policy, Report, Symbolizer, sanitise};
use leakscope_symbols::{SourceRoots, Symbols};
use serde::Serialize;

use crate::answer::Subject;
use crate::answer::census::Census;
use crate::answer::events::{Page, Place};
use crate::answer::mate::Mate;
use crate::answer::overview::Overview;
use crate::answer::site::Site;
use crate::answer::sites::Sites;
use crate::answer::system::System;
use crate::answer::tasks::Tasks;
use crate::answer::timeline::{Timeline, is_short};
use crate::dump::{Dump, Packetless};
use crate::list::search::Searches;
use crate::names::Names;
use crate::query::{Limit, Query, Window};
use crate::reader::Reader;
use crate::reading::{Reading, Status};
use crate::refusal::Refusal;
use crate::replay::Replay;
use crate::scan::{Progress, Scan};
use crate::source::TraceInputs;

/// The program that was recorded, as far as it is at hand.
#[derive(Debug, Default)]
pub struct Program {
    /// Its symbols.
    pub symbols: Option<Symbols>,
    /// Where its sources are on this machine.
    pub roots: SourceRoots,
    /// How much heap the target has, if somebody knows.
    pub heap_size: Option<u64>,
}

/// A trace that can be asked about.
pub struct Engine<'s> {
    source: Box<dyn TraceInputs>,
    names: Names<'s>,
    scan: Scan<'s>,
    inputs: Vec<String>,
    symbols: Option<&'s Symbols>,
    heap_size: Option<u64>,
    /// What is looked at in place of a trace.
    dump: Option<&'s Dump>,
    /// The front of the inputs says how they are laid out, and is not all there yet.
    heads_grow: bool,
    state: Reading,
    /// Another number whenever answers may have changed.
    version: u64,
    answered: Option<Answered>,
    searches: Searches,
    /// What was counted in windows, and the version it is of.
    censuses: Vec<(u64, Census)>,
}

/// What is known at one version.
struct Answered {
    version: u64,
    outcome: Outcome,
    report: Report,
}

/// What became of a question.
pub enum Asked {
    /// Here is the answer: JSON.
    Answer(Vec<u8>),
    /// It takes longer: see [`Engine::advance`].
    Job(Job),
}

/// A question that takes longer.
pub struct Job(JobKind);

enum JobKind {
    Census { query: Query, census: Box<Census> },
    Mate(Box<Mate>),
}

/// Events that one slice of work reads: some milliseconds.
const SLICE: u64 = 50_000;

/// Windows that are remembered.
const REMEMBERED: usize = 6;

/// Where in the inputs the streams are, and whether more of what says so may come.
fn look(
    source: &mut dyn TraceInputs,
    inputs: usize,
    naming: &mut Naming,
) -> io::Result<(Layout, bool)> {
    let grows = source.grows();
    let mut heads = Vec::with_capacity(inputs);
    for input in 0..inputs {
        heads.push(source.head(input)?);
    }
    for head in &heads {
        naming.learn_header(head);
    }
    let heads: Vec<&[u8]> = heads.iter().map(Vec::as_slice).collect();
    let is_short = heads.iter().any(|head| head.len() < HEAD);
    Ok((Layout::of(&heads), grows && is_short))
}

impl<'s> Engine<'s> {
    /// Nothing is read yet but the heads of the inputs.
    ///
    /// # Errors
    /// Those of reading.
    pub fn new(
        mut source: Box<dyn TraceInputs>,
        program: &'s Program,
        mut naming: Naming,
    ) -> io::Result<Self> {
        let inputs = source.names();
        let (layout, heads_grow) = look(&mut *source, inputs.len(), &mut naming)?;
        let bytes = source.length();
        let symbols = program.symbols.as_ref();
        let frames = symbols.map(|symbols| symbols as &dyn FrameSource);
        Ok(Self {
            source,
            names: Names {
                naming,
                symbolizer: Symbolizer::new(frames).with_source_roots(program.roots.clone()),
            },
            scan: Scan::new(layout, bytes, AllocatorFrames(symbols)),
            inputs,
            symbols,
            heap_size: program.heap_size,
            dump: None,
            heads_grow,
            state: Reading::Reading,
            version: 0,
            answered: None,
            searches: Searches::default(),
            censuses: Vec::new(),
        })
    }

    /// Of a heap dump, in place of a trace: nothing more is to be read.
    pub fn of_dump(dump: &'s Dump, program: &'s Program) -> Self {
        let symbols = program.symbols.as_ref();
        let frames: Option<&dyn FrameSource> = match symbols {
            Some(symbols) => Some(symbols),
            None if dump.has_names() => Some(dump),
            None => None,
        };
        let source = Packetless::of(dump);
        Self {
            inputs: source.names(),
            source: Box::new(source),
            names: Names {
                naming: Naming::default(),
                symbolizer: Symbolizer::new(frames).with_source_roots(program.roots.clone()),
            },
            scan: Scan::new(Layout::of(&[]), 0, AllocatorFrames(symbols)),
            symbols,
            heap_size: program.heap_size,
            dump: Some(dump),
            heads_grow: false,
            state: Reading::Complete,
            version: 0,
            answered: None,
            searches: Searches::default(),
            censuses: Vec::new(),
        }
    }

    /// Reads on; returns how far that came.
    pub fn read(&mut self) -> &Reading {
        if matches!(self.state, Reading::Complete | Reading::Failed(_)) {
            return &self.state;
        }
        let before = self.scan.index.sections.events;
        let progress = self.look_again().and_then(|()| {
            let scan = &mut self.scan;
            let progress = scan.advance(&mut *self.source, &mut self.names, SLICE)?;
            scan.index.settle(scan.trace.end())?;
            Ok(progress)
        });
        self.state = match progress {
            Ok(Progress::More) => Reading::Reading,
            Ok(Progress::Waiting) => Reading::Following,
            Ok(Progress::Finished) => Reading::Complete,
            Err(error) => Reading::Failed(error.to_string()),
        };
        if self.scan.index.sections.events != before || self.state != Reading::Following {
            self.version += 1;
        }
        &self.state
    }

    /// Looks again at the front of inputs that are being written, and reads from their beginning if the
    /// streams are others than was thought.
    fn look_again(&mut self) -> io::Result<()> {
        if !self.heads_grow {
            return Ok(());
        }
        let (inputs, naming) = (self.inputs.len(), &mut self.names.naming);
        let (layout, heads_grow) = look(&mut *self.source, inputs, naming)?;
        self.heads_grow = heads_grow;
        if layout != self.scan.layout {
            let bytes = self.source.length();
            self.scan = Scan::new(layout, bytes, AllocatorFrames(self.symbols));
            self.searches = Searches::default();
            self.censuses.clear();
            self.version += 1;
        }
        Ok(())
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
        self.scan.index.sections.events
    }

    /// Goes on with the search that the page asked for last; returns whether there is more to search.
    ///
    /// # Errors
    /// Those of reading.
    pub fn search(&mut self) -> io::Result<bool> {
        let (searches, mut reader) = self.searches();
        searches.advance(&mut reader)
    }

    /// Asks a question.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn ask(&mut self, query: &Query) -> Result<Asked, Refusal> {
        let answer = match query {
            Query::Overview => json(&self.overview()),
            Query::Timeline(columns) => {
                let window = self.scan.bounded(columns.window);
                let column = (window.to - window.from).div_ceil(columns.width);
                json(&self.timeline(window, columns.width, column)?)
            }
            Query::Sites(limit) | Query::Tasks(limit) => {
                if let Some(job) = self.counting(*limit, query)? {
                    return Ok(Asked::Job(job));
                }
                self.of_window(query, self.scan.bounded(limit.window))
            }
            Query::Site(site) => json(&Site::new(*site, self.subject())?),
            Query::Events {
                offset,
                limit,
                filter,
            } => {
                let (searches, mut reader) = self.searches();
                json(&Page::new(*offset, *limit, filter, searches, &mut reader)?)
            }
            Query::Find { at, filter } => {
                let (searches, mut reader) = self.searches();
                json(&Place::find(*at, filter, searches, &mut reader)?)
            }
            Query::Block(index) => {
                let mate = Mate::new(&self.scan, *index)?;
                return Ok(Asked::Job(Job(JobKind::Mate(Box::new(mate)))));
            }
            Query::System => json(&System::new(self.subject())),
        };
        Ok(Asked::Answer(answer?))
    }

    /// Call sites or tasks in a window, from what was counted in it.
    fn of_window(&mut self, query: &Query, window: Window) -> Result<Vec<u8>, Refusal> {
        let (census, subject) = self.limited(window);
        match query {
            Query::Tasks(_) => json(&Tasks::new(window, census, subject)),
            _ => json(&Sites::new(window, census, subject)),
        }
    }

    /// The counting that a question about a window must wait for. A question that is content with a part waits for
    /// none: a slice is counted at once.
    fn counting(&mut self, limit: Limit, query: &Query) -> io::Result<Option<Job>> {
        let window = self.scan.bounded(limit.window);
        if window == self.scan.bounded(None) {
            return Ok(None);
        }
        let known = self.known_census(window);
        if limit.partial {
            let mut census = match known {
                Some(known) => self.censuses.remove(known).1,
                None => Census::new(&self.scan, window),
            };
            let counted = census.advance(&self.scan, &mut *self.source, SLICE);
            self.remember(census);
            return counted.map(|_| None);
        }
        if known.is_some_and(|known| self.censuses[known].1.is_complete()) {
            return Ok(None);
        }
        let census = Box::new(Census::new(&self.scan, window));
        let query = query.clone();
        Ok(Some(Job(JobKind::Census { query, census })))
    }

    /// Goes on with what takes longer.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn advance(&mut self, job: &mut Job) -> Result<Option<Vec<u8>>, Refusal> {
        match &mut job.0 {
            JobKind::Census { query, census } => {
                if !census.advance(&self.scan, &mut *self.source, SLICE)? {
                    return Ok(None);
                }
                let (census, query) = (std::mem::take(&mut **census), query.clone());
                let window = census.window;
                self.remember(census);
                self.of_window(&query, window).map(Some)
            }
            JobKind::Mate(mate) => {
                let found = mate.advance(&self.scan, &mut *self.source, SLICE)?;
                let found = found.map(|found| serde_json::to_vec(&found));
                Ok(found.transpose()?)
            }
        }
    }

    fn remember(&mut self, census: Census) {
        if self.censuses.len() >= REMEMBERED {
            self.censuses.remove(0);
        }
        self.censuses.push((self.version, census));
    }

    fn known_census(&self, window: Window) -> Option<usize> {
        let is_it =
            |(version, census): &(u64, Census)| (*version, census.window) == (self.version, window);
        self.censuses.iter().rposition(is_it)
    }

    /// Asks a question and waits for the answer.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn ask_and_wait(&mut self, query: &Query) -> Result<Vec<u8>, Refusal> {
        match self.ask(query)? {
            Asked::Answer(answer) => Ok(answer),
            Asked::Job(mut job) => loop {
                if let Some(answer) = self.advance(&mut job)? {
                    return Ok(answer);
                }
            },
        }
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
        self.limited(self.scan.bounded(None)).1
    }

    /// The same, and what was counted in a window.
    fn limited(&mut self, window: Window) -> (Option<&Census>, Subject<'_, 's>) {
        let known = self.known_census(window);
        let answered = match self.answered.take() {
            Some(answered) if answered.version == self.version => answered,
            _ => self.look_at_outcome(),
        };
        let Answered {
            outcome, report, ..
        } = self.answered.insert(answered);
        let subject = Subject {
            outcome,
            report,
            scan: &self.scan,
        };
        (known.map(|known| &self.censuses[known].1), subject)
    }

    fn look_at_outcome(&mut self) -> Answered {
        let outcome = match (self.dump, self.symbols) {
            (Some(dump), symbols) => dump.outcome(symbols),
            (None, None) => self.scan.heap.outcome(&self.scan.trace),
            (None, Some(symbols)) => {
                let mut outcome = self.scan.heap.outcome(&self.scan.trace);
                program::check(symbols, &mut outcome);
                outcome
            }
        };
        let inputs = self.inputs.iter().map(|name| sanitise(name).into_owned());
        let inputs: Vec<String> = inputs.collect();
        let symbolizer = &mut self.names.symbolizer;
        let report = Report::new(&outcome, symbolizer, &inputs, &Policy::default());
        Answered {
            version: self.version,
            report: match self.heap_size {
                Some(size) => report.with_heap_size(size),
                None => report,
            },
            outcome,
        }
    }

    /// Reads again from the section of an event on, and shows each event and what it did to the heap.
    ///
    /// # Errors
    /// Those of reading.
    pub fn read_again(
        &mut self,
        from: u64,
        mut see: impl FnMut(u64, &Event<'_>, Option<&Effect>),
    ) -> io::Result<()> {
        let section = self.scan.index.sections.of_index(from);
        let mut replay = Replay::from_section(&self.scan, section);
        replay.run(&self.scan, &mut *self.source, u64::MAX, |seen| {
            see(seen.index, &seen.event, seen.effect.as_ref());
            ControlFlow::Continue(())
        })?;
        Ok(())
    }

    /// What it takes to read a part of the trace again.
    pub(crate) fn reader(&mut self) -> Reader<'_, 's> {
        self.searches().1
    }

    fn searches(&mut self) -> (&mut Searches, Reader<'_, 's>) {
        let reader = Reader {
            scan: &self.scan,
            source: &mut *self.source,
            names: &mut self.names,
        };
        (&mut self.searches, reader)
    }

    /// How far reading has come, for who waits for news.
    pub fn status(&self) -> Status {
        let read_bytes = self.scan.trace.counts().bytes;
        Status {
            state: self.state.name(),
            events: self.events(),
            end: self.scan.end(),
            read_bytes,
            total_bytes: self.source.length().max(read_bytes),
            version: self.version,
        }
    }
}

fn json(answer: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    Ok(serde_json::to_vec(answer)?)
}
