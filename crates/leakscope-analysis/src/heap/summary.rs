//! What the model answers when it is asked.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::doubtful::Order;
use super::model::HeapModel;
use super::pieces::{Kept, Recorded};
use super::sessions::Known;
use super::site_id::SiteId;
use crate::findings::is_short;
use crate::outcome::{Anomaly, CallSite, Outcome, Totals};
use crate::problem::{Problem, ProblemKind, Problems, Silence};
use crate::trace::{Stacks, Trace};

impl HeapModel {
    /// The answer, as of the last event.
    pub fn outcome(&self, trace: &Trace) -> Outcome {
        self.settled(trace).outcome_as_is(trace)
    }

    /// The answer as of the last event, about this moment alone: what is outstanding is what lives now, and not what
    /// each session has left. Behind a pause of the recording, that is also what lived before it and was not seen to
    /// end: how many bytes of each call site's are such, stands beside it. Nobody knows whether they were freed in the
    /// pause.
    pub fn outcome_now(&self, trace: &Trace) -> (Outcome, BTreeMap<SiteId, u64>) {
        let model = self.settled(trace);
        let mut outcome = model.outcome_as_is(trace);
        let held = model.carried.held();
        let totals = &mut outcome.totals;
        (totals.outstanding_blocks, totals.outstanding_bytes) = (0, 0);
        for site in &mut outcome.call_sites {
            let own = &model.sites[site.id.index()];
            let before = held.get(&site.id).copied().unwrap_or_default();
            site.outstanding_blocks = own.live_blocks() + before.blocks;
            site.outstanding_bytes = own.live_bytes + before.bytes;
            totals.outstanding_blocks += site.outstanding_blocks;
            totals.outstanding_bytes += site.outstanding_bytes;
        }
        let unseen = held.iter().filter(|(_, held)| held.blocks > 0);
        (
            outcome,
            unseen.map(|(&site, held)| (site, held.bytes)).collect(),
        )
    }

