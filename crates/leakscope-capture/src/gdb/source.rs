//! A GDB server as a source: what `leakscope record --gdb` records.

use std::io::ErrorKind;
use std::thread;
use std::time::{Duration, Instant};

use super::client::Client;
use super::debugger::{GdbDebugger, Halted};
use super::endpoint::Endpoint;
use super::error::GdbError;
use super::espressif::EspressifRecording;
use super::lines::Lines;
use super::record_error::RecordError;
use super::server::Server;
use crate::course::{Course, Debugger, Options, RingRecording, Status};
use crate::openocd::Destination;
use crate::receiver::Inbox;
use crate::rtt::Reader;
use crate::source::{Abilities, Form, Item, Lost, Source, SourceError, SourceEvent};

/// What can be asked of a recording through a GDB server.
pub const ABILITIES: Abilities = Abilities {
    breakpoints: true,
    reset: true,
};

/// Servers answer within this time; flashing and resets included.
const TIME_OUT: Duration = Duration::from_secs(10);
/// A server that does not answer by then is not back yet.
const ATTEMPT: Duration = Duration::from_secs(2);
/// A server that is started along with us listens by then.
const START: Duration = Duration::from_secs(3);
/// How long it is left alone in between.
const LOOK: Duration = Duration::from_millis(20);
/// OpenOCD and the trace that it sends are listened to in turn.
const TURN: Duration = Duration::from_millis(10);

/// Connects to the GDB server at `endpoint`, and prepares to record the target that it has.
///
/// # Errors
/// If there is none, or if it cannot record this target.
pub fn connect(endpoint: &Endpoint, options: Options) -> Result<Box<dyn Source>, SourceError> {
    let mut client = reach_soon(endpoint, &options)?;
    if client.server() == Server::EspressifOpenOcd {
        return Ok(Box::new(through_openocd(client, endpoint, options)?));
    }
    let Some(place) = options.rtt.clone() else {
        let error = SourceError::new("leakscope does not know where the recorder's buffer is");
        return Err(error.with_hint(
            "with --elf, the symbol _SEGGER_RTT says it: is the program's recorder built for RTT?",
        ));
    };
    let reader = Reader::new(place, client.layout());
    // What the target had before it is reset says how many cores it has, too.
    let streams = reader.streams(&mut client);
    let recording = RingRecording::new(GdbDebugger::new(client), &options, reader)?;
    Ok(Box::new(GdbSource::new(
        GdbRecording::Ring(recording),
        streams,
        endpoint,
        options,
    )))
}

/// Connects to a server that may not listen yet.
fn reach_soon(endpoint: &Endpoint, options: &Options) -> Result<Client, GdbError> {
    let deadline = Instant::now() + START;
    loop {
        let reached = reach(endpoint, options, TIME_OUT);
        let is_early = matches!(
            &reached,
            Err(GdbError::Unreachable { source, .. })
                if matches!(source.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound)
        );
        if !is_early || options.interrupt.is_set() || Instant::now() >= deadline {
            return reached;
        }
        thread::sleep(LOOK);
    }
}

fn reach(endpoint: &Endpoint, options: &Options, limit: Duration) -> Result<Client, GdbError> {
    let mut client = Client::connect(endpoint, limit, &options.interrupt)?;
    client.time_out = TIME_OUT;
    client.reads_patiently = options.image.is_some();
    if let Some((architecture, layout)) = options.processor {
        client.assume(architecture, layout);
    }
    Ok(client)
}

fn through_openocd(
    mut client: Client,
    endpoint: &Endpoint,
    options: Options,
) -> Result<GdbSource, SourceError> {
    let names = client.monitor("target names")?;
    let cores = names.split_whitespace().count().clamp(1, 2);
    let destination = Destination::new(cores, client.own_address())?;
    let recording = EspressifRecording::new(client, &options, destination)?;
    let recording = GdbRecording::OpenOcd(recording);
    Ok(GdbSource::new(recording, cores as u8, endpoint, options))
}

/// A recording through a GDB server.
#[derive(Debug)]
struct GdbSource {
    /// `None` once it is over.
    recording: Option<GdbRecording>,
    streams: u8,
    endpoint: Endpoint,
    options: Options,
    inbox: Inbox,
    /// What the device prints.
    lines: Lines,
    /// The recording waits for the server to come back.
    lost: Option<Lost>,
    /// The link was lost, after what is in the inbox.
    lost_event: Option<SourceEvent>,
    /// The link is back, before what is in the inbox.
    restored_event: Option<SourceEvent>,
    has_begun: bool,
}

