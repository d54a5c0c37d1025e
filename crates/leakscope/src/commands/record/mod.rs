//! `leakscope record`: from a running device to a trace and an answer.
//!
//! One thread takes bytes from the device and writes them to the file ([`leakscope_capture::recording`]);
//! one reader follows that file as it grows, with the analysis that `leakscope report` uses.
//!
//! - [`project`] is what the project around says of a recording; [`openocd`] is OpenOCD, started for it.
//! - [`connect`] opens the source that was named, and refuses what it cannot do.
//! - [`places`] finds where in the program it begins and ends.
//! - [`live`] is what is known of the growing file; [`recognise`] says what comes if it is no packets.
//! - [`alone`] is its reader; if a [`page`] shows the recording in the browser meanwhile, the page's engine is.
//! - [`mod@queue`] keeps what there was no time to show yet, and no more than a stated number of it.
//! - [`added`] lets nothing be added to a recording that would be refused alone.
//! - [`alarm`] says at once which call site leaks too fast.
//! - [`status`] is the line that shows what is going on; [`words`] has the sentences for the rest.

mod added;
mod alarm;
mod alone;
mod connect;
mod image;
mod live;
mod openocd;
mod page;
pub(super) mod places;
mod project;
mod queue;
mod recognise;
mod status;
mod words;

use std::cell::OnceCell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use leakscope_capture::Interrupt;
use leakscope_capture::memory::SnapshotRequest;
use leakscope_capture::recording::{
    CreateError, Ending, Existing, Finished, Limits, Recording, first_part,
};
use leakscope_capture::source::{Source, SourceEvent};
use leakscope_report::{Report, json, text};
use leakscope_symbols::Symbols;

use self::alarm::Alarm;
pub(crate) use self::alarm::Alarmed;
use self::alone::Alone;
use self::live::{Line, Live, Reader};
use self::openocd::OpenOcd;
use self::page::Page;
use self::queue::{Queue, queue};
use self::status::Status;
use super::check::Asked;
use super::reading;
use crate::cli::{AtTheEnd, CheckFormat, Gate, Record, ReportFormat, Unpacking};
use crate::input_files::InputFiles;
use crate::project::Project;
use crate::recording::OpenRecording;
use crate::screen::{self, Advised, Screen};
use crate::{firmware, interrupt};

/// The file is looked at this often.
const TICK: Duration = Duration::from_millis(100);
/// What has happened and was not shown yet, and what the device has said. A terminal that is slower gets no more, and
/// recording does not wait for it.
const MOST_EVENTS: usize = 4096;
const MOST_LINES: usize = 32 * 1024;

impl Record {
    pub(crate) fn run(&mut self) -> anyhow::Result<ExitCode> {
        if !self.check && self.gate != Gate::default() {
            let option = Gate::typed().unwrap_or_default();
            return Err(Advised {
                message: format!("{option} is of a check, and nothing is checked"),
                hint: "--check does it at the end, with what was recorded",
            }
            .into());
        }
        if self.output == Path::new("-") {
            return Err(words::into_standard_output());
        }
        let around = project::complete(self)?;
        self.spare()?;
        self.record(around.as_ref())
    }

