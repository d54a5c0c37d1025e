//! Everything that is known of a trace, in one value that answers questions.
//!
//! The engine belongs to one thread. What takes long is cut into slices: reading the trace
//! ([`Engine::read`]), searching, and questions about windows that must be read again ([`Job`]), so that a
//! quick question never waits for a slow one.

use std::io;

use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{HEAD, Layout};
use leakscope_report::naming::Naming;
use leakscope_report::program::{self, AllocatorFrames};
use leakscope_report::{FrameSource, Policy, Report, Symbolizer, sanitise};
use leakscope_symbols::{SourceRoots, Symbols};

use crate::answer::census::Census;
use crate::answer::mate::Mate;
use crate::dump::{Dump, Packetless};
use crate::list::search::Search;
pub(crate) use crate::names::Names;
use crate::query::{Query, Window};
pub use crate::reading::{Reading, Status};
pub use crate::refusal::Refusal;
use crate::scan::{Progress, Scan};
use crate::source::TraceInputs;

/// The program that was recorded, as far as it is at hand.
#[derive(Debug, Default)]
pub struct Program {
    /// Its symbols.
    pub symbols: Option<Symbols>,
    /// Where its sources are on this machine.
    pub roots: SourceRoots,
}

/// A trace that can be asked about.
pub struct Engine<'s> {
    pub(crate) source: Box<dyn TraceInputs>,
    pub(crate) names: Names<'s>,
    pub(crate) scan: Scan<'s>,
    pub(crate) inputs: Vec<String>,
    symbols: Option<&'s Symbols>,
    /// What is looked at in place of a trace.
    pub(crate) dump: Option<&'s Dump>,
    /// The front of the inputs says how they are laid out, and is not all there yet.
    heads_grow: bool,
    state: Reading,
    /// Another number whenever answers may have changed.
    version: u64,
    answered: Option<Answered>,
    pub(crate) searches: Vec<Search>,
    censuses: Vec<(Window, u64, Census)>,
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

/// So many events are read in one slice of work: some milliseconds.
const SLICE: u64 = 50_000;

