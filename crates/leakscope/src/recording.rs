//! Reading inputs into an analysis.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use leakscope_analysis::describe::DescriptionFile;
use leakscope_analysis::dump;
use leakscope_analysis::problem::ProblemKind;
use leakscope_analysis::trace::{EventKind, Feed, HEAD, HeapEvent, Layout, Step, Trace};
use leakscope_capture::{Gone, Input, is_same_file};
use leakscope_export::{Heaptrack, Profile};
use leakscope_report::naming::Naming;
use leakscope_report::units::counted;
use leakscope_report::{Report, json};
use leakscope_viewer::TraceInputs;

use crate::cli;
use crate::file_kind::FileKind;
use crate::named_file;
use crate::no_events::NoEvents;
use crate::screen::{self, Advised};
use crate::second_header;

/// The inputs that the user named, open, and where in them the streams of packets are.
pub(crate) struct OpenRecording {
    inputs: Vec<Input>,
    pub(crate) layout: Layout,
    /// Functions that an input has told of itself.
    code: Option<Heaptrack>,
    progress: ProgressBar,
    /// Whether more is being written to the inputs.
    grows: Arc<AtomicBool>,
    /// Whether it is somebody else who writes them.
    is_followed: bool,
}

impl OpenRecording {
    /// Opens inputs. What had to be done to read them is told to the user.
    pub(crate) fn open(names: &[String], unpacking: &cli::Unpacking) -> anyhow::Result<Self> {
        let mut inputs = leakscope_capture::open(names, unpacking.max_unpacked)?;
        refuse_repeated(&mut inputs)?;
        let mut code = None;
        for input in &mut inputs {
            // A file that cannot be read is told of with the next read.
            let head = input.head(HEAD).unwrap_or_default();
            if Heaptrack::is_one(&head) {
                code = Some(translate(input)?);
            }
            for note in input.notes() {
                screen::note(&format!("{}: {note}", input.name()));
            }
            if let Some(kind) = FileKind::certain(&head) {
                return Err(NoEvents::new(input.name().to_owned(), kind).into());
            }
        }
        let mut recording = Self::growing(inputs, &Arc::default())?;
        recording.layout.cut_inputs = leakscope_capture::cut(&recording.inputs);
        Ok(Self { code, ..recording })
    }

    /// Refuses what is read as a copy, to which nothing is added.
    pub(crate) fn require_growing(&self) -> Result<(), Advised> {
        match self.inputs.iter().find(|input| !input.may_grow()) {
            Some(input) => Err(cannot_follow(input.name(), "it is read as a copy")),
            None => Ok(()),
        }
    }

    /// Refuses a file that holds another recording behind the first, which would be taken for damage of the first.
    pub(crate) fn require_single(&mut self) -> anyhow::Result<()> {
        for input in &mut self.inputs {
            let name = input.name().to_owned();
            let second = second_header::find(input);
            if let Some(offset) = second.with_context(|| format!("`{name}` cannot be read"))? {
                let message = format!("`{name}` holds another recording behind byte {offset}");
                let hint =
                    "each recording is a file of its own: several are named one after the other";
                return Err(Advised { message, hint }.into());
            }
        }
        Ok(())
    }

    /// Inputs that are open, and to which more is written as long as `grows` says so.
    pub(crate) fn growing(mut inputs: Vec<Input>, grows: &Arc<AtomicBool>) -> anyhow::Result<Self> {
        let mut heads = Vec::new();
        for input in &mut inputs {
            let head = input.head(HEAD);
            heads.push(head.with_context(|| format!("`{}` cannot be read", input.name()))?);
        }
        let heads: Vec<&[u8]> = heads.iter().map(Vec::as_slice).collect();
        Ok(Self {
            layout: Layout::of(&heads),
            progress: progress_bar(length_of(&inputs)),
            inputs,
            code: None,
            grows: Arc::clone(grows),
            is_followed: false,
        })
    }

    /// The recording as the viewer reads it, again and again; `follow` says that more will be written to it.
    pub(crate) fn viewed(self, follow: bool) -> Box<dyn TraceInputs> {
        self.grows.store(follow, Ordering::Release);
        Box::new(Self {
            progress: ProgressBar::hidden(),
            is_followed: follow,
            ..self
        })
    }

