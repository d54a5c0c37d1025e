//! The heap's map over time: read again when it is asked for, and kept, so that a trace that grows is only read on.

use std::io;

use super::Engine;
use crate::answer::heap_map::{Filming, HeapOverTime};
use crate::query::Picture;
use crate::reading::Reading;

impl Engine<'_> {
    /// The film that answers this question, as far as it was made.
    pub(super) fn filming(&mut self, picture: Picture) -> Box<Filming> {
        let kept = self.filming.take();
        let subject = self.subject();
        let (scan, regions) = (subject.scan, subject.regions);
        match kept {
            Some(mut kept) if kept.answers(scan, regions, picture) => {
                kept.renew(scan);
                kept
            }
            _ => Box::new(Filming::new(scan, regions, picture)),
        }
    }

    /// Goes on with it for so many events; returns whether it is complete.
    pub(super) fn film(&mut self, filming: &mut Filming, events: u64) -> io::Result<bool> {
        let is_over = self.state == Reading::Complete;
        filming.advance(&self.scan, &mut self.source, events, is_over)
    }

    /// What it shows by now. It is kept for the next question.
    pub(super) fn filmed(&mut self, filming: Box<Filming>) -> HeapOverTime {
        let answer = HeapOverTime::new(&filming, self.subject().report);
        self.filming = Some(filming);
        answer
    }

    /// All of it at once.
    pub(crate) fn heap_over_time(&mut self, picture: Picture) -> io::Result<HeapOverTime> {
        let mut filming = self.filming(picture);
        while !self.film(&mut filming, u64::MAX)? {}
        Ok(self.filmed(filming))
    }
}
