//! An image of memory: what each stretch of it is, and who holds which block.

use std::ops::Range;

use leakscope_report::Standing;
use leakscope_report::document::memory::{Memory as Document, Reached};
use leakscope_report::memory::{Examined, Kind, NO_SITE, Use};
use leakscope_report::units::{count, counted};
use serde::Serialize;

use super::Subject;
use super::address;
use super::frames::title;

#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Memory {
    /// What the report says of it.
    image: Option<Document>,
    regions: Vec<Region>,
    blocks: Blocks,
    sites: Vec<Site>,
}

/// A stretch of addresses that are all in the image, and what each part of it is.
#[derive(Clone, Debug, Serialize)]
struct Region {
    address: String,
    /// Bytes of each part.
    lengths: Vec<u64>,
    /// The block that a part is, or what else.
    parts: Vec<i64>,
}

/// The blocks in order of addresses, a column each.
#[derive(Clone, Debug, Default, Serialize)]
struct Blocks {
    sites: Vec<i64>,
    kinds: Vec<usize>,
    /// Steps of ways.
    holders: Vec<i64>,
    /// How many words point at it.
    words: Vec<u32>,
}

/// What became of the blocks of one call site.
#[derive(Clone, Debug, Serialize)]
struct Site {
    site: i64,
    title: String,
    verdict: Option<String>,
    standing: Option<Standing>,
    #[serde(flatten)]
    reached: Reached,
}

/// What else a part is, as a number below those of blocks.
const fn number(part: Use) -> i64 {
    match part {
        Use::Block(index) => index as i64,
        Use::Static => -1,
        Use::Stack => -2,
        Use::Unknown => -3,
        Use::Unused => -4,
    }
}

impl Memory {
    pub(crate) fn new(examined: Option<&Examined<'_>>, subject: Subject<'_, '_>) -> Self {
        let (Some(examined), report) = (examined, subject.report) else {
            return Self::default();
        };
        let mut blocks = Blocks::default();
        for found in &examined.survey.blocks {
            let kind = Kind::ALL.iter().position(|kind| *kind == found.kind);
            let site = Some(found.block.group).filter(|group| *group != NO_SITE);
            blocks.sites.push(site.map_or(-1, i64::from));
            blocks.kinds.push(kind.unwrap_or(0));
            blocks
                .holders
                .push(found.branch.map_or(-1, |step| step as i64));
            blocks.words.push(found.words);
        }
        let sites = report.call_sites.iter().filter_map(|site| {
            let reached = site.memory.as_ref()?;
            (reached.blocks() + reached.gone_blocks > 0).then(|| Site {
                site: site.id.into(),
                title: title(&site.frames),
                verdict: Some(site.verdict.to_string()),
                standing: Some(site.standing.clone()),
                reached: reached.clone(),
            })
        });
        let older = examined.site(NO_SITE).map(|reached| Site {
            site: -1,
            title: "blocks from before the recording".to_owned(),
            verdict: None,
            standing: None,
            reached: reached.clone(),
        });
        Self {
            image: report.memory.clone(),
            regions: regions(examined.map()),
            blocks,
            sites: sites.chain(older).collect(),
        }
    }

    /// Leaves out what there is too much of, and says so.
    pub(crate) fn limit(&mut self, parts: usize, steps: usize, left_out: &mut Vec<String>) {
        let all: usize = self.regions.iter().map(|region| region.parts.len()).sum();
        if all > parts {
            self.regions.clear();
            self.blocks = Blocks::default();
            left_out.push(format!(
                "the map of memory has {}, and is not here: leakscope view shows it",
                counted(all as u64, "part")
            ));
        }
        let Some(image) = self
            .image
            .as_mut()
            .filter(|image| image.holders.len() > steps)
        else {
            return;
        };
        left_out.push(format!(
            "of {} to blocks in memory, the first {} are here",
            counted(image.holders.len() as u64, "way"),
            count(steps as u64)
        ));
        image.holders.truncate(steps);
    }
}

fn regions(map: Vec<(Range<u64>, Use)>) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    let mut end = None;
    for (range, part) in map {
        if end != Some(range.start) {
            regions.push(Region {
                address: address(range.start),
                lengths: Vec::new(),
                parts: Vec::new(),
            });
        }
        end = Some(range.end);
        let Some(region) = regions.last_mut() else {
            continue;
        };
        region.lengths.push(range.end - range.start);
        region.parts.push(number(part));
    }
    regions
}
