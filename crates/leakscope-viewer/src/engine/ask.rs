//! Questions: most are answered at once, some take longer.

use std::collections::BTreeMap;
use std::io;

use leakscope_analysis::outcome::AnomalyKind;
use serde::Serialize;

use super::counting::Waiting;
use super::{Engine, SLICE};
use crate::answer::contexts::Contexts;
use crate::answer::counting::Counting;
use crate::answer::events::{Page, Place};
use crate::answer::frees::{Ends, Frees};
use crate::answer::heap_map::Filming;
use crate::answer::mate::Mate;
use crate::answer::site::Site;
use crate::answer::sites::Sites;
use crate::answer::system::System;
use crate::answer::tasks::Tasks;
use crate::query::{Limit, Query, SITES};
use crate::refusal::Refusal;

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
    Counting(Box<dyn Waiting>),
    Mate(Box<Mate>),
    /// Until it is answered.
    Film(Option<Box<Filming>>),
}

impl Job {
    pub(super) fn counting(waiting: impl Waiting + 'static) -> Self {
        Self(JobKind::Counting(Box::new(waiting)))
    }
}

/// Events that are read for a part of the heap's map: what is known so far is written each time.
const FILM_SLICE: u64 = 5 * SLICE;

impl Engine<'_> {
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
        self.catch_up();
        // What is asked for most often, and needs nothing of what was read.
        if !matches!(query, Query::Overview) {
            self.look_back();
        }
        let all = self.scan.bounded(None);
        let answer = match query {
            Query::Overview => json(&self.overview()),
            Query::Timeline(columns) => {
                let window = self.scan.bounded(columns.window);
                let column = (window.to - window.from).div_ceil(columns.width);
                json(&self.timeline(window, columns.width, column)?)
            }
            Query::Track { owner, columns } => json(&self.track(*owner, *columns)?),
            Query::Shares { by, columns, bands } => json(&self.shares(*by, *columns, *bands)?),
            Query::Sites(limit) if self.is_limited(*limit) => {
                return self.count(*limit, |census, engine| {
                    json(&Sites::new(
                        census.window,
                        Some(census),
                        engine.subject(),
                        SITES,
                    ))
                });
            }
            Query::Tasks(limit) if self.is_limited(*limit) => {
                return self.count(*limit, |census, engine| {
                    json(&Tasks::new(census.window, Some(census), engine.subject()))
                });
            }
            Query::Sites(_) => json(&Sites::new(all, None, self.subject(), SITES)),
            Query::Tasks(_) => json(&Tasks::new(all, None, self.subject())),
            Query::Frees { site, limit } => {
                let site = *site;
                return self.count(*limit, move |ends, engine| json(&engine.frees(site, ends)?));
            }
            Query::Contexts(limit) => {
                return self.count(*limit, |runs, engine| {
                    json(&Contexts::new(runs, &engine.scan))
                });
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
                let first_frees = self.first_frees();
                let mate = Mate::new(&self.scan, *index, first_frees)?;
                return Ok(Asked::Job(Job(JobKind::Mate(Box::new(mate)))));
            }
            Query::Before => json(&self.before()),
            Query::System => json(&System::new(self.subject())),
            Query::Memory => json(&self.memory()),
            Query::Heap { picture, partial } => {
                let mut filming = self.filming(*picture);
                if !*partial {
                    return Ok(Asked::Job(Job(JobKind::Film(Some(filming)))));
                }
                self.film(&mut filming, FILM_SLICE)?;
                json(&self.filmed(filming))
            }
        };
        Ok(Asked::Answer(answer?))
    }

    /// Whether it is limited to less than all of the trace, or to what still lives at its end: what several sessions leave is more.
    fn is_limited(&mut self, limit: Limit) -> bool {
        self.scan.bounded(limit.window) != self.scan.bounded(None)
            || limit.window.is_some() && self.subject().outcome.sessions.len() > 1
    }

    /// Of the double frees that the report lists, by time and address: when the block was freed first.
    fn first_frees(&mut self) -> BTreeMap<(u64, u64), u64> {
        let anomalies = self.subject().outcome.anomalies.iter();
        let first = anomalies.filter_map(|anomaly| match anomaly.kind {
            AnomalyKind::DoubleFree { freed_at, .. } => {
                Some(((anomaly.time, anomaly.address), freed_at))
            }
            AnomalyKind::WrongFree { .. } => None,
        });
        first.collect()
    }

    /// Who frees the blocks of a call site.
    pub(crate) fn frees(&mut self, site: usize, ends: &Counting<Ends>) -> Result<Frees, Refusal> {
        let sites = &self.subject().outcome.call_sites;
        if !sites.iter().any(|known| known.id.index() == site) {
            return Err(Refusal::NotFound("call site"));
        }
        let symbolizer = &mut self.names.symbolizer;
        Ok(Frees::new(site, ends, &self.scan, symbolizer))
    }

    /// Goes on with what takes longer.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn advance(&mut self, job: &mut Job) -> Result<Option<Vec<u8>>, Refusal> {
        self.catch_up();
        self.look_back();
        match &mut job.0 {
            JobKind::Counting(waiting) => waiting.advance(self),
            JobKind::Film(filming) => {
                if let Some(filming) = filming
                    && !self.film(filming, SLICE)?
                {
                    return Ok(None);
                }
                let answer = filming.take().map(|filming| json(&self.filmed(filming)));
                answer.transpose()
            }
            JobKind::Mate(mate) => {
                let found = mate.advance(&self.scan, &mut self.source, SLICE)?;
                let found = found.map(|found| serde_json::to_vec(&found));
                Ok(found.transpose()?)
            }
        }
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
}

fn json(answer: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    Ok(serde_json::to_vec(answer)?)
}