    /// Without blocks that cannot live any more.
    fn settled(&self, trace: &Trace) -> Cow<'_, Self> {
        if self.ended_unseen().is_empty() {
            return Cow::Borrowed(self);
        }
        let mut model = self.clone();
        model.lose_all_overlapped(self.end(trace).0);
        Cow::Owned(model)
    }

    fn outcome_as_is(&self, trace: &Trace) -> Outcome {
        let (end, counts) = self.end(trace);
        let session = self.session_at(end);
        let mut past = self.known_past();
        let mut sessions = past.sessions.clone();
        sessions.push(session);
        let known = self.known_of(trace);
        let records = self.records(end, &known, &mut past);
        let recorded = Recorded::of(&sessions).filter(|_| past.joined == 0);
        let has_losses = self.gaps.lost_any() || !known.missing.is_empty();
        let kept = recorded.map(|recorded| {
            let kept = Kept::of(&self.carried, &self.blocks, end, known.pool, has_losses);
            (recorded, kept)
        });
        let ids = (0..).map(SiteId::new);
        let mut call_sites: Vec<CallSite> = (ids.zip(records).zip(self.keys.list()))
            .filter_map(|((id, record), key)| {
                let stacks = trace.stacks();
                let certainty = key.certainty(stacks);
                record.call_site(
                    id,
                    key.split(stacks),
                    certainty,
                    &self.contexts,
                    kept.as_ref(),
                )
            })
            .collect();
        call_sites.sort_by_key(CallSite::rank);
        let mut place = vec![None; self.sites.len()];
        for (new, site) in call_sites.iter().enumerate() {
            place[site.id.index()] = Some(new);
        }
        let mut peak = self.peak();
        peak.holders = peak
            .holders
            .iter()
            .filter_map(|&(site, bytes)| Some((place[site]?, bytes)))
            .collect();
        for &(site, bytes) in &peak.holders {
            call_sites[site].bytes_at_peak = bytes;
        }
        let mut anomalies = self.judged_anomalies(&Order {
            has_several_cores: trace.target().cores.len() > 1,
            misses_core: !known.missing.is_empty()
                || Self::recorded_over_serial_link(trace)
                || Self::lacks_header(trace)
                || Self::lacks_bytes(trace),
            end,
            unnamed: trace.seldom_unnamed().collect(),
            torn: trace.torn_time(),
            whole: trace.whole_time(),
        });
        let double = doubtful(&anomalies, true, self.totals.double_frees);
        let wrong = doubtful(&anomalies, false, self.totals.wrong_frees);
        anomalies.truncate(Outcome::KEPT);
        let before = &self.before;
        let totals = Totals {
            events: counts.packets - before.packets,
            copies: counts.copies - before.copies,
            log_messages: counts.log_messages - before.log_messages,
            heap_events: counts.heap_events - before.heap_events,
            dropped_packets: counts.dropped - before.dropped,
            bytes: counts.bytes,
            end,
            outstanding_blocks: past.outstanding.0 + session.outstanding_blocks,
            outstanding_bytes: past.outstanding.1 + session.outstanding_bytes,
            cycles: self.totals.cycles + self.whole_cycles(),
            cycle_ticks: self.totals.cycle_ticks + self.cycle_ticks(),
            sessions: sessions.len() as u64 + past.joined,
            peak_bytes: peak.bytes,
            double_frees: self.totals.double_frees - double,
            wrong_frees: self.totals.wrong_frees - wrong,
            doubtful_frees: double + wrong,
            ..self.totals
        };
        let mut outcome = Outcome {
            target: trace.target(),
            totals,
            sessions,
            call_sites,
            tasks: trace.tasks().to_vec(),
            contexts: self.contexts.list(),
            heaps: self.heaps.of_all_sessions(),
            peak,
            anomalies,
            failed_allocations: self.failed.clone(),
            problems: Vec::new(),
        };
        outcome.problems = self.all_problems(trace, &outcome, past.joined);
        outcome
    }

    fn known_of(&self, trace: &Trace) -> Known {
        let counts = trace.counts();
        // Where there were sessions before, packets are taken to be spread as heap events are.
        let packets = u128::from(counts.packets) * u128::from(self.session.heap_events)
            / u128::from(counts.heap_events.max(1));
        Known {
            idle_since: trace.idle_since(),
            second: trace.target().timestamp_hz.into(),
            packets: packets as u64,
            has_one_clock: trace.is_one_stream(),
            missing: trace.missing_parts(),
            pool: self.pool(trace.stacks()),
            pauses: false,
        }
    }

    fn all_problems(&self, trace: &Trace, outcome: &Outcome, joined: u64) -> Vec<Problem> {
        let (totals, length) = (&outcome.totals, outcome.length());
        let missing = trace.missing_parts();
        let mut problems = Problems::default();
        for problem in trace.problems().list() {
            // Of a part among others, it is said that it is missing.
            if problem.kind != ProblemKind::NotSystemView || missing.is_empty() {
                problems.add_all(problem);
            }
        }
        for part in missing {
            let core = part.core;
            let kind = match part.since {
                None => ProblemKind::CoreMissing { core },
                Some(since) => ProblemKind::CoreEndsEarly {
                    core,
                    ticks: trace.end().saturating_sub(since),
                },
            };
            if !problems.has(&kind) {
                problems.add(kind, part.input, None, part.since);
            }
        }
        for problem in self.problems.list() {
            problems.add_all(problem);
        }
        let mut note = |kind| problems.add(kind, 0, None, None);
        if trace.counts().packets == 0 {
            if !trace.problems().has(&ProblemKind::NotSystemView) {
                note(ProblemKind::Empty);
            }
            return problems.list().to_vec();
        }
        if trace.target().timestamp_hz == 0 {
            note(ProblemKind::NoInit);
        }
        if Self::recorded_over_serial_link(trace) {
            note(ProblemKind::OneCoreOnly);
        }
        if trace.stacks().overflowed() {
            let kept = Stacks::MOST as u64;
            note(ProblemKind::TooManyStacks { kept });
        }
        if length == 0 && totals.events > 100 {
            note(ProblemKind::ClockStands);
        } else if totals.outstanding_blocks > 0
            && is_short(length, trace.target().timestamp_hz.into())
        {
            note(ProblemKind::TooShort { ticks: length });
        }
        if totals.heap_events == 0 {
            note(ProblemKind::NoHeapEvents(self.silence(trace)));
        } else if totals.allocations > 0 && !self.keys.saw_stack {
            note(ProblemKind::NoCallStacks);
        }
        if let Some(frees) = self.frees_of_unseen() {
            note(ProblemKind::AllocationsUnseen { frees });
        }
        if joined > 0 || totals.double_frees + totals.wrong_frees > Outcome::KEPT as u64 {
            note(ProblemKind::TooMany);
        }
        problems.list().to_vec()
    }

    fn silence(&self, trace: &Trace) -> Silence {
        let unnamed = ProblemKind::UnnamedModuleEvents { id: 0 };
        let is_unnamed = trace.problems().has(&unnamed) && trace.counts().heap_events == 0;
        let is_part = self.part_end.is_some() || self.before.packets > 0;
        match (is_unnamed, is_part) {
            (true, _) => Silence::Unnamed,
            (false, true) => Silence::InPart,
            (false, false) if trace.has_recorder() => Silence::OfRecorder,
            (false, false) => Silence::Untraced,
        }
    }

    /// Over a serial line Espressif's recorder sends no descriptions of modules, and one core's events.
    fn recorded_over_serial_link(trace: &Trace) -> bool {
        let guessed = ProblemKind::HeapModuleGuessed { id: 0 };
        trace.problems().has(&guessed) && !trace.has_modules() && Self::has_two_cores(trace)
    }

    /// Whether bytes of a core are missing, and nobody knows where.
    fn lacks_bytes(trace: &Trace) -> bool {
        let mut problems = trace.problems().list().iter();
        problems.any(|problem| matches!(problem.kind, ProblemKind::CoreBeginsEarly { .. }))
    }

    /// Without the header that says where each core's part begins, one part is read behind the other.
    fn lacks_header(trace: &Trace) -> bool {
        let before = ProblemKind::BeforeStart { bytes: 0 };
        trace.problems().has(&before)
            && trace.target().cores.len() == 1
            && Self::has_two_cores(trace)
    }

    fn has_two_cores(trace: &Trace) -> bool {
        let device = trace.target().device.unwrap_or_default();
        let device = device.to_ascii_lowercase().replace('-', "");
        TWO_CORES.contains(&device.as_str())
    }
}

/// Espressif's chips with two cores that run one FreeRTOS, as `SYSDESC` names them.
const TWO_CORES: [&str; 4] = ["esp32", "esp32s3", "esp32p4", "esp32h4"];

/// How many of `all` double frees, or wrong ones, are in doubt. Of those that are not listed nothing more is known than that others
/// of the kind are: then they prove nothing.
fn doubtful(anomalies: &[Anomaly], is_double: bool, all: u64) -> u64 {
    let of_kind = |anomaly: &&Anomaly| anomaly.kind.is_double() == is_double;
    let listed = anomalies.iter().filter(of_kind);
    let (doubtful, proven): (Vec<_>, Vec<_>) = listed.partition(|anomaly| anomaly.is_doubtful);
    if doubtful.is_empty() {
        0
    } else {
        all - proven.len() as u64
    }
}
