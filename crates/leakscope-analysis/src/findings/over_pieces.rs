//! A leak of which each piece of a recording with pauses shows too little: blocks that outlived the others in many pieces, up to the
//! last ones, and that nobody has freed behind the pauses.

use super::case::START_UP;
use super::rhythm::Rhythm;
use super::steady::MANY_OCCASIONS;
use super::survivors::{BORN_EARLY, FREED_AFTER_ALL, LEAST_OCCASIONS};
use super::{Confidence, Finding, Growth, Left, Lifetimes, Verdict, Word};

/// Blocks that are freed in pauses alone look so, too. That chance lets no more of their frees be seen is less likely than this.
const BY_CHANCE: f64 = 0.001;

/// A block that lived when its piece of the recording ended, and that is not known to have ended since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stayed {
    /// When it was allocated.
    pub(crate) birth: u64,
    /// How old it was when its piece ended.
    pub(crate) age: u64,
    pub(crate) bytes: u64,
}

/// What blocks show that stay over the pieces.
#[derive(Clone, Debug)]
pub(crate) struct Rising {
    pub(crate) finding: Finding,
    pub(crate) growth: Growth,
    pub(crate) left: Left,
}

impl Rising {
    /// What these blocks show, the oldest first, of a call site whose others became so old; `seen` is the share of blocks whose frees are
    /// seen, of those that live for as long as a class of [`Lifetimes`] says, or longer. Where data were lost, it is in doubt.
    pub(crate) fn of(
        stayed: &[Stayed],
        lives: &Lifetimes,
        pieces: &[(u64, u64)],
        seen: impl Fn(usize) -> f64,
        has_losses: bool,
    ) -> Option<Self> {
        let (&(begin, _), &(_, end)) = (pieces.first()?, pieces.last()?);
        let warm_up_end = begin + end.saturating_sub(begin) / START_UP;
        let of_start_up = stayed.partition_point(|block| block.birth < warm_up_end);
        let since = &stayed[of_start_up..];
        let least = |occasions: usize| {
            occasions >= MANY_OCCASIONS || occasions >= LEAST_OCCASIONS && of_start_up < since.len()
        };
        let (class, old, occasions) = (0..Lifetimes::BUCKETS - 1).find_map(|class| {
            let is_old = |block: &&Stayed| block.age >= 1 << class;
            let old: Vec<Stayed> = since.iter().filter(is_old).copied().collect();
            let freed_later = lives.reaching(1 << class);
            if freed_later.saturating_mul(FREED_AFTER_ALL) > old.len() as u64 {
                return None;
            }
            let occasions = occasions(&old, pieces);
            (least(occasions) && goes_on(&old, begin, end)).then_some((class, old, occasions))
        })?;
        let (age, seen) = (1 << class, seen(class));
        let freed_later = lives.reaching(age);
        let each = old.len() as f64 / occasions as f64;
        let should_see = occasions as f64 * seen / (1.0 - seen).max(f64::EPSILON);
        let may_be_freed =
            has_losses || at_most((freed_later as f64 / each).ceil(), should_see) > BY_CHANCE;
        let births: Vec<u64> = old.iter().map(|block| block.birth).collect();
        let rhythm = Rhythm::new(&births, end.saturating_sub(begin) as f64, end);
        let (verdict, confidence) = match (may_be_freed, lives.count()) {
            (true, _) => (Verdict::Uncertain, Confidence::Low),
            (false, 0) => (Verdict::LeakSteady, Confidence::Medium),
            (false, _) => (Verdict::LeakSurvivors, Confidence::Medium),
        };
        // A cache that has met most of its keys adds a few more, too.
        let surest = if rhythm.can_fade() {
            rhythm.surest()
        } else {
            Confidence::Low
        };
        let mut reason = vec![
            Word::Count(old.len() as u64),
            Word::Text(" blocks stayed in "),
            Word::Count(occasions as u64),
            Word::Text(" of "),
            Word::Count(pieces.len() as u64),
            Word::Text(" pieces of the recording; of "),
            Word::Count(lives.count()),
            Word::Text(" freed blocks "),
            Word::Count(freed_later),
            Word::Text(" lived longer than "),
            Word::Duration(age),
        ];
        reason.extend(rhythm.why_unsure());
        if may_be_freed {
            reason.push(Word::Text(if has_losses {
                "; their frees may have been lost"
            } else {
                "; they may have been freed while the recording paused"
            }));
        }
        let left = left(&old, pieces, begin, end);
        Some(Self {
            finding: Finding {
                verdict,
                confidence: confidence.min(surest),
                reason,
            },
            growth: Growth::new(left.bytes, left.ticks),
            left,
        })
    }
}

/// In how many pieces they were allocated.
fn occasions(old: &[Stayed], pieces: &[(u64, u64)]) -> usize {
    let piece = |block: &Stayed| pieces.partition_point(|&(begin, _)| begin <= block.birth);
    let same = old.chunk_by(|one, next| piece(one) == piece(next));
    same.count()
}

/// Whether ever more of them are to be expected.
fn goes_on(old: &[Stayed], begin: u64, end: u64) -> bool {
    let births: Vec<u64> = old.iter().map(|block| block.birth).collect();
    let early =
        births.partition_point(|&birth| birth - begin.min(birth) < end.saturating_sub(begin) / 2);
    let rhythm = Rhythm::new(&births, end.saturating_sub(begin) as f64, end);
    early as f64 >= BORN_EARLY * births.len() as f64
        && rhythm.is_spread()
        && rhythm.goes_on()
        && rhythm.fading().is_none()
}

/// How likely it is that so many are seen at the most, if so many should be: they come by themselves.
fn at_most(seen: f64, should_see: f64) -> f64 {
    let (mut each, mut sum, mut count) = ((-should_see).exp(), 0.0, 0.0);
    while count <= seen {
        sum += each;
        count += 1.0;
        each *= should_see / count;
    }
    sum
}

fn left(old: &[Stayed], pieces: &[(u64, u64)], begin: u64, end: u64) -> Left {
    let mut left = Left {
        ticks: pieces
            .iter()
            .map(|piece| piece.1.saturating_sub(piece.0))
            .sum(),
        windows: vec![0; Left::WINDOWS],
        ..Left::default()
    };
    for block in old {
        left.blocks += 1;
        left.bytes += block.bytes;
        left.squared_bytes += (block.bytes as f64).powi(2);
        let position =
            (block.birth - begin.min(block.birth)) as f64 / end.saturating_sub(begin).max(1) as f64;
        let window = (position * Left::WINDOWS as f64) as usize;
        left.windows[window.min(Left::WINDOWS - 1)] += block.bytes;
    }
    left
}
