//! Perfetto's trace: packets, each of which holds a time and one message.
//!
//! - [`packet`] writes packets, and the tables of what they refer to by number.
//! - [`tracks`] names what is drawn in a row of its own, [`schedule`] says who ran and who was ready.
//! - [`profile`] is the heap's flame graph, [`level`] the bytes that live.
//!
//! Numbers of fields are those of the format's own descriptions, `protos/perfetto/trace` of github.com/google/perfetto.
mod level;
mod packet;
mod profile;
mod schedule;
mod tracks;

use std::io;

use leakscope_analysis::heap::{Completes, Effect};
use leakscope_analysis::trace::{Context, Event, EventKind, Switch, Trace};
use leakscope_report::log::LogRow;
use leakscope_report::sanitise;
use leakscope_systemview::Level as Urgency;

use crate::Output;
use crate::facts::{Facts, Names};
use crate::lives::{Change, What};
use crate::selection::Selection;
use crate::sink::{Effected, Sink};
use level::Level;
use packet::{Argument, Happening, Packets};
use profile::Profile;
use schedule::Schedule;
use tracks::{Track, Tracks};

/// A trace that is being written.
pub(crate) struct Perfetto<'r> {
    facts: &'r Facts<'r>,
    names: Names<'r>,
    packets: Packets<'r>,
    tracks: Tracks,
    schedule: Schedule,
    level: Level,
    profile: Profile,
    selection: Selection,
    revived: u64,
    last: u64,
}

impl<'r> Perfetto<'r> {
    pub(crate) fn new(facts: &'r Facts<'r>, selection: &Selection, out: Output<'r>) -> Self {
        Self {
            facts,
            names: Names::new(facts),
            packets: Packets::new(facts, out),
            tracks: Tracks::default(),
            schedule: Schedule::default(),
            level: Level::default(),
            profile: Profile::new(facts, selection),
            selection: selection.clone(),
            revived: 0,
            last: 0,
        }
    }

    fn define(&mut self, track: Track) -> io::Result<u64> {
        let names = &mut self.names;
        let program = self.facts.program_name();
        self.tracks
            .define(track, &program, &mut self.packets, |context| {
                names.of(context)
            })
    }

    fn change(&mut self, effected: &Effected<'_>, change: &Change) -> io::Result<()> {
        let name = match (change.what, effected.effect) {
            (What::Begins, Some(effect)) if is_reallocation(effect) => "realloc",
            (What::Begins, _) => "alloc",
            (What::Freed, _) => "free",
            (What::Lost, _) => "free not seen",
            (What::Revived, _) => "not freed after all",
            (What::Outstanding, _) => return Ok(()),
        };
        self.revived += u64::from(change.what == What::Revived);
        let track = self.define(track(effected.now.context, effected.now.core))?;
        let block = &change.known.block;
        let stack = self.packets.stack(change.known.site)?;
        let name = self.packets.name(name)?;
        let arguments = [
            (
                self.packets.argument("address")?,
                Argument::Address(block.address),
            ),
            (self.packets.argument("size")?, Argument::Number(block.size)),
        ];
        let is_end = matches!(change.what, What::Freed | What::Lost);
        self.packets.happening(
            self.facts.nanoseconds(effected.now.time),
            track,
            &Happening::Instant {
                name,
                stack: Some(stack),
                block: Some((change.number, is_end)),
                arguments: &arguments,
            },
        )
    }

    /// An instant with a name and perhaps some text.
    fn instant(
        &mut self,
        time: u64,
        track: Track,
        name: &str,
        text: Option<(&str, &str)>,
    ) -> io::Result<()> {
        let track = self.define(track)?;
        let name = self.packets.name(name)?;
        let argument = match text {
            Some((label, text)) => Some((self.packets.argument(label)?, Argument::Text(text))),
            None => None,
        };
        let happening = Happening::Instant {
            name,
            stack: None,
            block: None,
            arguments: argument.as_slice(),
        };
        let time = self.facts.nanoseconds(time);
        self.packets.happening(time, track, &happening)
    }

    /// Draws who runs and who is ready from now on.
    fn draw(&mut self, time: u64) -> io::Result<()> {
        for change in self.schedule.take_changes() {
            let track = match change.context {
                Some(Context::Task(task)) => self.define(Track::Task(task))?,
                _ => self.define(Track::Core(change.core))?,
            };
            let happening = match change.begins {
                Some(schedule::State::Ready) => Happening::Begin(self.packets.name("ready")?),
                Some(schedule::State::Running) => Happening::Begin(self.packets.name("running")?),
                Some(schedule::State::On(context)) => {
                    let name = self.names.of(context);
                    Happening::Begin(self.packets.name(&name)?)
                }
                None => Happening::End,
            };
            let time = self.facts.nanoseconds(time);
            self.packets.happening(time, track, &happening)?;
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

/// The track of what runs in a context: the task's own, or its core's.
fn track(context: Context, core: u8) -> Track {
    match context {
        Context::Task(task) => Track::Task(task),
        _ => Track::Core(core),
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
            self.change(effected, change)?;
            self.profile.add(change);
        }
        if !effected.is_chosen {
            return Ok(());
        }
        if let Some(Effect::Failed { size, .. }) = effected.effect {
            let place = track(effected.now.context, effected.now.core);
            self.instant(
                time,
                place,
                "failed allocation",
                Some(("size", &size.to_string())),
            )?;
        }
        if self.selection.task.is_none() {
            let track = self.define(Track::Level)?;
            self.level
                .set(now, effected.live_bytes, track, &mut self.packets)?;
        }
        Ok(())
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
        self.last = self.last.max(time);
        if time >= self.selection.from && self.selection.task.is_none() {
            self.schedule.observe(event, trace);
            self.draw(time)?;
        }
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
                self.instant(time, Track::Marks, &name, None)
            }
            EventKind::Gap {
                from,
                packets,
                bytes,
            } => {
                let track = self.define(Track::Lost(event.core))?;
                let words = match packets {
                    Some(packets) => format!("{packets} packets lost"),
                    None => format!("{bytes} bytes not read"),
                };
                let name = self.packets.name(&words)?;
                let [from, to] = [from, time].map(|ticks| self.facts.nanoseconds(ticks));
                self.packets
                    .happening(from, track, &Happening::Begin(name))?;
                self.packets.happening(to, track, &Happening::End)
            }
            _ => Ok(()),
        }
    }

    fn finish(mut self: Box<Self>) -> io::Result<Vec<String>> {
        self.schedule.end();
        self.draw(self.last)?;
        let end = self.facts.nanoseconds(self.last);
        self.level.flush(&mut self.packets)?;
        self.profile.finish(end, &mut self.packets)?;
        for (site, [first, last]) in self.profile.left_behind() {
            let Some(report) = self.facts.site(site).filter(|_| self.facts.leaks(site)) else {
                continue;
            };
            let (verdict, reason) = (sanitise(&report.verdict), sanitise(&report.reason));
            let mut moments = vec![first, last];
            moments.dedup();
            for time in moments {
                self.instant(time, Track::Verdicts, &verdict, Some(("reason", &reason)))?;
            }
        }
        self.packets.close()?;
        let mut losses = vec![
            "frames of the allocator: call stacks begin above them, as in the report".to_owned(),
        ];
        losses.extend(self.facts.clock_loss());
        if self.revived > 0 {
            losses.push(format!(
                "failed reallocations: in the flame graph, {} blocks that lived on count as freed and allocated again",
                self.revived
            ));
        }
        Ok(losses)
    }
}
