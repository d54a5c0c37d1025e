//! The map of a recording's heap: where the heap is, and reading the recording for it.

use leakscope_heap::{HeapMap, Region};
use leakscope_report::FrameSource;
use leakscope_report::heap_map::{self, Along};

use crate::cli::HeapBounds;
use crate::firmware::AllocatorFrames;
use crate::named_file;
use crate::recording::OpenRecording;
use crate::screen::Advised;

impl HeapBounds {
    /// Where the heap is, as far as the user says.
    pub(crate) fn said(&self) -> anyhow::Result<Vec<Region>> {
        let typed = self.heap_region.iter().cloned();
        let mut regions: Vec<Region> = typed.map(|range| Region { range, name: None }).collect();
        if let Some(path) = &self.boot_log {
            let shown = path.display();
            let log = named_file::read(path)?;
            let listed = heap_map::in_boot_log(&log);
            if listed.is_empty() {
                let message = format!("`{shown}` lists no heaps");
                let hint = "ESP-IDF does at its start, at log level info: `heap_init: At 3FC8D000 len 00053000 (332 KiB): DRAM`";
                return Err(Advised { message, hint }.into());
            }
            regions.extend(listed);
        }
        Ok(regions)
    }
}

/// Two regions that overlap, in words.
pub(crate) fn overlapping(regions: &[Region]) -> Option<String> {
    let mut ranges: Vec<_> = regions.iter().map(|region| &region.range).collect();
    ranges.sort_by_key(|range| range.start);
    let pair = ranges.windows(2).find(|pair| pair[1].start < pair[0].end)?;
    let shown = |place: usize| {
        format!(
            "{:#x}+{}",
            pair[place].start,
            pair[place].end - pair[place].start
        )
    };
    Some(format!("{} and {}", shown(0), shown(1)))
}

/// Reads the recording again, up to a moment in ticks.
pub(crate) fn read(
    recording: &mut OpenRecording,
    source: Option<&dyn FrameSource>,
    map: HeapMap,
) -> anyhow::Result<HeapMap> {
    let layout = recording.layout.clone();
    recording.begin_again();
    let read = heap_map::read(&mut *recording, &layout, &mut AllocatorFrames(source), map)?;
    recording.finish();
    Ok(read)
}

/// The map of a recording, if it is known where the heap is: the one that was made along with the report, or one that is made now.
pub(crate) fn of(
    recording: &mut OpenRecording,
    regions: &[Region],
    along: Option<Along<'_>>,
    source: Option<&dyn FrameSource>,
) -> anyhow::Result<Option<HeapMap>> {
    if regions.is_empty() {
        return Ok(None);
    }
    let map = match along.and_then(|along| along.map(regions)) {
        Some(map) => map,
        None => read(recording, source, HeapMap::new(regions, &[], u64::MAX))?,
    };
    Ok(Some(map))
}
