//! Perfetto's trace: packets, each of which holds a time and one message.
//!
//! - [`packet`] writes packets, and the tables of what they refer to by number.
//! - [`tracks`] names what is drawn in a row of its own, [`schedule`] says who ran and who was ready.
//! - [`heaps`] are those that the target told apart: [`profile`] is the flame graph of each, [`level`] the bytes that live.
//!
//! Numbers of fields are those of the format's own descriptions, `protos/perfetto/trace` of github.com/google/perfetto.
mod heaps;
mod level;
mod packet;
mod profile;
mod schedule;
mod tracks;

use std::io;

use leakscope_analysis::heap::{Completes, Effect};
use leakscope_analysis::trace::{Event, EventKind, Switch, Trace};
use leakscope_report::log::LogRow;
use leakscope_report::sanitise;
use leakscope_systemview::Level as Urgency;

use crate::Output;
use crate::facts::Facts;
use crate::lives::{Change, What};
use crate::selection::Selection;
use crate::sink::{Effected, Sink};
use level::Level;
use packet::{Argument, Happening, Packets};
use profile::Profile;
use schedule::{Schedule, State};
use tracks::{Track, Tracks};

/// A trace that is being written.
pub(crate) struct Perfetto<'r> {
    facts: &'r Facts<'r>,
    packets: Packets<'r>,
    tracks: Tracks<'r>,
    schedule: Schedule,
    level: Level,
    /// Of each heap that the target told apart.
    levels: Vec<Level>,
    profile: Profile,
    selection: Selection,
    last: u64,
}

impl<'r> Perfetto<'r> {
    pub(crate) fn new(
        facts: &'r Facts<'r>,
        selection: &Selection,
        out: Output<'r>,
    ) -> io::Result<Self> {
        let packets = Packets::new(facts, out)?;
        Ok(Self {
            facts,
            levels: packets.heaps.iter().map(|_| Level::default()).collect(),
            packets,
            tracks: Tracks::new(facts),
            schedule: Schedule::default(),
            level: Level::default(),
            profile: Profile::new(facts, selection),
            selection: selection.clone(),
            last: 0,
        })
    }

    /// Something happens on a track at a moment, in nanoseconds.
    fn happening(&mut self, time: u64, track: Track, happening: &Happening<'_>) -> io::Result<()> {
        let track = self.tracks.define(track, &mut self.packets)?;
        self.packets.happening(time, track, happening)
    }

    fn change(&mut self, time: u64, effected: &Effected<'_>, change: &Change) -> io::Result<()> {
        let name = match (change.what, effected.effect) {
            (What::Begins, Some(effect)) if is_reallocation(effect) => "realloc",
            (What::Begins, _) => "alloc",
            (What::Freed, _) => "free",
            (What::Lost, _) => "free not seen",
            (What::Outstanding, _) => return Ok(()),
        };
        let block = &change.known.block;
        let is_end = matches!(change.what, What::Freed | What::Lost);
        let happening = Happening::Instant {
            name,
            stack: Some(self.packets.stack(change.known.site, None)),
            block: Some((change.number, is_end)),
            arguments: &[
                ("address", Argument::Address(block.address)),
                ("size", Argument::Number(block.size)),
            ],
        };
        let track = Track::of(effected.now.context, effected.now.core);
        self.happening(time, track, &happening)
    }

