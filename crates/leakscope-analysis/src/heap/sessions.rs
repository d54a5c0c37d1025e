//! Sessions: what each stretch between restarts proves is kept, and then the heap begins anew.

use std::mem;

use super::acquittal::{Level, Shown};
use super::blocks::LiveBlock;
use super::cycle_count::CycleCount;
use super::model::HeapModel;
use super::moment::Moment;
use super::overlap::Overlaps;
use super::paused::PausedSessions;
use super::releases::Releases;
use super::site::Site;
use super::site_id::SiteId;
use super::site_record::{Judged, SiteRecord};
use super::unseen::UnseenBlocks;
use crate::findings::{
    self, Gap, Left, Lifetimes, LossCounts, Losses, MissingCores, Phase, Phases, SiteHistory, Span,
    Verdict,
};
use crate::outcome::{CallSite, Peak, Session};
use crate::trace::{MissingPart, StackId, Stacks};

/// What sessions that are over have shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    pub(super) sessions: Vec<Session>,
    pub(super) sites: Vec<SiteRecord>,
    /// What a call site left that was not used: nothing, while it was watched.
    pub(super) unused: Left,
    pub(super) peak: Option<Peak>,
    /// Blocks that lived when their session ended, and their bytes.
    pub(super) outstanding: (u64, u64),
    /// Restarts that are not listed any more.
    pub(super) joined: u64,
}

/// When there are more sessions, the last ones share an entry.
const MOST_SESSIONS: usize = 256;

/// What the trace knows of the session under way. Of those before, nobody asked in time.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Since when every core was idle at least once.
    pub(super) idle_since: Option<u64>,
    /// Ticks of a second.
    pub(super) second: u64,
    /// Packets that were read.
    pub(super) packets: u64,
    /// Whether all cores tell of themselves in one stream, and so in their order.
    pub(super) has_one_clock: bool,
    /// Cores whose data are missing, or some of them.
    pub(super) missing: Vec<MissingPart>,
    /// What stands for all call sites that came when there were too many: see [`Stacks::MOST`].
    pub(super) pool: Option<SiteId>,
    /// Whether the recording paused at its end.
    pub(super) pauses: bool,
}

/// A call site, the blocks of it that live, with their addresses, and the age of those whose memory did not return
/// after they were freed.
struct SiteBlocks<'s> {
    site: &'s Site,
    live: &'s [(u64, LiveBlock)],
    unreturned: &'s [(usize, u64)],
}

impl HeapModel {
    /// The session up to `end`, as it stands.
    pub(super) fn session_at(&self, end: u64) -> Session {
        let later = self.freed_later.values();
        let (blocks, bytes) = later.fold((0, 0), |(blocks, bytes), later| {
            (blocks + later.blocks, bytes + later.bytes)
        });
        Session {
            end,
            stopped: self.stopped.is_some(),
            outstanding_blocks: self.sites.iter().map(Site::live_blocks).sum::<u64>() + blocks,
            outstanding_bytes: self.live_bytes + bytes,
            ..self.session
        }
    }