    /// Records what was named, and reports.
    fn record(&self, around: Option<&Project>) -> anyhow::Result<ExitCode> {
        let format = match self.format {
            ReportFormat::Text => CheckFormat::Text,
            ReportFormat::Json => CheckFormat::Json,
        };
        let asked = self
            .check
            .then(|| Asked::of(&self.gate, format))
            .transpose()?;
        let symbols = firmware::open(&self.symbols)?;
        let moved = OnceCell::new();
        self.refuse_existing()?;
        let image = image::request(self, symbols.as_ref())?;
        if let Some(around) = around {
            project::warn(self, around, symbols.as_ref());
        }
        let interrupt = interrupt::catch()?;
        interrupt.after(self.duration);
        let openocd = (self.source.start_openocd)
            .then(|| OpenOcd::start(around, interrupt))
            .transpose()?;
        let mut source = self.connect(
            openocd.as_ref(),
            symbols.as_ref(),
            interrupt,
            image.as_ref(),
        )?;
        let (output, existing) = (&self.output, self.existing());
        let mut recording = match self.rotate {
            Some(rotation) => Recording::create_in_parts(output, &*source, existing, rotation)?,
            None => Recording::create(output, &*source, existing)?,
        };
        let to_judge = recording.added()?;
        let grows = Arc::new(AtomicBool::new(true));
        let growing = OpenRecording::growing(recording.inputs(), &grows)?;
        let (log, lines) = queue(MOST_LINES);
        let log = self.log.then_some(log);
        let printed = log.clone();
        let (page, reader): (_, Box<dyn Reader + '_>) = if self.view {
            let page = Page::open(self, growing, log)?;
            let reader = Box::new(page.reader());
            (Some(page), reader)
        } else {
            let alone = Alone::new(growing, &self.symbols, symbols.as_ref(), log);
            (None, Box::new(alone))
        };
        let mut live = Live::new(reader, lines);
        let mut status = Status::new(&source.name(), recording.path());
        status.image.clone_from(&image);
        if let Some(limit) = self.alarm {
            let added = recording.added()?;
            let added = added.map(|added| OpenRecording::growing(vec![added], &grows));
            let read = |added| Alone::new(added, &self.symbols, symbols.as_ref(), None);
            status.alarm = Some(Alarm::new(limit, added.transpose()?.map(read)));
        }
        let limits = Limits {
            duration: self.duration,
            bytes: self.max_size,
        };
        let (tell, events) = queue(MOST_EVENTS);
        let ending = thread::scope(|threads| {
            let recorder = threads.spawn(|| {
                let mut tell = move |event| match (event, &printed) {
                    (SourceEvent::Text(text), Some(printed)) => printed.offer(Line::Printed(text)),
                    (SourceEvent::Text(_), None) => {}
                    (event, _) => tell.offer(event),
                };
                recording.run(&mut *source, &limits, interrupt, &mut tell)
            });
            self.follow(&events, &mut live, &mut status, interrupt, openocd.as_ref());
            recorder
                .join()
                .expect("the recording thread does not panic")
        });
        grows.store(false, Ordering::Release);
        status.clear();
        let at_the_end = self.image_of(image.as_ref(), symbols.as_ref());
        let judged = added::judge(to_judge, &mut recording, &ending, &self.output);
        let finished = judged.and_then(|()| {
            self.finish(
                recording,
                ending,
                live,
                (symbols.as_ref(), &moved),
                &mut status,
                &at_the_end,
            )
        });
        if let Some(page) = page {
            page.stay(finished.as_ref().err(), interrupt);
        }
        let (saved, alarmed) = finished?;
        let mut code = ExitCode::SUCCESS;
        if let Some(asked) = asked {
            // Its parts, too, which nobody could know before.
            let inputs = [saved.display().to_string()];
            InputFiles::of(&inputs, &self.symbols).spare(self.gate.written())?;
            let report = self.report(&saved, asked.cycle.as_deref(), &at_the_end)?;
            code = asked.conclude(&[report], format, status.doubt())?;
        }
        alarmed.map_or(Ok(code), |alarmed| Err(alarmed.into()))
    }

    /// The source. If it cannot be had, OpenOCD may say why, if it was started for it.
    fn connect(
        &self,
        openocd: Option<&OpenOcd>,
        symbols: Option<&Symbols>,
        interrupt: &Interrupt,
        image: Option<&SnapshotRequest>,
    ) -> anyhow::Result<Box<dyn Source>> {
        let started = openocd.map(OpenOcd::endpoint);
        match connect::connect(self, started.as_ref(), symbols, interrupt, image) {
            Err(_) if interrupt.is_set() => Err(words::not_connected(interrupt)),
            Err(error) => {
                for complaint in openocd.iter().flat_map(|openocd| openocd.complaints()) {
                    screen::note(&complaint);
                }
                Err(error)
            }
            Ok(source) => Ok(source),
        }
    }

    /// Saves the image, if one was made.
    fn image_of(&self, request: Option<&SnapshotRequest>, symbols: Option<&Symbols>) -> AtTheEnd {
        let saved = request.zip(symbols).map(|(request, symbols)| {
            // The recording is none the worse for it.
            image::save(self, request, symbols).unwrap_or_else(|error| {
                screen::complain(&error);
                false
            })
        });
        let image = saved.filter(|saved| *saved).map(|_| image::path(self));
        AtTheEnd {
            image: image
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            ..AtTheEnd::default()
        }
    }

