//! The blocks of a recording, brought to an image of memory.
//!
//! [`Live`] is what the recording knows of the heap at its end; `scene` puts it beside the image and the program's
//! variables; `names` says who holds what. `verdict` says what follows for the findings; `alone` is of an image that is looked
//! at for its own sake.
mod alone;
mod live;
mod names;
mod scene;
mod verdict;

use std::ops::Range;

use leakscope_analysis::outcome::Outcome;
use leakscope_memory::image::Image;
use leakscope_memory::reach::{Alias, Block, Scene, Survey};
pub use leakscope_memory::reach::{Kind, Use};
use leakscope_symbols::{Symbols, Variable};
use rustc_hash::FxHashMap;

pub use live::Live;
pub use names::Names;
pub(crate) use scene::used_blocks;

use crate::document::Report;
use crate::document::call_site::CallSite;
use crate::document::memory::{Memory, Reached};
use crate::program;

/// The group of blocks of which the recording knows nothing: those that an allocator's map has from before it.
pub const NO_SITE: u32 = u32::MAX;

/// An image of memory at the end of a recording, or alone, and what was found in it.
#[derive(Debug)]
pub struct Examined<'i> {
    scene: Scene<'i>,
    /// What each stack is called.
    stacks: Vec<String>,
    variables: Vec<Variable>,
    symbols: Option<&'i Symbols>,
    /// What was found.
    pub survey: Survey,
    /// By the numbers of call sites. Only looked up and summed: no order reaches an output.
    sites: FxHashMap<u32, OfSite>,
    /// What of a complete image is missing, a sentence each without a full stop.
    pub missing: Vec<String>,
    /// Whether the image has the allocator's own map.
    has_map: bool,
}

/// What was found of the blocks of one call site.
#[derive(Clone, Debug, Default)]
struct OfSite {
    reached: Reached,
    /// Lost blocks that are as old as any block got that was freed: the younger ones may be on their way.
    old_lost: u64,
    /// Those of them at which nothing points.
    old_definite: u64,
    /// Lost blocks that lived when data were lost: they may have been freed there.
    unsure: u64,
    /// Blocks that the allocator does not have.
    gone: Vec<Block>,
}

/// Memory at the stop: an image, and what the recording that ended there knows of the heap.
#[derive(Debug)]
pub struct AtStop {
    /// What lay where.
    pub image: Image,
    /// What the recording knows.
    pub live: Live,
    /// How to look.
    pub look: Look,
}

impl AtStop {
    /// Looks at the image. `outcome` knows tasks and heaps.
    pub fn examine<'i>(&'i self, symbols: Option<&'i Symbols>, outcome: &Outcome) -> Examined<'i> {
        Examined::new(&self.image, symbols, &self.live, Some(outcome), &self.look)
    }
}

/// How an image is to be looked at.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Look for pointers on every address.
    pub unaligned: bool,
    /// Memory that is at two addresses, besides what is known of the chip.
    pub aliases: Vec<Alias>,
    /// Memory that is in use, whatever else is known of it.
    pub roots: Vec<Range<u64>>,
}

impl<'i> Examined<'i> {
    /// Looks at an image: of the blocks that `live` knows and, where the image has one, of the allocator's map.
    /// `outcome` knows tasks and heaps.
    pub fn new(
        image: &'i Image,
        symbols: Option<&'i Symbols>,
        live: &Live,
        outcome: Option<&Outcome>,
        look: &Look,
    ) -> Self {
        let built = scene::build(image, symbols, live, outcome, look);
        let survey = built.scene.survey();
        let mut sites: FxHashMap<u32, OfSite> = FxHashMap::default();
        for found in &survey.blocks {
            let block = &found.block;
            let site = sites.entry(block.group).or_default();
            site.reached.add(found.kind, block.size);
            if found.kind.is_lost() && live.is_as_old_as_any_freed(block) {
                site.old_lost += 1;
                site.old_definite += u64::from(found.kind == Kind::Definite);
                site.unsure += u64::from(live.may_have_been_freed(block));
            }
        }
        let is_of_another_moment = live.most_are_gone(&built.gone);
        let outside = survey.blocks.iter().filter(|found| !found.is_in_image);
        let outside: Vec<&Block> = outside.map(|found| &found.block).collect();
        let are_most_outside = outside.len() * 2 > survey.blocks.len();
        for block in built.gone {
            let site = sites.entry(block.group).or_default();
            site.reached.gone_blocks += 1;
            site.gone.push(block);
        }
        let tasks = outcome.map_or(&[][..], |outcome| &outcome.tasks);
        let mut missing = scene::missing(image, symbols, &built.variables, &outside, tasks);
        if outcome.is_some_and(program::is_doubted) {
            missing
                .push("the ELF file is another one: where variables are is not known".to_owned());
        }
        if is_of_another_moment {
            missing.insert(
                0,
                "the allocator has not most of what lives: the image is of another program or another moment".to_owned(),
            );
        }
        if is_of_another_moment || are_most_outside {
            // What is nobody's there says nothing of this program.
            sites.clear();
            let first = missing.first_mut().into_iter();
            first.for_each(|first| first.push_str("; nothing of it counts for call sites"));
        }
        Self {
            scene: built.scene,
            stacks: built.stacks,
            variables: built.variables,
            symbols,
            survey,
            sites,
            missing,
            has_map: built.has_map,
        }
    }

    /// What was found of a call site's blocks, by its number.
    pub fn site(&self, site: u32) -> Option<&Reached> {
        self.sites.get(&site).map(|found| &found.reached)
    }

    /// What each stretch of the image is, in order of addresses; blocks by their place in the survey.
    pub fn map(&self) -> Vec<(Range<u64>, Use)> {
        self.scene.map()
    }

    /// Whether everything is in the image that could hold a block.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// Changes findings by what was found: before the report is made of the outcome.
    pub fn judge(&self, outcome: &mut Outcome) {
        verdict::judge(self, outcome);
    }

    /// Adds what was found to the report.
    pub fn attach(&self, report: &mut Report) {
        let names = &self.names(&report.call_sites);
        for site in &mut report.call_sites {
            let mut reached = self.site(site.id).cloned().unwrap_or_default();
            reached.holder = names.main_way(site.id);
            site.memory = Some(reached);
        }
        report.memory = Some(self.document(names));
    }

    /// The names of what holds blocks, those of call sites among them.
    pub fn names(&self, sites: &[CallSite]) -> Names<'_> {
        let sites = sites.iter().map(|site| (site.id, names::of_site(site)));
        Names::new(self, sites.collect())
    }

    /// What was looked at, and the ways to blocks.
    pub fn document(&self, names: &Names<'_>) -> Memory {
        let scanned = self.survey.scanned;
        let problems = self.scene.image.problems.iter();
        Memory {
            bytes: self.scene.image.len(),
            is_complete: self.is_complete(),
            missing: self.missing.clone(),
            problems: problems.map(ToString::to_string).collect(),
            static_bytes: scanned.statics,
            stack_bytes: scanned.stacks,
            unknown_bytes: scanned.unknown,
            block_bytes: scanned.blocks,
            pointers: scanned.pointers,
            expected_by_chance: self.survey.chance,
            total: self.total(),
            holders: names.steps(),
        }
    }

    fn total(&self) -> Reached {
        let mut total = Reached::default();
        for found in &self.survey.blocks {
            total.add(found.kind, found.block.size);
        }
        total.gone_blocks = self
            .sites
            .values()
            .map(|found| found.reached.gone_blocks)
            .sum();
        total
    }
}