    /// The functions that the recording has told of itself.
    pub(crate) fn take_code(&mut self) -> Option<Heaptrack> {
        self.code.take()
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
        let names = self.inputs.iter().map(Input::name);
        names.map(str::to_owned).collect()
    }

    /// Names for events: from the user's description files, and from what the inputs say of themselves.
    pub(crate) fn naming(&mut self, descriptions: &[PathBuf]) -> anyhow::Result<Naming> {
        let mut naming = described(descriptions)?;
        for input in &mut self.inputs {
            naming.learn_header(&input.head(HEAD)?);
        }
        Ok(naming)
    }

    /// The heap dumps in a console's log, if that is what the user named. Logs do not go together with others.
    pub(crate) fn dumps(&mut self) -> anyhow::Result<Option<dump::Log>> {
        if let [input] = self.inputs.as_mut_slice() {
            return dumps_in(input);
        }
        for input in &mut self.inputs {
            if dumps_in(input)?.is_some() {
                let name = input.name();
                return Err(Advised {
                    message: format!(
                        "`{name}` is a console's log with a heap dump, which is the heap at one moment: it cannot be \
                         read together with other files"
                    ),
                    hint: "`leakscope diff FIRST SECOND` compares two moments of one device",
                }
                .into());
            }
        }
        Ok(None)
    }

    /// A heap dump is refused: it has neither events nor log messages.
    pub(crate) fn refuse_dumps(&mut self) -> anyhow::Result<()> {
        if self.dumps()?.is_none() {
            return Ok(());
        }
        let message = format!(
            "`{}` is a console's log with a heap dump: it has blocks and call stacks, but no events",
            self.names().concat()
        );
        let hint = "`leakscope report` says what the dump holds, and `leakscope view` shows it";
        Err(Advised { message, hint }.into())
    }

    /// Return addresses in the call stacks, as many as tell the program that was running from any other.
    pub(crate) fn return_addresses(&mut self) -> anyhow::Result<Vec<u64>> {
        /// Distinct ones are more than enough.
        const ENOUGH: usize = 512;
        let mut addresses = BTreeSet::new();
        if let Some(log) = self.dumps()? {
            let records = log.dumps.iter().flat_map(|dump| &dump.records);
            addresses.extend(records.flat_map(|record| &record.allocated_by).copied());
            return Ok(addresses.into_iter().collect());
        }
        let mut trace = Trace::new(&self.layout);
        while let Step::Event(event, trace) = trace.step(&mut *self)? {
            if let EventKind::Heap(HeapEvent::Allocation { stack, .. }) = event.kind {
                addresses.extend(trace.stacks().frames(stack));
            }
            if addresses.len() >= ENOUGH {
                break;
            }
        }
        self.begin_again();
        Ok(addresses.into_iter().collect())
    }

    /// It is read from its beginning again: so that the user sees how far that is.
    pub(crate) fn begin_again(&self) {
        self.progress.reset();
    }

    /// The report in a JSON file, or what a profile of pprof's says, if that is what the user named.
    pub(crate) fn saved_report(&mut self) -> anyhow::Result<Option<Report>> {
        let [input] = self.inputs.as_mut_slice() else {
            return Ok(None);
        };
        let head = input.head(HEAD)?;
        if Profile::may_be(&head)
            && let Some(profile) = Profile::read(&input.head(usize::MAX)?)
        {
            let report = profile.report(input.name());
            return Ok(Some(report.with_context(|| format!("`{}`", input.name()))?));
        }
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
            let kind = match input.head(HEAD).unwrap_or_default() {
                head if head.is_empty() && input.is_unpacked_in_part() => FileKind::NotUnpacked,
                head => FileKind::of(&head),
            };
            NoEvents::new(input.name().to_owned(), kind)
        });
        Err(NoEvents::of(heads))
    }

    /// As [`OpenRecording::require_events`], where the recording is read elsewhere.
    pub(crate) fn require_some_event(&mut self) -> anyhow::Result<()> {
        let mut trace = Trace::new(&self.layout);
        let has_event = matches!(trace.step(&mut *self)?, Step::Event(..));
        self.finish();
        Ok(self.require_events(has_event.into())?)
    }

    /// Everything was read.
    pub(crate) fn finish(&self) {
        self.progress.finish_and_clear();
    }
}