    /// Before anything is connected: nothing is written over what is needed, or over what is recorded.
    fn spare(&self) -> Result<(), Advised> {
        let source = &self.source;
        let stdin = source.stdin.then(|| "-".to_owned());
        let memory = source.rtt_memory.as_ref().map(|place| &place.path);
        let read = InputFiles::of(stdin.as_slice(), &self.symbols).gate(&self.gate);
        let read = read.files(source.file.iter().chain(memory));
        let image = self.image.then(|| image::path(self));
        let recorded = [Some(&self.output), image.as_ref()];
        let recorded = recorded.into_iter().flatten().map(PathBuf::as_path);
        read.spare(recorded.chain(self.gate.written()))
    }

    /// Before anything is connected: nothing is recorded over what exists.
    fn refuse_existing(&self) -> Result<(), CreateError> {
        let path = self.output.clone();
        match self.existing() {
            Existing::Refuse if path.exists() || path.is_symlink() => {
                return Err(CreateError::Exists { path });
            }
            Existing::Refuse if self.rotate.is_some() => {
                if let Some(path) = first_part(&path) {
                    return Err(CreateError::Exists { path });
                }
            }
            Existing::Append => added::refuse_core_bits(&path)?,
            Existing::Refuse | Existing::Replace => {}
        }
        Ok(())
    }

    fn existing(&self) -> Existing {
        if self.force {
            Existing::Replace
        } else if self.append {
            Existing::Append
        } else {
            Existing::Refuse
        }
    }

