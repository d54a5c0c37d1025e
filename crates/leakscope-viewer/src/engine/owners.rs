//! What the blocks of call sites, tasks and heaps did.

use std::io;

use super::Engine;
use crate::answer::shares::{Held, Shares};
use crate::answer::track::{OwnerCurve, Track};
use crate::index::curve::Curve;
use crate::query::{BANDS, By, Columns, Owner, WIDTH};
use crate::refusal::Refusal;

impl Engine<'_> {
    /// What the blocks of one of them did.
    pub(super) fn track(&mut self, owner: Owner, columns: Columns) -> Result<Track, Refusal> {
        let window = self.scan.bounded(columns.window);
        let mut reader = self.reader();
        let curves = owner.by().curves(&reader.scan.index);
        let curve = curves.into_iter().find(|(other, _)| *other == owner);
        let nothing = Curve::default();
        let curve = match (curve, owner) {
            (Some((_, curve)), _) => curve,
            (None, Owner::Site(_)) => return Err(Refusal::NotFound("call site")),
            (None, _) => &nothing,
        };
        let width = columns.width;
        Ok(Track::new(owner, window, width, curve, &mut reader)?)
    }

    /// Who holds how much.
    pub(super) fn shares(&mut self, by: By, columns: Columns, bands: usize) -> io::Result<Shares> {
        let window = self.scan.bounded(columns.window);
        let mut reader = self.reader();
        let curves = by.curves(&reader.scan.index);
        let held = Held::new(by, window, columns.width, &curves, &mut reader)?;
        Ok(Shares::new(held, bands, self.subject()))
    }

    /// All of the trace at once, and the curves of contexts and heaps.
    pub(crate) fn all_shares(&mut self) -> io::Result<(Vec<Shares>, Vec<OwnerCurve>)> {
        let columns = Columns {
            window: None,
            width: WIDTH,
        };
        let shares = [By::Site, By::Context, By::Heap].map(|by| self.shares(by, columns, BANDS));
        let shares = shares.into_iter().collect::<Result<_, _>>()?;
        let (index, end) = (&self.scan.index, self.scan.end());
        let curves = [By::Context, By::Heap].map(|by| by.curves(index));
        let curves = curves.into_iter().flatten();
        let curves = curves.map(|(owner, curve)| OwnerCurve::new(owner, curve, end));
        Ok((shares, curves.collect()))
    }
}