impl cli::Trace {
    /// Opens the recordings that were named.
    pub(crate) fn open(&self) -> anyhow::Result<OpenRecording> {
        OpenRecording::open(&self.inputs, &self.unpacking)
    }
}

impl OpenRecording {
    /// Where a file lies that is followed, another one may by now.
    fn refuse_gone(&self) -> io::Result<()> {
        for input in self.inputs.iter().filter(|_| self.is_followed) {
            let what = match input.gone() {
                None => continue,
                Some(Gone::Away) => "was deleted or has another name now",
                Some(Gone::Replaced) => "has gone: another file lies in its place",
            };
            let name = input.name();
            return Err(io::Error::other(format!(
                "`{name}` {what}. What was read before stays here; start again to look at what is there now."
            )));
        }
        Ok(())
    }
}

impl Feed for OpenRecording {
    type Error = io::Error;

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let input = &mut self.inputs[input];
        let count = input.read_at(offset, buffer).map_err(|error| {
            let why = format!("`{}` cannot be read on: {error}", input.name());
            io::Error::new(error.kind(), why)
        })?;
        self.progress.inc(count as u64);
        Ok(count)
    }

    fn grows(&self) -> bool {
        self.grows.load(Ordering::Acquire)
    }
}

impl TraceInputs for OpenRecording {
    fn names(&self) -> Vec<String> {
        self.names()
    }

    fn head(&mut self, input: usize) -> io::Result<Vec<u8>> {
        self.inputs[input].head(HEAD)
    }

    fn length(&self) -> u64 {
        length_of(&self.inputs)
    }

    fn look(&mut self) -> io::Result<()> {
        self.refuse_gone()
    }
}

/// Why what is added to an input is not seen.
pub(crate) fn cannot_follow(name: &str, why: &str) -> Advised {
    Advised {
        message: format!("`{name}` cannot be followed: {why}"),
        hint: "--follow takes a recording's own file, not packed; without it, what is there is shown",
    }
}

/// Makes a recording of a heaptrack file.
fn translate(input: &mut Input) -> anyhow::Result<Heaptrack> {
    const FROM: &str = "a heaptrack file: it does not say which block of a size and call stack is freed, so that the oldest \
                        is taken to be";
    let code = input.translate(FROM, |file, recording| {
        Heaptrack::translate(file, BufWriter::new(recording))
    });
    let code = code.with_context(|| format!("`{}`", input.name()))?;
    if code.shortened > 0 {
        let blocks = counted(code.shortened, "block");
        screen::note(&format!(
            "{}: {blocks} of 4 GiB or more: as larger ones cannot be told, 4,294,967,295 B are taken of each",
            input.name()
        ));
    }
    Ok(code)
}

/// The length of all inputs, as far as it is known, in bytes.
fn length_of(inputs: &[Input]) -> u64 {
    let lengths = inputs.iter().map(Input::length);
    lengths.map(Result::unwrap_or_default).sum()
}

/// The heap dumps in a file, if it is a console's log.
fn dumps_in(input: &mut Input) -> anyhow::Result<Option<dump::Log>> {
    let head = input.head(HEAD)?;
    if !dump::is_text(&head) {
        return Ok(None);
    }
    let text = input
        .head(usize::MAX)
        .with_context(|| format!("`{}` cannot be read any further", input.name()))?;
    let log = dump::Log::read(&text);
    Ok((!log.dumps.is_empty() && !is_rather_packets(&head)).then_some(log))
}

/// Refuses a file that is named twice, by whatever path, among recordings that count once each.
pub(crate) fn refuse_same(names: &[String]) -> Result<(), Advised> {
    for (count, name) in names.iter().enumerate() {
        let before = names[..count].iter();
        if let Some(before) = { before }.find(|before| is_one_file(before, name)) {
            return Err(Advised {
                message: format!("`{before}` and `{name}` are one file"),
                hint: "name each recording once",
            });
        }
    }
    Ok(())
}

fn is_one_file(one: &str, other: &str) -> bool {
    one == other || is_same_file(Path::new(one), Path::new(other))
}

