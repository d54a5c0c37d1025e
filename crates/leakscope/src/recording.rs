//! Reading inputs into an analysis.

use std::io::{self, IsTerminal};

use std::path::PathBuf;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use leakscope_analysis::describe::DescriptionFile;
use leakscope_analysis::dump;
use leakscope_analysis::trace::{Event, HEAD, Layout, Step, Trace};
use leakscope_capture::Input;
use leakscope_report::naming::Naming;
use leakscope_report::{Report, json};
use leakscope_systemview::{Header, sync};

use crate::no_events::NoEvents;
use crate::screen;

/// The inputs that the user named, open, and where in them the streams of packets are.
pub(crate) struct Recording {
    inputs: Vec<Input>,
    pub(crate) layout: Layout,
    /// The first byte of each stream that was not read yet.
    positions: Vec<u64>,
    progress: ProgressBar,
}

impl Recording {
    /// Opens inputs. What had to be done to read them is told to the user.
    pub(crate) fn open(names: &[String]) -> anyhow::Result<Self> {
        let inputs = leakscope_capture::open(names)?;
        for input in &inputs {
            for note in input.notes() {
                screen::note(&format!("{}: {note}", input.name()));
            }
        }
        Self::of(inputs)
    }

    /// Inputs that are open.
    pub(crate) fn of(mut inputs: Vec<Input>) -> anyhow::Result<Self> {
        let mut length = 0;
        for input in &inputs {
            length += input.length().unwrap_or(0);
        }
        let layout = layout_of(&mut inputs)?;
        Ok(Self {
            positions: layout.parts.iter().map(|part| part.start).collect(),
            progress: progress_bar(length),
            inputs,
            layout,
        })
    }

    /// The inputs alone: somebody else reads them.
    pub(crate) fn into_inputs(self) -> Vec<Input> {
        self.inputs
    }

    /// Looks again at the front of inputs that are being written, and reads from their beginning if the
    /// streams are others than was thought. Whether that is so.
    pub(crate) fn look_again(&mut self) -> anyhow::Result<bool> {
        let layout = layout_of(&mut self.inputs)?;
        if layout == self.layout {
            return Ok(false);
        }
        self.positions = layout.parts.iter().map(|part| part.start).collect();
        self.layout = layout;
        Ok(true)
    }

    /// Reads from the first start sequence on, if that is seen already and is not at the front; whether it
    /// was so.
    pub(crate) fn skip_to_start(&mut self) -> bool {
        let head = self.head();
        let [part] = self.layout.parts.as_mut_slice() else {
            return false;
        };
        let start = sync::find(&head, part.start as usize, part.core_bit);
        match start {
            Some(start) if start as u64 > part.start => {
                part.start = start as u64;
                self.positions = vec![part.start];
                true
            }
            _ => false,
        }
    }

    /// The first bytes of the first input.
    pub(crate) fn head(&mut self) -> Vec<u8> {
        let first = self.inputs.first_mut();
        first
            .and_then(|input| input.head(HEAD).ok())
            .unwrap_or_default()
    }

    /// The names of the inputs, as the user would call them.
    pub(crate) fn names(&self) -> Vec<String> {
        self.inputs
            .iter()
            .map(|input| input.name().to_owned())
            .collect()
    }

    /// Reads more bytes of a stream into `buffer`; returns how many, 0 at its end.
    pub(crate) fn read(&mut self, stream: usize, buffer: &mut [u8]) -> anyhow::Result<usize> {
        let part = self.layout.parts[stream];
        let position = &mut self.positions[stream];
        let room = match part.end {
            Some(end) => buffer.len().min(end.saturating_sub(*position) as usize),
            None => buffer.len(),
        };
        let input = &mut self.inputs[part.input];
        let count = input
            .read_at(*position, &mut buffer[..room])
            .with_context(|| format!("`{}` cannot be read on", input.name()))?;
        *position += count as u64;
        self.progress.inc(count as u64);
        Ok(count)
    }

    /// Names for events: from the user's description files, and from what the inputs say of themselves.
    pub(crate) fn naming(&mut self, descriptions: &[PathBuf]) -> anyhow::Result<Naming> {
        let mut naming = described(descriptions)?;
        for input in &mut self.inputs {
            naming.learn_header(&input.head(HEAD)?);
        }
        Ok(naming)
    }

