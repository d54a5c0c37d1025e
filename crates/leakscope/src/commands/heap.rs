//! `leakscope heap`: what of the heap is free, who splits it, and why an allocation failed.

use std::io::Write;

use anyhow::bail;
use leakscope_analysis::Analysis;
use leakscope_heap::{Allocator, HeapMap};
use leakscope_report::text;
use leakscope_report::units::Clock;
use leakscope_report::{Report, heap_map as reported, json};

use super::part::tick;
use crate::cli::{Heap, ReportFormat};
use crate::firmware::{self, AllocatorFrames};
use crate::heap_map;
use crate::image;
use crate::project::program;
use crate::screen::{Advised, Screen};

impl Heap {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let mut recording = self.trace.open()?;
        let is_saved = recording.saved_report()?.is_some();
        if is_saved || recording.dumps()?.is_some() {
            let name = recording.names().concat();
            let what = if is_saved {
                "a saved report, which has no blocks any more"
            } else {
                "a console's log with a heap dump, which lists some blocks, and not what else is in the heap"
            };
            return Err(Advised {
                message: format!("there is no map of `{name}`: it is {what}"),
                hint: "a recording has a map of the heap; `leakscope report` says what this file holds",
            }
            .into());
        }
        let options = program::completed(&self.symbols, &mut recording)?;
        let symbols = firmware::open_at_its_place(&options, &mut recording)?;
        let source = firmware::source(symbols.as_ref(), None);
        let mut symbolizer = firmware::symbolizer_of(&options, source);
        let mut analysis = Analysis::new(&recording.layout, AllocatorFrames(source));
        analysis.run(&mut recording)?;
        let mut outcome = analysis.outcome();
        recording.require_events(outcome.totals.events)?;
        if let Some(symbols) = &symbols {
            firmware::check(symbols, &mut outcome);
        }
        let image = image::if_any(&self.image, symbols.as_ref())?;
        let said = self.bounds.said()?;
        let heaps = &outcome.heaps;
        let regions = reported::regions(&said, heaps, image.as_ref(), symbols.as_ref());
        if regions.is_empty() {
            let message = "nobody tells where the heap is".to_owned();
            let hint = "--heap-region 0x3fc80000+320KiB says it, --elf FILE may (ucHeap, __HeapBase …), and --boot-log FILE does for ESP-IDF";
            return Err(Advised { message, hint }.into());
        }
        if let Some(pair) = heap_map::overlapping(&regions) {
            bail!("regions of the heap overlap: {pair}");
        }
        let report = Report::new(&outcome, &mut symbolizer, &recording.names());
        let until = self.until(outcome.target.timestamp_hz)?;
        let tried = self.allocator.as_deref().map(Allocator::with_id);
        let empty = HeapMap::new(&regions, &tried.unwrap_or_default(), until);
        let mut map = heap_map::read(&mut recording, source, empty)?;
        if let Some(image) = &image {
            reported::follow(&mut map, image, symbols.as_ref());
        }
        let mut document = reported::document(&map, &report, self.fits);
        let disagreement = reported::disagreement(&said, heaps, symbols.as_ref());
        document.problems.extend(disagreement);
        if image.is_some() && map.image().is_none() {
            let problem = "the image does not have the allocator's own map, or it is one that nobody can read";
            document.problems.push(problem.to_owned());
        }
        let screen = &mut Screen::new();
        match self.format {
            ReportFormat::Json => json::write(&mut screen.out, &document)?,
            ReportFormat::Text => {
                let options = screen.options_for(&self.lists);
                text::write_heap_map(&mut screen.out, &document, report.clock(), &options)?;
            }
        }
        Ok(screen.out.flush()?)
    }

    /// The moment that is asked for, in ticks.
    fn until(&self, hz: u32) -> anyhow::Result<u64> {
        self.at
            .map_or(Ok(u64::MAX), |time| tick(time, Clock::new(hz, 0), "--at"))
    }
}