/// A file that is named twice, by whatever path, or a copy of it, is a mistake: a recording has a file a core.
fn refuse_repeated(inputs: &mut [Input]) -> Result<(), Advised> {
    for count in 1..inputs.len() {
        let (before, input) = inputs.split_at_mut(count);
        let input = &mut input[0];
        for before in before {
            let is_what = match is_one_file(before.name(), input.name()) {
                true => "are one file",
                false if holds_the_same(before, input) => "hold the same bytes",
                false => continue,
            };
            return Err(Advised {
                message: format!("`{}` and `{}` {is_what}", before.name(), input.name()),
                hint: "name each file once: a recording in several files has one a core",
            });
        }
    }
    Ok(())
}

/// Whether one of two inputs is a copy of the other, or of its beginning. What cannot be read is told of later.
fn holds_the_same(one: &mut Input, other: &mut Input) -> bool {
    const PIECE: usize = 1 << 16;
    /// Headers and starts of two cores may be alike.
    const ALIKE: u64 = 4096;
    let length = [&*one, other].map(|input| input.length().unwrap_or(0));
    let length = length[0].min(length[1]);
    if length < ALIKE && one.length().ok() != other.length().ok() || length == 0 {
        return false;
    }
    let mut pieces = [vec![0; PIECE], vec![0; PIECE]];
    let mut offset = 0;
    while offset < length {
        let rest = (length - offset).min(PIECE as u64) as usize;
        let [of_one, of_other] = pieces.each_mut().map(|piece| &mut piece[..rest]);
        let counts = [(&mut *one, &mut *of_one), (&mut *other, &mut *of_other)]
            .map(|(input, piece)| input.read_at(offset, piece).unwrap_or(0));
        let count = counts[0].min(counts[1]);
        if count == 0 || of_one[..count] != of_other[..count] {
            return false;
        }
        offset += count as u64;
    }
    true
}

/// Whether packets explain more of the front of a file than text does. A device may send lines of text in packets;
/// a few bytes of a text may look like packets, but hardly like the start of a recording.
fn is_rather_packets(head: &[u8]) -> bool {
    let mut trace = Trace::new(&Layout::of(&[head]));
    let mut inputs = &[head][..];
    while let Ok(Step::Event(..)) = trace.step(&mut inputs) {}
    let others = trace
        .problems()
        .list()
        .iter()
        .map(|problem| match problem.kind {
            ProblemKind::Skipped { bytes } | ProblemKind::Cut { bytes } => bytes,
            ProblemKind::NotSystemView | ProblemKind::NoStart => head.len() as u64,
            _ => 0,
        });
    let packets = (head.len() as u64).saturating_sub(others.sum());
    packets > dump::text_bytes(head) as u64
}

/// What a file is that is no text.
fn binary(bytes: &[u8]) -> &'static str {
    match FileKind::certain(bytes) {
        Some(FileKind::Program) => "a program (an ELF file)",
        Some(FileKind::Known(kind)) => kind,
        _ if is_rather_packets(&bytes[..bytes.len().min(HEAD)]) => "a recording",
        _ => "a binary file",
    }
}

/// The most lines that cannot be read and are told one by one.
const MOST_NOTES: usize = 5;

/// Names for events, from the user's description files.
pub(crate) fn described(descriptions: &[PathBuf]) -> anyhow::Result<Naming> {
    let mut files = Vec::new();
    for path in descriptions {
        let shown = path.display();
        let text = named_file::read(path)?;
        if !dump::is_text(&text) {
            let message = format!(
                "`{shown}` is no text, and so describes no events: it is {}",
                binary(&text)
            );
            let hint = "--description takes files such as SYSVIEW_NAME.txt; `leakscope description` prints one";
            return Err(Advised { message, hint }.into());
        }
        let (file, problems) = DescriptionFile::parse(&String::from_utf8_lossy(&text));
        for problem in problems.iter().take(MOST_NOTES) {
            screen::note(&format!("{shown}: {problem}"));
        }
        if problems.len() > MOST_NOTES {
            let more = counted((problems.len() - MOST_NOTES) as u64, "line");
            screen::note(&format!(
                "{shown}: {more} more cannot be read: is this a file that describes events?"
            ));
        }
        files.push(file);
    }
    Ok(Naming::new(files))
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