    /// An instant with a name and perhaps something that is known of it.
    fn instant(
        &mut self,
        time: u64,
        track: Track,
        name: &str,
        arguments: &[(&str, Argument<'_>)],
    ) -> io::Result<()> {
        let happening = Happening::Instant {
            name,
            stack: None,
            block: None,
            arguments,
        };
        self.happening(self.facts.nanoseconds(time), track, &happening)
    }

    /// The bytes that live from now on, in all and by heaps.
    fn set_levels(&mut self, now: u64, effected: &Effected<'_>) -> io::Result<()> {
        let is_shown = effected.is_chosen && self.selection.task.is_none();
        if is_shown {
            let values = self.level.take_until(now);
            self.write_level(&values, Track::Live)?;
            self.level.bytes = effected.live_bytes;
            self.level.note(now);
        }
        let Some(effect) = effected.effect.filter(|_| !self.levels.is_empty()) else {
            return Ok(());
        };
        if *effect == Effect::Restart {
            self.levels.iter_mut().for_each(|level| level.bytes = 0);
        }
        let changes = [
            (effect.began(), 1),
            (effect.ended(), -1),
            (effect.lost(), -1),
        ];
        for (block, sign) in changes {
            let Some(block) = block.map(|known| known.block) else {
                continue;
            };
            if let Some(heap) = self.packets.heaps.place(block.address) {
                let values = self.levels[heap].take_until(now);
                self.write_levels_in(heap, &values)?;
                let level = &mut self.levels[heap];
                level.bytes = level.bytes.saturating_add_signed(sign * block.size as i64);
                if is_shown {
                    level.note(now);
                }
            }
        }
        Ok(())
    }

    fn write_level(&mut self, values: &[(u64, u64)], track: Track) -> io::Result<()> {
        let mut values = values.iter();
        values.try_for_each(|&(time, bytes)| self.happening(time, track, &Happening::Value(bytes)))
    }

    /// What lives in a heap, which is told of the only one already; and what is free there.
    fn write_levels_in(&mut self, heap: usize, values: &[(u64, u64)]) -> io::Result<()> {
        if self.packets.heaps.are_several() {
            self.write_level(values, Track::LiveIn(heap))?;
        }
        let size = self.packets.heaps.size(heap);
        let free = values
            .iter()
            .map(|&(time, bytes)| (time, size.saturating_sub(bytes)));
        self.write_level(&free.collect::<Vec<_>>(), Track::FreeIn(heap))
    }

    /// Draws who runs and who is ready from now on.
    fn draw(&mut self, time: u64) -> io::Result<()> {
        for change in self.schedule.take_changes() {
            let track = Track::of(change.context.unwrap_or_default(), change.core);
            let name;
            let happening = match change.begins {
                Some(State::Ready) => Happening::Begin("ready"),
                Some(State::Running) => Happening::Begin("running"),
                Some(State::On(context)) => {
                    name = self.tracks.names.of(context);
                    Happening::Begin(&name)
                }
                None => Happening::End,
            };
            self.happening(self.facts.nanoseconds(time), track, &happening)?;
        }
        Ok(())
    }

    fn log(&mut self, row: &LogRow) -> io::Result<()> {
        let priority = match row.level {
            Urgency::Log => 4,
            Urgency::Warning => 5,
            Urgency::Error => 6,
        };
        let (context, text) = (sanitise(&row.context), sanitise(&row.text));
        let time = self.facts.nanoseconds(row.ticks);
        self.packets.log(time, priority, &context, text.trim_end())
    }
}

/// Whether an effect is a reallocation, or the second half of one.
fn is_reallocation(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Reallocation { .. }
            | Effect::Allocation {
                completes: Completes::Reallocation | Completes::RetriedReallocation,
                ..
            }
    )
}

impl Sink for Perfetto<'_> {
    fn effect(&mut self, effected: &Effected<'_>) -> io::Result<()> {
        let time = effected.now.time;
        self.last = self.last.max(time);
        let now = self.facts.nanoseconds(time);
        self.profile.until(now, &mut self.packets)?;
        for change in effected.changes {
            self.change(now, effected, change)?;
            let heap = self.packets.heaps.place_among(change.known.block.address);
            self.profile.add(change, heap);
        }
        if let (true, Some(Effect::Failed { size, .. })) = (effected.is_chosen, effected.effect) {
            let track = Track::of(effected.now.context, effected.now.core);
            let wanted = ("size", Argument::Number(*size));
            self.instant(time, track, "failed allocation", &[wanted])?;
        }
        self.set_levels(now, effected)
    }

    fn switched(&mut self, switch: &Switch) -> io::Result<()> {
        self.last = self.last.max(switch.time);
        if switch.time < self.selection.from || self.selection.task.is_some() {
            return Ok(());
        }
        self.schedule
            .switched(switch.id, switch.core, switch.running);
        self.draw(switch.time)
    }

    fn event(&mut self, event: &Event<'_>, is_chosen: bool, trace: &Trace) -> io::Result<()> {
        let time = event.time;
        if time >= self.selection.from && self.selection.task.is_none() {
            self.schedule.observe(event, trace);
            let since = match event.kind {
                // Of a gap is told at its end; rows end where it begins, but not before what they show already.
                EventKind::Gap { from, .. } => from.max(self.last).min(time),
                _ => time,
            };
            self.draw(since)?;
        }
        self.last = self.last.max(time);
        if !is_chosen {
            return Ok(());
        }
        match event.kind {
            EventKind::Log(_) | EventKind::LogInElf { .. } => {
                match LogRow::new(event, trace, self.facts.program) {
                    Some(row) => self.log(&row),
                    None => Ok(()),
                }
            }
            EventKind::Mark { marker } => {
                let name = trace.marker(marker).map(sanitise);
                let name =
                    name.map_or_else(|| format!("mark {marker}"), std::borrow::Cow::into_owned);
                self.instant(time, Track::Marks, &name, &[])
            }
            EventKind::Gap {
                from,
                packets,
                bytes,
            } => {
                let track = Track::Lost(event.core);
                let words = match packets {
                    Some(packets) => format!("{packets} packets lost"),
                    None => format!("{bytes} bytes not read"),
                };
                let [from, to] = [from, time].map(|ticks| self.facts.nanoseconds(ticks));
                self.happening(from, track, &Happening::Begin(&words))?;
                self.happening(to, track, &Happening::End)
            }
            _ => Ok(()),
        }
    }

    fn finish(mut self: Box<Self>) -> io::Result<Vec<String>> {
        self.schedule.end();
        self.draw(self.last)?;
        let end = self.facts.nanoseconds(self.last);
        let values = self.level.take();
        self.write_level(&values, Track::Live)?;
        for heap in 0..self.levels.len() {
            let values = self.levels[heap].take();
            self.write_levels_in(heap, &values)?;
        }
        self.profile.dump(end, &mut self.packets)?;
        for (site, [first, last]) in self.profile.left_behind() {
            let Some(report) = self.facts.site(site).filter(|_| self.facts.leaks(site)) else {
                continue;
            };
            let (verdict, reason) = (sanitise(&report.verdict), sanitise(&report.reason));
            let mut moments = vec![first, last];
            moments.dedup();
            for time in moments {
                let why = ("reason", Argument::Text(&reason));
                self.instant(time, Track::Verdicts, &verdict, &[why])?;
            }
        }
        self.packets.close()?;
        let mut losses = vec![
            "frames of the allocator: call stacks begin above them, as in the report".to_owned(),
        ];
        losses.extend(self.facts.clock_loss());
        Ok(losses)
    }
}