    /// All call sites as they stand at `end`, with the verdicts of this session and of those before, which are taken out of `past`.
    pub(super) fn records(&self, end: u64, trace: &Known, past: &mut Past) -> Vec<SiteRecord> {
        let session = past.sessions.len();
        let mut live: Vec<_> = self.blocks.live().collect();
        live.sort_unstable_by_key(|(address, block)| (block.site, block.time, *address));
        let unreturned = self.unreturned(end);
        let span = self.span(end, trace, &live, &unreturned);
        let mut records = mem::take(&mut past.sites);
        let unused = || SiteRecord::unused(&past.unused);
        records.resize_with(self.sites.len(), unused);
        let unused = self.unused_left(end, trace);
        let held = self.carried.held();
        let ticks = self.last_heap_event.saturating_sub(span.start);
        let is_piece = session > 0 && !self.session.after_reset;
        let mut phases = Phases::default();
        let ids = (0..).map(SiteId::new);
        for ((id, of), record) in ids.zip(self.by_site(&live, &unreturned)).zip(&mut records) {
            let (site, blocks) = (of.site, of.live);
            record.begin_session(is_piece);
            if self.session.after_reset {
                record.blocks.clear();
            }
            if site.allocations == 0 {
                record.leave_unused(&unused);
                let held = held.get(&id).filter(|held| held.blocks > 0);
                record.note_level(held.map(Level::before), ticks, session);
            }
            if site.allocations == 0 && site.failed() == 0 {
                continue;
            }
            let mut history = self.history(&of, end);
            let older = (self.older).of(id, self.session.start, &history.live_births);
            history.older_frees = older.and(self.carried.freed_of(id));
            if !trace.has_one_clock {
                let freed = |(address, block): &&_| self.early.may_have_freed(*address, block);
                let freed = blocks.iter().filter(freed).map(|(_, block)| block.time);
                history.early_frees = freed.collect();
            }
            record.add(site, &history);
            let later = self.freed_later.get(&id);
            if let Some(later) = later {
                record.give_back(later);
            }
            if is_piece || trace.pauses {
                record.note_lives(&history.lifetimes, later);
            }
            record.blocks = blocks
                .iter()
                .take(CallSite::BLOCKS_KEPT)
                .map(|(address, block)| self.listed(*address, *block))
                .collect();
            if site.allocations > 0 {
                let mut finding = findings::judge(&history, &span);
                if trace.pool == Some(id) {
                    finding = findings::of_many_sites(finding, &history);
                } else {
                    phases.add(Phase::of(&finding, &history, &span));
                }
                finding = findings::unended(finding, self.unended_moves(id), site.frees);
                let growth = findings::growth(finding.verdict, &history, &span);
                let of_cycles = || findings::growth(Verdict::LeakPerCycle, &history, &span);
                if let Some(later) = later {
                    finding.note_freed_later(later.blocks);
                }
                let before = held.get(&id).filter(|_| !finding.verdict.is_leak());
                let level = before.map(|held| {
                    let (blocks, bytes) = later.map_or((0, 0), |later| (later.blocks, later.bytes));
                    Level::before(held).and(
                        history.live_births.len() as u64 + blocks,
                        history.live_bytes + bytes,
                    )
                });
                record.note_level(level, ticks, session);
                let comes_and_goes =
                    matches!(finding.verdict, Verdict::InFlight | Verdict::Bounded);
                record.leave(
                    comes_and_goes && site.frees > 0,
                    &findings::left(finding.verdict, &history, &span),
                    (span.cycles > 0).then(of_cycles),
                );
                record.judge(Judged {
                    finding,
                    growth,
                    session,
                    shown: Shown::of(&history, &span).and_held(before),
                });
            }
        }
        for record in &mut records {
            record.weigh(&phases, session);
        }
        records
    }

    /// What a call site left that this session did not use.
    fn unused_left(&self, end: u64, trace: &Known) -> Left {
        let history = SiteHistory {
            cycle_steps: CycleCount::default().steps(self.whole_cycles()),
            ..SiteHistory::default()
        };
        let span = Span {
            start: self.session.start,
            end,
            warm_up_end: self.warm_up_end(end, trace),
            last_heap_event: self.last_heap_event,
            ..Span::default()
        };
        findings::left(Verdict::AllFreed, &history, &span)
    }

    fn warm_up_end(&self, end: u64, trace: &Known) -> u64 {
        let start = self.session.start;
        let length = end - start;
        let idle_since = trace
            .idle_since
            .map_or(0, |idle| idle.saturating_sub(start));
        start + (length / 20).max(idle_since.min(length / 5))
    }