#[derive(Debug)]
enum GdbRecording {
    Ring(RingRecording<GdbDebugger>),
    OpenOcd(EspressifRecording),
}

impl GdbSource {
    fn new(recording: GdbRecording, streams: u8, endpoint: &Endpoint, options: Options) -> Self {
        Self {
            recording: Some(recording),
            streams,
            endpoint: endpoint.clone(),
            options,
            inbox: Inbox::default(),
            lines: Lines::default(),
            lost: None,
            lost_event: None,
            restored_event: None,
            has_begun: false,
        }
    }

    fn advance(&mut self, timeout: Duration) -> Result<(), SourceError> {
        if self.lost.is_some() {
            return self.restore(timeout);
        }
        let result = match &mut self.recording {
            None => return Ok(()),
            Some(recording) => recording.advance(&mut self.inbox, timeout),
        };
        match result {
            Ok(Status::Finished(ending)) => {
                self.inbox.notice(ending.sentence(&*self.options.name));
                self.finish()
            }
            Ok(Status::Recording) => self.receive(TURN).map(drop),
            Ok(Status::Waiting) => self.wait_no_longer(),
            Err(error) => self.lose(error),
        }
    }

    /// Says once that the start was not reached for long, and where the target is instead.
    fn wait_no_longer(&mut self) -> Result<(), SourceError> {
        let Some(recording) = &mut self.recording else {
            return Ok(());
        };
        let (debugger, course) = recording.parts();
        let Some(start) = course.missed_start(Instant::now()) else {
            return Ok(());
        };
        match debugger.look_where() {
            Ok(address) => self.inbox.notice(Some(self.options.missed(start, address))),
            Err(error) => return self.lose(error),
        }
        Ok(())
    }

    /// Takes what OpenOCD sends, if it does; whether something came.
    fn receive(&mut self, timeout: Duration) -> Result<bool, SourceError> {
        match &mut self.recording {
            Some(GdbRecording::OpenOcd(recording)) => {
                Ok(recording.receive(&mut self.inbox, timeout)?)
            }
            _ => Ok(false),
        }
    }

    fn lose(&mut self, error: RecordError) -> Result<(), SourceError> {
        match error {
            // The next call says whether an end is wanted.
            RecordError::Gdb(GdbError::TooSlow) => Ok(()),
            RecordError::Gdb(error) if error.is_lost_link() => {
                self.lost = Some(Lost::now());
                self.lost_event = Some(SourceEvent::LinkLost(error.to_string()));
                Ok(())
            }
            error => self.fail(error),
        }
    }

    /// Connects again, if it is time for that and somebody is there.
    fn restore(&mut self, timeout: Duration) -> Result<(), SourceError> {
        // What OpenOCD had sent before, or sends on: the trace has a connection of its own.
        if self.receive(Duration::from_millis(1))? {
            return Ok(());
        }
        let (Some(lost), Some(recording)) = (&mut self.lost, &mut self.recording) else {
            return Ok(());
        };
        if !lost.is_due(timeout) {
            return Ok(());
        }
        let client = reach(&self.endpoint, &self.options, ATTEMPT);
        let client = client.map_err(RecordError::from);
        match client.and_then(|client| recording.reconnect(client, &mut self.inbox)) {
            Ok(is_whole) => {
                let gone = lost.gone();
                self.restored_event = Some(SourceEvent::LinkRestored { gone, is_whole });
                self.lost = None;
            }
            Err(error @ RecordError::Gdb(GdbError::Ended)) => return self.fail(error),
            // Why it cannot be had yet does not matter: the user knows that it is lost.
            Err(_) => {}
        }
        Ok(())
    }

    /// An emulator closes the connection when its program ends, and that ends the recording as well as
    /// anything. Otherwise the target is let go, if that is still possible.
    fn fail(&mut self, error: RecordError) -> Result<(), SourceError> {
        let recording = self.recording.take();
        if let RecordError::Gdb(GdbError::Closed { .. } | GdbError::Ended) = error {
            let text = "the GDB server closed the connection: it has ended, or the program has";
            self.inbox.notice(Some(text.to_owned()));
            return Ok(());
        }
        if let Some(recording) = recording {
            let _ = recording.leave();
        }
        Err(error.into())
    }

