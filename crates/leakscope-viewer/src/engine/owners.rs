//! What the blocks of call sites, tasks and heaps did: the curves of the last two are read when they are asked for first.

use std::io;

use super::Engine;
use crate::answer::heaps::Heaps;
use crate::answer::owners::Curves;
use crate::answer::shares::{Held, Shares};
use crate::answer::track::{OwnerCurve, Track};
use crate::index::curve::Curve;
use crate::query::{BANDS, By, Columns, Owner, WIDTH};
use crate::reader::Reader;
use crate::refusal::Refusal;

impl<'s> Engine<'s> {
    /// Reads on for the curves of contexts and heaps; returns whether all was read.
    pub(super) fn read_owners(&mut self, events: u64) -> io::Result<bool> {
        let curves = (self.curves).get_or_insert_with(|| Box::new(Curves::new(&self.scan)));
        curves.advance(&self.scan, &mut self.source, events)
    }

    fn owners(&mut self) -> (Option<&Curves>, Reader<'_, 's>) {
        let reader = Reader {
            scan: &self.scan,
            source: &mut self.source,
            names: &mut self.names,
        };
        (self.curves.as_deref(), reader)
    }

    /// What the blocks of one of them did, as far as it was read.
    pub(super) fn track(&mut self, owner: Owner, columns: Columns) -> Result<Track, Refusal> {
        let window = self.scan.bounded(columns.window);
        let (curves, mut reader) = self.owners();
        let (nothing, one_heap) = (Curve::default(), Heaps::default());
        let heaps = curves.map_or(&one_heap, Curves::heaps);
        let (curve, reached) = match (owner, curves) {
            (Owner::Site(site), _) => {
                let site = reader.scan.index.sites.get(site);
                (&site.ok_or(Refusal::NotFound("call site"))?.curve, None)
            }
            (_, None) => (&nothing, Some(0)),
            (_, Some(curves)) => (curves.of(owner).unwrap_or(&nothing), curves.reached()),
        };
        Ok(Track::new(
            owner,
            window,
            columns.width,
            (curve, reached),
            heaps,
            &mut reader,
        )?)
    }

    /// Who holds how much, as far as it was read.
    pub(super) fn shares(&mut self, by: By, columns: Columns, bands: usize) -> io::Result<Shares> {
        let window = self.scan.bounded(columns.window);
        let (curves, mut reader) = self.owners();
        let one_heap = Heaps::default();
        let heaps = curves.map_or(&one_heap, Curves::heaps);
        let (known, reached): (Vec<_>, _) = match (by, curves) {
            (By::Site, _) => {
                let sites = reader.scan.index.sites.iter().enumerate();
                let sites = sites.map(|(number, site)| (Owner::Site(number), &site.curve));
                (sites.collect(), None)
            }
            (_, None) => (Vec::new(), Some(0)),
            (_, Some(curves)) => (curves.all(by).collect(), curves.reached()),
        };
        let known = (known.as_slice(), reached);
        let held = Held::new(by, window, columns.width, known, heaps, &mut reader)?;
        Ok(Shares::new(held, bands, self.subject()))
    }

    /// All of the trace at once, and the curves of contexts and heaps.
    pub(crate) fn all_shares(&mut self) -> io::Result<(Vec<Shares>, Vec<OwnerCurve>)> {
        while !self.read_owners(u64::MAX)? {}
        let columns = Columns {
            window: None,
            width: WIDTH,
        };
        let shares = [By::Site, By::Context, By::Heap].map(|by| self.shares(by, columns, BANDS));
        let shares = shares.into_iter().collect::<Result<_, _>>()?;
        let end = self.scan.end();
        let curves = self.curves.iter().flat_map(|curves| {
            let both = [By::Context, By::Heap].into_iter();
            both.flat_map(|by| curves.all(by))
        });
        let curves = curves.map(|(owner, curve)| OwnerCurve::new(owner, curve, end));
        Ok((shares, curves.collect()))
    }
}
