//! The pieces of a recording that pauses: what all of them together could see of a call site's blocks.
//!
//! Between pauses one program goes on, so that what was freed in any piece tells of the blocks of every other. A block that is freed
//! during a pause, or after the end, is freed unseen; how many should be seen follows from how old blocks become.

use super::blocks::Blocks;
use super::carried::Carried;
use super::site_id::SiteId;
use crate::findings::{Lifetimes, Rising, Stayed};
use crate::outcome::Session;
use rustc_hash::FxHashMap;

/// Lives of one class differ by a factor of two: in so many steps of that it is looked at how many are seen to end.
const STEPS: u64 = 4;

/// When it was recorded, in ticks: the pieces of each boot.
pub(super) struct Recorded(Vec<Vec<(u64, u64)>>);

impl Recorded {
    /// If a boot has several pieces.
    pub(super) fn of(sessions: &[Session]) -> Option<Self> {
        let boots = sessions.chunk_by(|_, later| !later.after_reset);
        let pieces = |boot: &[Session]| boot.iter().map(|piece| (piece.start, piece.end)).collect();
        let boots: Vec<Vec<(u64, u64)>> = boots.map(pieces).collect();
        boots
            .iter()
            .any(|boot| boot.len() > 1)
            .then_some(Self(boots))
    }

    /// The pieces of the boot that was recorded last.
    fn last_boot(&self) -> &[(u64, u64)] {
        self.0.last().map_or(&[], Vec::as_slice)
    }

    /// How many blocks should be seen freed at most, of so many that were allocated, if all become as old as those that were.
    pub(super) fn should_free(&self, allocations: u64, lives: &Lifetimes) -> f64 {
        let classes = lives.buckets.iter().enumerate();
        let seen = classes
            .filter(|&(_, &blocks)| blocks > 0)
            .map(|(class, &blocks)| f64::from(blocks) * self.share_seen(class));
        allocations as f64 * seen.sum::<f64>() / (lives.count() as f64).max(1.0)
    }

    /// Of the blocks that are allocated in a piece, and live for about so long, the largest share that is freed in one.
    fn share_seen(&self, class: usize) -> f64 {
        let shortest = (1_u64 << class) / 2;
        let lives = (0..=STEPS).map(|step| shortest + shortest * step / STEPS);
        let seen = lives.map(|life| seen_after(self.0.iter().map(Vec::as_slice), life));
        seen.fold(0.0, f64::max)
    }

    /// Of blocks that are allocated in a piece of the last boot, and live for about as long as a class says, or longer, up to a quarter
    /// of its time: the least share that is freed in one, however long they live.
    fn least_seen(&self, class: usize) -> f64 {
        let boot = self.last_boot();
        let begin = boot.first().map_or(0, |piece| piece.0);
        let end = boot.last().map_or(0, |piece| piece.1);
        let longest = Lifetimes::class(end.saturating_sub(begin) / 4);
        let classes = class..=longest.max(class);
        let seen = classes.map(|class| {
            let shortest = (1_u64 << class) / 2;
            let lives = (0..=STEPS).map(|step| shortest + shortest * step / STEPS);
            let seen = lives.map(|life| seen_after(std::iter::once(boot), life));
            seen.sum::<f64>() / (STEPS + 1) as f64
        });
        seen.fold(1.0, f64::min)
    }
}

/// Of all moments of these boots that are recorded, the share after which so many ticks later the same boot is recorded, too.
fn seen_after<'p>(boots: impl Iterator<Item = &'p [(u64, u64)]>, life: u64) -> f64 {
    let (mut all, mut seen) = (0, 0);
    for boot in boots {
        let mut later = boot.iter().peekable();
        for &(start, end) in boot {
            all += end.saturating_sub(start);
            let (from, to) = (start.saturating_add(life), end.saturating_add(life));
            while later.next_if(|piece| piece.1 <= from).is_some() {}
            let within = later.clone().take_while(|piece| piece.0 < to);
            seen += within
                .map(|piece| piece.1.min(to).saturating_sub(piece.0.max(from)))
                .sum::<u64>();
        }
    }
    seen as f64 / (all as f64).max(1.0)
}

/// What lives when a recording ends that pauses, by call site: of all its pieces.
pub(super) struct Kept {
    stayed: FxHashMap<SiteId, Vec<Stayed>>,
    gone: FxHashMap<SiteId, Box<Lifetimes>>,
    has_losses: bool,
}

impl Kept {
    /// What lived at pauses and is not known to have ended, and what lives now.
    pub(super) fn of(
        carried: &Carried,
        blocks: &Blocks,
        now: u64,
        pool: Option<SiteId>,
        has_losses: bool,
    ) -> Self {
        let mut stayed: FxHashMap<SiteId, Vec<Stayed>> = FxHashMap::default();
        let live = blocks.live().map(|(_, block)| {
            let age = now.saturating_sub(block.time);
            let (birth, bytes) = (block.time, block.bytes());
            (SiteId::new(block.site), Stayed { birth, age, bytes })
        });
        for (site, block) in carried.stayed().chain(live) {
            stayed.entry(site).or_default().push(block);
        }
        // What stands for many call sites tells nothing of one.
        pool.map(|pool| stayed.remove(&pool));
        for blocks in stayed.values_mut() {
            blocks.sort_unstable_by_key(|block| (block.birth, block.age, block.bytes));
        }
        Self {
            stayed,
            gone: carried.gone().clone(),
            has_losses: has_losses || carried.has_losses(),
        }
    }

    /// Whether ever more blocks of a call site stay, over all pieces; `lives` is how old they were when their frees were seen.
    pub(super) fn rising(
        &self,
        site: SiteId,
        recorded: &Recorded,
        lives: Option<&Lifetimes>,
    ) -> Option<Rising> {
        let stayed = self.stayed.get(&site)?;
        let mut all = lives.copied().unwrap_or_default();
        if let Some(gone) = self.gone.get(&site) {
            all.join(gone);
        }
        let seen = |class| recorded.least_seen(class);
        Rising::of(stayed, &all, recorded.last_boot(), seen, self.has_losses)
    }
}