    /// Takes what is still under way, and leaves.
    fn finish(&mut self) -> Result<(), SourceError> {
        if let Some(GdbRecording::OpenOcd(recording)) = &mut self.recording {
            recording.receive_rest(&mut self.inbox)?;
        }
        let Some(recording) = self.recording.take() else {
            return Ok(());
        };
        let was_read = matches!(recording, GdbRecording::Ring(_));
        match recording.leave() {
            Ok(debugger) if was_read => self.inbox.notice(say_halted(debugger.halted())),
            // All was read. An emulator goes when its program ends, which may be before we take our leave.
            Ok(_)
            | Err(RecordError::Gdb(
                GdbError::Closed { .. } | GdbError::Failed { .. } | GdbError::Ended,
            )) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The next thing that has happened and was not handed over yet.
    fn take(&mut self, bytes: &mut Vec<u8>) -> Option<Item> {
        if let Some(event) = self.restored_event.take() {
            return Some(Item::Event(event));
        }
        if let Some(line) = self.lines.next() {
            return Some(Item::Event(SourceEvent::Text(line)));
        }
        let (name, lines) = (&*self.options.name, &mut self.lines);
        let tell = |event: crate::TargetEvent| match event {
            crate::TargetEvent::Text(piece) => {
                lines.put(&piece);
                lines.next().map(SourceEvent::Text)
            }
            event => event.for_source(name),
        };
        let item = self.inbox.next_item(self.streams, bytes, tell);
        item.or_else(|| self.lost_event.take().map(Item::Event))
    }
}

/// What it cost the target to be read.
fn say_halted(halted: Halted) -> Option<String> {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let (total, longest) = (milliseconds(halted.total), milliseconds(halted.longest));
    let times = halted.times;
    (times > 1).then(|| {
        format!(
            "reading stopped the target {times} times: for {total:.1} ms in all, {longest:.1} ms at most"
        )
    })
}

impl GdbRecording {
    fn advance(&mut self, inbox: &mut Inbox, timeout: Duration) -> Result<Status, RecordError> {
        match self {
            Self::Ring(recording) => recording.advance(inbox, timeout),
            Self::OpenOcd(recording) => recording.advance(inbox, timeout.min(TURN)),
        }
    }

    fn stop(&mut self, inbox: &mut Inbox) -> Result<Status, RecordError> {
        match self {
            Self::Ring(recording) => recording.stop(inbox),
            Self::OpenOcd(recording) => recording.stop(inbox),
        }
    }

    /// Goes on through another connection; whether nothing was lost.
    fn reconnect(&mut self, client: Client, inbox: &mut Inbox) -> Result<bool, RecordError> {
        match self {
            Self::Ring(recording) => {
                let (debugger, course) = recording.parts();
                debugger.turn_to(client);
                debugger.carry_out(&course.renew())?;
                debugger.put_back_halt();
                // The ring keeps what was sent; what it could not keep, SystemView counts.
                Ok(true)
            }
            Self::OpenOcd(recording) => recording.reconnect(client, inbox),
        }
    }

    fn parts(&mut self) -> (&mut GdbDebugger, &mut Course) {
        match self {
            Self::Ring(recording) => recording.parts(),
            Self::OpenOcd(recording) => (&mut recording.debugger, &mut recording.course),
        }
    }

    fn leave(self) -> Result<GdbDebugger, RecordError> {
        match self {
            Self::Ring(recording) => recording.leave(),
            Self::OpenOcd(recording) => recording.leave(),
        }
    }
}

impl Source for GdbSource {
    fn name(&self) -> String {
        format!("the target of the GDB server {}", self.endpoint)
    }

    fn form(&self) -> Form {
        Form::of_streams(self.streams)
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        if !std::mem::replace(&mut self.has_begun, true) {
            let event = self.options.plan.first_event(&*self.options.name);
            return Ok(Item::Event(event));
        }
        if let Some(item) = self.take(bytes) {
            return Ok(item);
        }
        self.advance(timeout)?;
        if let Some(item) = self.take(bytes) {
            return Ok(item);
        }
        if self.recording.is_some() {
            return Ok(Item::Nothing);
        }
        let rest = self.lines.rest().map(SourceEvent::Text);
        Ok(rest.map_or(Item::Ended, Item::Event))
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        if self.lost.is_some() {
            // Nobody can be told.
            self.recording = None;
            return Ok(());
        }
        let result = match &mut self.recording {
            None => return Ok(()),
            Some(recording) => recording.stop(&mut self.inbox),
        };
        match result {
            Ok(_) => self.finish(),
            Err(RecordError::Gdb(GdbError::TooSlow)) => {
                let text = "reading the device's memory takes too long: what it sent last was left there, and it may go on tracing";
                self.inbox.notice(Some(text.to_owned()));
                self.finish()
            }
            Err(error) => self.fail(error),
        }
    }
}