    /// All sites with their blocks, given all blocks in the order of sites.
    fn by_site<'s>(
        &'s self,
        live: &'s [(u64, LiveBlock)],
        unreturned: &'s [(usize, u64)],
    ) -> impl Iterator<Item = SiteBlocks<'s>> {
        let mut live = live.chunk_by(|(_, a), (_, b)| a.site == b.site).peekable();
        let mut unreturned = unreturned.chunk_by(|(a, _), (b, _)| a == b).peekable();
        self.sites.iter().enumerate().map(move |(index, site)| {
            let blocks = live.next_if(|blocks| blocks[0].1.site as usize == index);
            let freed = unreturned.next_if(|blocks| blocks[0].0 == index);
            SiteBlocks {
                site,
                live: blocks.unwrap_or_default(),
                unreturned: freed.unwrap_or_default(),
            }
        })
    }

    fn history(&self, of: &SiteBlocks<'_>, end: u64) -> SiteHistory {
        let mut unreturned = Lifetimes::default();
        for &(_, age) in of.unreturned {
            unreturned.add(age);
        }
        SiteHistory {
            live_births: of.live.iter().map(|(_, block)| block.time).collect(),
            live_sizes: of.live.iter().map(|(_, block)| block.size.into()).collect(),
            unreturned,
            ..of.site.history(end, &self.moment)
        }
    }

    fn span(
        &self,
        end: u64,
        trace: &Known,
        live: &[(u64, LiveBlock)],
        unreturned: &[(usize, u64)],
    ) -> Span {
        let start = self.session.start;
        let window = 1 << self.moment.window_shift;
        let long_lived = (self.sites.iter()).map(|site| site.freed_at_age(window));
        let mut span = Span {
            start,
            end,
            warm_up_end: self.warm_up_end(end, trace),
            stopped: self.stop(),
            window,
            last_heap_event: self.last_heap_event,
            cycles: self.whole_cycles(),
            cycles_from: self.cycles.0,
            cycles_to: self.cycles.1,
            second: trace.second,
            frees: self.releases.moments().to_vec(),
            unseen: self.unseen.most(long_lived.sum()),
            gaps: self.gaps_with(trace, end),
            losses: None,
            missing: self.missing_cores(trace),
        };
        let counts = LossCounts {
            packets: trace.packets.max(self.session.heap_events),
            returned: self.blocks.returned,
            reused: self.lost_frees,
            unknown_frees: self.lost_allocations,
            has_forgotten: self.blocks.has_forgotten,
        };
        let freeing = self
            .by_site(live, unreturned)
            .filter(|of| of.site.frees > 0);
        let histories = freeing.map(|of| self.history(&of, end));
        span.losses = Losses::of(&span, counts, histories);
        span
    }

    /// Where data were lost; what a core did whose data are missing is lost too.
    fn gaps_with(&self, trace: &Known, end: u64) -> Vec<Gap> {
        let mut gaps = self.gaps.list().to_vec();
        // What stands behind the end of the recording is no loss of what was recorded.
        let over = self.stopped.filter(|&stop| self.last_heap_event <= stop);
        gaps.retain(|gap| over.is_none_or(|stop| gap.from < stop));
        let mut missing = trace.missing.clone();
        missing.sort_by_key(|part| self.since(part));
        for together in missing.chunk_by(|a, b| self.since(a) == self.since(b)) {
            let from = self.since(&together[0]);
            gaps.truncate(gaps.partition_point(|gap| gap.from < from));
            for gap in &mut gaps {
                gap.to = gap.to.min(from);
            }
            // As many as of the others, if one never said anything.
            let lost = |part: &MissingPart| part.since.is_none().then_some(trace.packets);
            gaps.push(Gap {
                from,
                to: end,
                lost: together.iter().map(lost).sum(),
            });
        }
        gaps
    }

    fn missing_cores(&self, trace: &Known) -> MissingCores {
        let mut cores: Vec<u8> = trace.missing.iter().map(|part| part.core).collect();
        cores.sort_unstable();
        let since = trace.missing.iter().map(|part| self.since(part)).min();
        MissingCores {
            cores,
            since: since.unwrap_or(0),
        }
    }

    /// Since when in this session.
    fn since(&self, part: &MissingPart) -> u64 {
        part.since.unwrap_or(0).max(self.session.start)
    }

    /// Whole cycles that the user marked in this session, after the first two.
    pub(super) fn whole_cycles(&self) -> u64 {
        self.moment.whole_cycles()
    }

    /// What those took.
    pub(super) fn cycle_ticks(&self) -> u64 {
        match self.whole_cycles() {
            0 => 0,
            _ => self.cycles.1.saturating_sub(self.cycles.0),
        }
    }

    /// Who held the bytes at this session's peak.
    pub(super) fn session_peak(&self) -> Peak {
        let peak = self.moment.peak;
        let held = self.sites.iter().map(|site| site.bytes_at_peak(peak));
        let mut holders: Vec<(usize, u64)> =
            held.enumerate().filter(|&(_, bytes)| bytes > 0).collect();
        holders.sort_by_key(|&(site, bytes)| (std::cmp::Reverse(bytes), site));
        Peak {
            bytes: self.session.peak_bytes,
            time: self.peak_time,
            holders,
        }
    }

    /// The peak of the whole trace; holders are indices into the sites.
    pub(super) fn peak(&self) -> Peak {
        match &self.past.peak {
            Some(past) if past.bytes >= self.session.peak_bytes => past.clone(),
            _ => self.session_peak(),
        }
    }

    /// As [`Known::pool`].
    pub(super) fn pool(&self, stacks: &Stacks) -> Option<SiteId> {
        let known = stacks.overflowed().then(|| self.keys.known(StackId::NONE));
        known.flatten()
    }

    /// What the session proves, which is over.
    pub(super) fn close(&self, end: u64, known: &Known, past: &mut Past) {
        past.sites = self.records(end, known, past);
        past.unused.join(&self.unused_left(end, known));
        let session = self.session_at(end);
        past.outstanding.0 += session.outstanding_blocks;
        past.outstanding.1 += session.outstanding_bytes;
        if past.sessions.len() < MOST_SESSIONS {
            past.sessions.push(session);
        } else {
            past.joined += 1;
        }
    }

    /// All that sessions have shown which are over.
    pub(super) fn known_past(&self) -> Past {
        let mut past = self.past.clone();
        self.paused.add_to(&mut past);
        past
    }

    /// When it was told to stop; what the heap did behind that, on another core or without a start, belongs to the session.
    pub(super) fn stop(&self) -> Option<u64> {
        self.stopped.map(|stop| stop.max(self.last_heap_event))
    }

    /// The session is over: what it proves is kept, and the next one begins with an empty heap. What lived goes on to live if
    /// the recording only paused.
    pub(super) fn close_session(&mut self, next_start: u64, is_pause: bool, stacks: &Stacks) {
        let end = self.stop().unwrap_or(next_start);
        self.judge_by_what_is_left(end);
        self.past.peak = Some(self.peak());
        let known = Known {
            pool: self.pool(stacks),
            pauses: is_pause,
            ..Known::default()
        };
        if is_pause && PausedSessions::can_keep(self, end) {
            let mut ended = self.clone();
            (ended.past, ended.paused) = Default::default();
            self.paused.add(ended, end, known, &mut self.past);
        } else {
            let mut past = mem::take(&mut self.past);
            mem::take(&mut self.paused).add_to(&mut past);
            self.close(end, &known, &mut past);
            self.past = past;
        }
        self.totals.cycles += self.whole_cycles();
        self.totals.cycle_ticks += self.cycle_ticks();
        self.blocks.clear();
        self.gaps.clear();
        self.overlaps = Overlaps::default();
        self.releases = Releases::default();
        self.older.begin();
        self.unseen = UnseenBlocks::default();
        self.early.begin_session();
        (self.lost_frees, self.lost_allocations) = (0, 0);
        self.sites.fill_with(Site::new);
        self.contexts.end_session();
        self.heaps.end_session();
        self.moment = Moment {
            start: next_start,
            ..Moment::default()
        };
        self.cycles = (0, 0);
        self.last_heap_event = next_start;
        self.live_bytes = 0;
        self.stopped = None;
        self.peak_time = next_start;
        self.session = Session {
            start: next_start,
            ..Session::default()
        };
    }
}
