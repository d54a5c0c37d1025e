//! Questions: most are answered at once, some take longer.

use std::collections::BTreeMap;
use std::io;

use leakscope_analysis::outcome::AnomalyKind;
use serde::Serialize;

use super::{Engine, SLICE};
use crate::answer::before::Before;
use crate::answer::census::Census;
use crate::answer::contexts::Runs;
use crate::answer::events::{Page, Place};
use crate::answer::frees::Ends;
use crate::answer::heap_map::Filming;
use crate::answer::mate::Mate;
use crate::answer::site::Site;
use crate::answer::sites::Sites;
use crate::answer::system::System;
use crate::answer::tasks::Tasks;
use crate::query::{By, Limit, Owner, Query, Window};
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
    Census {
        query: Query,
        census: Box<Census>,
    },
    Mate(Box<Mate>),
    /// Until it is answered.
    Film(Option<Box<Filming>>),
    /// Until it is answered.
    Contexts(Option<Box<Runs>>),
    Owners(Query),
    /// Until it is answered.
    Frees(usize, Option<Box<Ends>>),
}

/// Events that are read for a part of the heap's map: what is known so far is written each time.
const FILM_SLICE: u64 = 5 * SLICE;

/// Windows that are remembered.
const REMEMBERED: usize = 6;

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
        let answer = match query {
            Query::Overview => json(&self.overview()),
            Query::Timeline(columns) => {
                let window = self.scan.bounded(columns.window);
                let column = (window.to - window.from).div_ceil(columns.width);
                json(&self.timeline(window, columns.width, column)?)
            }
            Query::Track { owner, .. } if matches!(owner, Owner::Site(_)) => self.of_owners(query),
            Query::Shares { by: By::Site, .. } => self.of_owners(query),
            Query::Track { partial, .. } | Query::Shares { partial, .. } => {
                if !*partial {
                    return Ok(Asked::Job(Job(JobKind::Owners(query.clone()))));
                }
                self.read_owners(SLICE)?;
                self.of_owners(query)
            }
            Query::Sites(limit) | Query::Tasks(limit) => {
                if let Some(job) = self.counting(*limit, query)? {
                    return Ok(Asked::Job(job));
                }
                self.of_window(query, self.scan.bounded(limit.window))
            }
            Query::Frees { site, limit } => {
                let mut ends = self.ends(limit.window);
                if !limit.partial {
                    return Ok(Asked::Job(Job(JobKind::Frees(*site, Some(ends)))));
                }
                self.read_ends(&mut ends, SLICE)?;
                json(&self.frees(*site, ends)?)
            }
            Query::Contexts(limit) => {
                let mut runs = self.runs(limit.window);
                if !limit.partial {
                    return Ok(Asked::Job(Job(JobKind::Contexts(Some(runs)))));
                }
                self.read_runs(&mut runs, SLICE)?;
                json(&self.contexts(runs))
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
            Query::Before => json(&self.before.map_or_else(Before::default, Before::from)),
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

    /// Call sites or tasks in a window, from what was counted in it.
    fn of_window(&mut self, query: &Query, window: Window) -> Result<Vec<u8>, Refusal> {
        let (census, subject, _) = self.limited(window);
        match query {
            Query::Tasks(_) => json(&Tasks::new(window, census, subject)),
            _ => json(&Sites::new(window, census, subject)),
        }
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

    /// What blocks did, by whose they are, as far as it was read.
    fn of_owners(&mut self, query: &Query) -> Result<Vec<u8>, Refusal> {
        match query {
            Query::Track { owner, columns, .. } => json(&self.track(*owner, *columns)?),
            Query::Shares { by, columns, .. } => json(&self.shares(*by, *columns)?),
            _ => Err(Refusal::NotFound("owner")),
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
            let counted = census.advance(&self.scan, &mut self.source, SLICE);
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
                if !census.advance(&self.scan, &mut self.source, SLICE)? {
                    return Ok(None);
                }
                let (census, query) = (std::mem::take(&mut **census), query.clone());
                let window = census.window;
                self.remember(census);
                self.of_window(&query, window).map(Some)
            }
            JobKind::Film(filming) => {
                if let Some(filming) = filming
                    && !self.film(filming, SLICE)?
                {
                    return Ok(None);
                }
                let answer = filming.take().map(|filming| json(&self.filmed(filming)));
                answer.transpose()
            }
            JobKind::Contexts(runs) => {
                if let Some(runs) = runs
                    && !self.read_runs(runs, SLICE)?
                {
                    return Ok(None);
                }
                let answer = runs.take().map(|runs| json(&self.contexts(runs)));
                answer.transpose()
            }
            JobKind::Frees(site, ends) => {
                if let Some(ends) = ends
                    && !self.read_ends(ends, SLICE)?
                {
                    return Ok(None);
                }
                let answer = ends.take().map(|ends| json(&self.frees(*site, ends)?));
                answer.transpose()
            }
            JobKind::Owners(query) => {
                if !self.read_owners(SLICE)? {
                    return Ok(None);
                }
                self.of_owners(query).map(Some)
            }
            JobKind::Mate(mate) => {
                let found = mate.advance(&self.scan, &mut self.source, SLICE)?;
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

    pub(super) fn known_census(&self, window: Window) -> Option<usize> {
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
}

fn json(answer: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    Ok(serde_json::to_vec(answer)?)
}