/// So many searches and windows are remembered.
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
            dump: None,
            heads_grow,
            state: Reading::Reading,
            version: 0,
            answered: None,
            searches: Vec::new(),
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
            dump: Some(dump),
            heads_grow: false,
            state: Reading::Complete,
            version: 0,
            answered: None,
            searches: Vec::new(),
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
            self.searches.clear();
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
    pub fn search(&mut self) -> Result<bool, Refusal> {
        let Some(mut search) = self.searches.pop() else {
            return Ok(false);
        };
        let mut reader = crate::list::page::Reader {
            scan: &self.scan,
            source: &mut *self.source,
            names: &mut self.names,
        };
        let slice = if search.filter.text.is_some() {
            SLICE / 8
        } else {
            SLICE
        };
        let result = search.advance(&mut reader, slice);
        let more = search.searched_to < self.scan.index.sections.events;
        self.searches.push(search);
        result?;
        Ok(more)
    }

    /// The search for a filter, which is now the last one asked for.
    pub(crate) fn search_for(&mut self, filter: &crate::query::Filter) -> &Search {
        let known = self.searches.iter().position(|known| known.is_for(filter));
        let search = match known {
            Some(known) => self.searches.remove(known),
            None => Search::new(filter),
        };
        if self.searches.len() >= REMEMBERED {
            self.searches.remove(0);
        }
        self.searches.push(search);
        &self.searches[self.searches.len() - 1]
    }

    /// Asks a question.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn ask(&mut self, query: &Query) -> Result<Asked, Refusal> {
        let job = match query {
            Query::Sites(limit) | Query::Tasks(limit) if limit.window.is_some() => {
                let window = self.bounded(limit.window);
                if window == self.bounded(None) {
                    None
                } else if limit.partial {
                    self.count_on(window)?;
                    None
                } else if self.census(window).is_some_and(Census::is_complete) {
                    None
                } else {
                    let census = Box::new(Census::new(&self.scan, window));
                    let query = query.clone();
                    Some(JobKind::Census { query, census })
                }
            }
            Query::Block(index) => Some(JobKind::Mate(Box::new(Mate::new(&self.scan, *index)?))),
            _ => None,
        };
        match job {
            Some(job) => Ok(Asked::Job(Job(job))),
            None => Ok(Asked::Answer(self.answer(query)?)),
        }
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
                let census = std::mem::take(&mut **census);
                let query = query.clone();
                self.remember(census);
                self.answer(&query).map(Some)
            }
            JobKind::Mate(mate) => {
                let found = mate.advance(&self.scan, &mut *self.source, SLICE)?;
                let found = found.map(|found| serde_json::to_vec(&found));
                Ok(found.transpose()?)
            }
        }
    }

    /// Counts some more of what is in a window.
    fn count_on(&mut self, window: Window) -> io::Result<()> {
        let known = |held: &(Window, u64, Census)| (held.0, held.1) == (window, self.version);
        let mut census = match self.censuses.iter().rposition(known) {
            Some(known) => self.censuses.remove(known).2,
            None => Census::new(&self.scan, window),
        };
        let counted = census.advance(&self.scan, &mut *self.source, SLICE);
        self.remember(census);
        counted.map(drop)
    }

    fn remember(&mut self, census: Census) {
        if self.censuses.len() >= REMEMBERED {
            self.censuses.remove(0);
        }
        self.censuses.push((census.window, self.version, census));
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

    fn answer(&mut self, query: &Query) -> Result<Vec<u8>, Refusal> {
        Ok(match query {
            Query::Overview => serde_json::to_vec(&self.overview())?,
            Query::Heap(columns) => serde_json::to_vec(&self.heap(*columns)?)?,
            Query::Timeline(columns) => serde_json::to_vec(&self.timeline(*columns)?)?,
            Query::Sites(limit) => serde_json::to_vec(&self.sites(limit.window))?,
            Query::Site(site) => serde_json::to_vec(&self.site(*site)?)?,
            Query::Events {
                offset,
                limit,
                filter,
            } => serde_json::to_vec(&self.page(*offset, *limit, filter)?)?,
            Query::Find { at, filter } => serde_json::to_vec(&self.find(*at, filter)?)?,
            Query::Block(_) => return Err(Refusal::NotFound("answer")),
            Query::Tasks(limit) => serde_json::to_vec(&self.tasks(limit.window))?,
            Query::System => serde_json::to_vec(&self.system())?,
        })
    }

    /// The outcome, and the report on it: their call sites, anomalies and failures are in the same order.
    pub(crate) fn outcome(&mut self) -> (&Outcome, &Report, &Scan<'s>) {
        let answered = match self.answered.take() {
            Some(answered) if answered.version == self.version => answered,
            _ => self.look_at_outcome(),
        };
        let answered = self.answered.insert(answered);
        (&answered.outcome, &answered.report, &self.scan)
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
        Answered {
            version: self.version,
            report: Report::new(&outcome, symbolizer, &inputs, &Policy::default()),
            outcome,
        }
    }

    /// What was counted in a window, as far as that was done.
    pub(crate) fn census(&self, window: Window) -> Option<&Census> {
        let known = self.censuses.iter().rev();
        let mut known =
            known.filter(|(known, version, _)| (*known, *version) == (window, self.version));
        known.next().map(|(_, _, census)| census)
    }

    /// A window within the bounds of the trace; all of it without one.
    pub(crate) fn bounded(&self, window: Option<Window>) -> Window {
        let end = self.end();
        match window {
            None => Window { from: 0, to: end },
            Some(Window { from, to }) => {
                let from = from.min(end - 1);
                Window {
                    from,
                    to: to.clamp(from + 1, end),
                }
            }
        }
    }

    /// One tick behind the last event.
    pub(crate) fn end(&self) -> u64 {
        self.scan.trace.end() + 1
    }

    /// How far reading has come, for who waits for news.
    pub fn status(&self) -> Status {
        let read_bytes = self.scan.trace.counts().bytes;
        Status {
            state: self.state.name(),
            events: self.events(),
            end: self.end(),
            read_bytes,
            total_bytes: self.source.length().max(read_bytes),
            version: self.version,
        }
    }
}