    /// Shows what is going on until recording has ended. Recording does not depend on it.
    fn follow(
        &self,
        events: &Queue<SourceEvent>,
        live: &mut Live<'_>,
        status: &mut Status<'_>,
        interrupt: &Interrupt,
        openocd: Option<&OpenOcd>,
    ) {
        let mut next_report = self.report_every.map(|period| Instant::now() + period);
        let mut is_behind = false;
        let mut link_lost = false;
        loop {
            let wait = if is_behind { Duration::ZERO } else { TICK };
            let event = match events.next(wait) {
                Ok(event) => Some(event),
                Err(RecvTimeoutError::Timeout) => {
                    status.left_out(events.left_out(), "things that happened");
                    None
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            for complaint in openocd.into_iter().flat_map(OpenOcd::complaints) {
                status.note(&complaint);
            }
            // If that fails, recording goes on, and its end will tell why.
            is_behind = live.follow(&mut |line| status.log(line)).unwrap_or(false);
            if matches!(
                event,
                Some(SourceEvent::LinkLost(_) | SourceEvent::LinkRestored { .. })
            ) {
                link_lost = matches!(event, Some(SourceEvent::LinkLost(_)));
            }
            // A device that stopped tracing and goes away has finished.
            let mut is_over = false;
            if link_lost && !is_behind {
                link_lost = false;
                is_over = live.would_be_stopped();
            }
            if is_over {
                interrupt.set();
                status.say(&SourceEvent::Stopped);
            } else if let Some(event) = event {
                status.say(&event);
            }
            if interrupt.is_set() {
                status.stopping();
            }
            if let Some(data) = live.what_is_no_trace() {
                status.note(&data.to_string());
                status.hint(data.hint());
            }
            status.watch(|| live.report());
            status.update(live.bytes(), || live.report());
            if let Some(due) = next_report
                && Instant::now() >= due
            {
                next_report = self.report_every.map(|period| due + period);
                let elapsed = status.elapsed();
                status.around(|| {
                    // If nobody reads it, the recording goes on.
                    let _ = self.report_meanwhile(live, elapsed);
                });
            }
        }
    }

    fn report_meanwhile(&self, live: &mut Live<'_>, elapsed: Duration) -> anyhow::Result<()> {
        let mut screen = Screen::new();
        let time = words::duration(elapsed);
        writeln!(screen.out, "After {time} of recording:\n")?;
        self.write_report(live.report(), &mut screen)?;
        writeln!(screen.out)?;
        screen.out.flush()?;
        Ok(())
    }

    /// Reports, and says where the recording is and how it ended.
    fn finish<'s>(
        &self,
        mut recording: Recording,
        ending: Ending,
        mut live: Live<'s>,
        (symbols, moved): (Option<&'s Symbols>, &'s OnceCell<Symbols>),
        status: &mut Status<'_>,
        at_the_end: &AtTheEnd,
    ) -> anyhow::Result<(PathBuf, Option<Alarmed>)> {
        for line in words::ending(&ending) {
            screen::note(&line);
        }
        let saved = recording.path().to_owned();
        if added::has_core_bits(&live.head()) {
            recording.mark_core_bits();
        }
        let finished = recording.finish();
        let is_saved = !matches!(finished, Ok(Finished::Nothing));
        let elsewhere = match finished {
            Ok(Finished::Nothing | Finished::AsSent) => false,
            Ok(Finished::Joined) => true,
            Ok(Finished::NotSplit { offset }) => {
                screen::note(&words::not_split(offset));
                false
            }
            Err(error) => {
                // What is open still was read as it came.
                while live.follow(&mut |line| status.log(line))? {}
                let mut screen = Screen::new();
                if !self.no_report {
                    self.write_report(live.report(), &mut screen)?;
                }
                return Err(error.into());
            }
        };
        let is_host = symbols.is_some_and(Symbols::is_position_independent) && is_saved;
        if elsewhere || is_host {
            let mut whole =
                OpenRecording::open(&[saved.display().to_string()], &Unpacking::default())?;
            let found = if is_host {
                // Only when it is over, all return addresses are there that tell from where it was loaded.
                firmware::open_at_its_place(&self.symbols, &mut whole)?
            } else {
                None
            };
            let symbols = found.map(|found| moved.get_or_init(|| found)).or(symbols);
            live.turn_to(Box::new(Alone::new(whole, &self.symbols, symbols, None)));
        }
        while live.follow(&mut |line| status.log(line))? {}
        if live.packets() == 0 || !is_saved {
            let nothing = recognise::nothing_recorded(&live.head(), ending.bytes, &saved);
            return Err(words::failure(ending.reason, &saved, is_saved).unwrap_or(nothing.into()));
        }
        status.judge(|| live.report())?;
        match self.show(
            || self.last_report(&mut live, &saved, at_the_end),
            &saved,
            at_the_end,
        ) {
            // Nobody wants to read on; how it ended is in the exit code all the same.
            Err(error) if screen::is_broken_pipe(&error) => {}
            shown => shown?,
        }
        match words::failure(ending.reason, &saved, is_saved) {
            Some(failure) => Err(failure),
            None => Ok((saved, status.alarm.as_ref().and_then(Alarm::raised))),
        }
    }

    /// The report at the end: with the image, if one was made.
    fn last_report(
        &self,
        live: &mut Live<'_>,
        saved: &Path,
        at_the_end: &AtTheEnd,
    ) -> anyhow::Result<Report> {
        if at_the_end.image.is_empty() {
            return Ok(live.report());
        }
        self.report(saved, None, at_the_end)
    }

    /// The report on what was saved.
    fn report(
        &self,
        saved: &Path,
        cycle: Option<&str>,
        at_the_end: &AtTheEnd,
    ) -> anyhow::Result<Report> {
        let inputs = [saved.display().to_string()];
        let unpacking = Unpacking::default();
        reading::report(&inputs, &unpacking, &self.symbols, cycle, at_the_end)
    }

    /// Reports, and says where the recording is.
    fn show(
        &self,
        report: impl FnOnce() -> anyhow::Result<Report>,
        saved: &Path,
        at_the_end: &AtTheEnd,
    ) -> anyhow::Result<()> {
        let mut screen = Screen::new();
        // One document alone: that of the check.
        let is_told = self.check && self.format == ReportFormat::Json;
        if !self.no_report && !is_told {
            self.write_report(report()?, &mut screen)?;
        }
        if self.format == ReportFormat::Text {
            words::conclude(&mut screen.out, self, saved, at_the_end)?;
        }
        Ok(screen.out.flush()?)
    }

    fn write_report(&self, known: Report, screen: &mut Screen) -> io::Result<()> {
        let report = &match self.heap_size {
            Some(size) => known.with_heap_size(size),
            None => known,
        };
        match self.format {
            ReportFormat::Text => {
                let options = screen.text_options();
                text::write(&mut screen.out, report, &options)
            }
            ReportFormat::Json => json::write(&mut screen.out, report),
        }
    }
}