    /// The heap dumps in a console's log, if that is what the user named.
    pub(crate) fn dumps(&mut self) -> anyhow::Result<Option<dump::Log>> {
        let [input] = self.inputs.as_mut_slice() else {
            return Ok(None);
        };
        let head = input.head(HEAD)?;
        if !dump::is_text(&head) || Header::parse(&head).data > 0 {
            return Ok(None);
        }
        let text = input
            .head(usize::MAX)
            .with_context(|| format!("`{}` cannot be read on", input.name()))?;
        Ok(Some(dump::Log::read(&text)).filter(|log| !log.dumps.is_empty()))
    }

    /// The report in a JSON file, if that is what the user named.
    pub(crate) fn saved_report(&mut self) -> anyhow::Result<Option<Report>> {
        let [input] = self.inputs.as_mut_slice() else {
            return Ok(None);
        };
        let head = input.head(HEAD)?;
        if !dump::is_text(&head) || !head.trim_ascii_start().starts_with(b"{") {
            return Ok(None);
        }
        let text = input
            .head(usize::MAX)
            .with_context(|| format!("`{}` cannot be read on", input.name()))?;
        match json::read(&text) {
            Ok(report) => Ok(Some(report)),
            // The log of a device that prints JSON beside its dump.
            Err(_) if !dump::Log::read(&text).dumps.is_empty() => Ok(None),
            Err(error) => Err(error).with_context(|| format!("`{}`", input.name())),
        }
    }

    /// A recording in which nothing could be read is an error: there is nothing to report on.
    pub(crate) fn require_events(&mut self, events: u64) -> Result<(), NoEvents> {
        if events > 0 {
            return Ok(());
        }
        let heads = self.inputs.iter_mut().map(|input| {
            let name = input.name().to_owned();
            (name, input.head(HEAD).unwrap_or_default())
        });
        Err(NoEvents::of(heads))
    }

    /// As [`Recording::require_events`], for who does not read the recording here.
    pub(crate) fn require_some_event(&mut self) -> anyhow::Result<()> {
        let mut trace = Trace::new(&self.layout);
        let positions = self.positions.clone();
        let events = loop {
            match trace.step() {
                Step::Event(..) => break 1,
                Step::NeedBytes(stream) => {
                    let count = self.read(stream, trace.space(stream))?;
                    trace.supply(stream, count);
                }
                Step::Finished => break 0,
            }
        };
        self.positions = positions;
        self.finish();
        Ok(self.require_events(events)?)
    }

    /// Everything was read.
    pub(crate) fn finish(&self) {
        self.progress.finish_and_clear();
    }
}

/// Names for events, from the user's description files.
pub(crate) fn described(descriptions: &[PathBuf]) -> anyhow::Result<Naming> {
    let mut files = Vec::new();
    for path in descriptions {
        let shown = path.display();
        let text = std::fs::read(path).with_context(|| format!("`{shown}` cannot be read"))?;
        let (file, problems) = DescriptionFile::parse(&String::from_utf8_lossy(&text));
        for problem in problems {
            screen::note(&format!("{shown}: {problem}"));
        }
        files.push(file);
    }
    Ok(Naming::new(files))
}

/// Where in the inputs the streams are.
fn layout_of(inputs: &mut [Input]) -> anyhow::Result<Layout> {
    let mut heads = Vec::new();
    for input in inputs {
        let head = input.head(HEAD);
        heads.push(head.with_context(|| format!("`{}` cannot be read", input.name()))?);
    }
    let heads: Vec<&[u8]> = heads.iter().map(Vec::as_slice).collect();
    Ok(Layout::of(&heads))
}

/// Shows every event of a recording to `see`.
pub(crate) fn each_event(
    recording: &mut Recording,
    trace: &mut Trace,
    mut see: impl FnMut(&Event<'_>, &Trace) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    loop {
        match trace.step() {
            Step::Event(event, trace) => see(&event, trace)?,
            Step::NeedBytes(stream) => {
                let count = recording.read(stream, trace.space(stream))?;
                trace.supply(stream, count);
            }
            Step::Finished => break,
        }
    }
    recording.finish();
    Ok(())
}

/// Reading a long recording shows how far it is, if somebody looks and nothing else is being printed.
fn progress_bar(length: u64) -> ProgressBar {
    /// What is shorter is read before anybody wonders.
    const LONG: u64 = 32 << 20;
    if length < LONG || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("reading {bar:40} {bytes}/{total_bytes} ({eta} left)");
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
