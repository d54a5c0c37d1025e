//! The part of a recording that was asked for, and what to say if nothing is in it.

use std::time::Duration;

use anyhow::{Context, bail};
use leakscope_analysis::outcome::Target;
use leakscope_analysis::trace::{Step, Task, Trace};
use leakscope_report::filter::Filter;
use leakscope_report::units::{Clock, duration_of_seconds};

use crate::cli::{Part, Period};
use crate::recording::OpenRecording;

impl Part {
    /// All kinds of events in this part.
    pub(super) fn filter(&self) -> Filter {
        Filter {
            task: self.task.clone(),
            from: self.period.from.map(|time| time.as_secs_f64()),
            to: self.period.to.map(|time| time.as_secs_f64()),
            grep: self.grep.clone(),
            ..Filter::default()
        }
    }

    /// As [`Part::filter`], with the clock that the recording tells of, at whatever place.
    pub(super) fn filter_of(&self, recording: &mut OpenRecording) -> anyhow::Result<Filter> {
        let mut filter = self.filter();
        if filter.has_period() {
            let hz = ticks_of_a_second(recording)?;
            let times = [(self.period.from, "--from"), (self.period.to, "--to")];
            for (time, option) in times {
                time.map(|time| tick(time, Clock::new(hz, 0), option))
                    .transpose()?;
            }
            filter.hz = Some(hz);
        }
        Ok(filter)
    }

    /// Why nothing is in the part, if it begins behind the end of what was read. Where the clock's rate is not known,
    /// nothing can be said.
    pub(super) fn behind_the_end(&self, trace: &Trace) -> Option<String> {
        behind_the_end(self.period.from?, trace.end(), trace.target().timestamp_hz)
    }

    /// Whether all of a recording is meant.
    pub(super) fn is_all(&self) -> bool {
        self.period.is_all() && self.task.is_none() && self.grep.is_none()
    }
}

impl Period {
    /// Nothing lies between a time and an earlier one.
    pub(super) fn require_order(&self) -> anyhow::Result<()> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            bail!("--from has to be earlier than --to");
        }
        Ok(())
    }

    pub(super) fn is_all(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }
}

/// Says that a part begins behind the end of a recording.
pub(super) fn behind_the_end(from: Duration, end: u64, hz: u32) -> Option<String> {
    let end = Clock::new(hz, end).seconds(end)?;
    let from = from.as_secs_f64();
    (from > end).then(|| {
        format!(
            "nothing: --from {} is behind the end of the recording, at {}",
            duration_of_seconds(from),
            duration_of_seconds(end)
        )
    })
}

/// The tick of a moment that was typed as `option`.
pub(super) fn tick(time: Duration, clock: Clock, option: &str) -> anyhow::Result<u64> {
    let tick = clock.tick(time.as_secs_f64());
    tick.with_context(|| {
        format!("the recording does not say how fast its clock is: {option} cannot be looked up")
    })
}

/// Ticks of a second, as the recording says wherever in it, most often at its beginning; 0 if it does not.
fn ticks_of_a_second(recording: &mut OpenRecording) -> anyhow::Result<u32> {
    let mut trace = Trace::new(&recording.layout);
    while let Step::Event(event, trace) = trace.step(&mut *recording)? {
        let hz = trace.init(&event).map_or(0, |init| init.timestamp_hz);
        if hz > 0 {
            return Ok(hz);
        }
    }
    Ok(0)
}

/// Whether an event was in what has this name.
fn runs(recording: &mut OpenRecording, name: &str) -> anyhow::Result<bool> {
    let filter = Filter {
        task: Some(name.to_owned()),
        ..Filter::default()
    };
    let mut trace = Trace::new(&recording.layout);
    while let Step::Event(event, trace) = trace.step(&mut *recording)? {
        if filter.matches(&event, trace) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An error that lists the tasks, if nothing that runs has the name that was asked for. The events are read for a name that is neither
/// a task's nor a named interrupt's.
pub(super) fn require_task(
    name: Option<&str>,
    tasks: &[Task],
    target: &Target,
    recording: &mut OpenRecording,
) -> anyhow::Result<()> {
    let Some(name) = name else {
        return Ok(());
    };
    let mut names: Vec<String> = tasks.iter().map(Task::display_name).collect();
    names.sort();
    names.dedup();
    let is_interrupt = target.interrupts.iter().any(|(_, known)| known == name);
    if is_interrupt || names.iter().any(|known| known == name) || runs(recording, name)? {
        return Ok(());
    }
    bail!("no task is called `{name}`; there are {}", names.join(", "))
}

/// An error that says which cores there are, if the one that was asked for is none of them.
pub(super) fn require_core(number: Option<u8>, cores: usize) -> anyhow::Result<()> {
    match number {
        Some(number) if usize::from(number) >= cores => match cores {
            0 | 1 => bail!("there is no core {number}: the recording has core 0 alone"),
            some => bail!(
                "there is no core {number}: the recording has cores 0 to {}",
                some - 1
            ),
        },
        _ => Ok(()),
    }
}
