//! A device at the other end of a line that carries bytes both ways, and may be lost and found again.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use super::conversation::{Conversation, Protocol};
use super::line_errors::{ErrorWatch, LineErrors};
use super::lost::Lost;
use super::{Item, Source, SourceError, SourceEvent};

/// A line that can be opened, and opened again after it was lost.
pub(super) trait Line: Send {
    /// As [`Source::name`].
    fn name(&self) -> String;

    /// Opens the line, and waits no longer than `timeout` for somebody to be there. `None`: not yet.
    fn open(&mut self, timeout: Duration) -> io::Result<Option<Box<dyn Port>>>;
}

/// An open line.
pub(super) trait Port: Read + Write + Send {
    /// Later reads wait no longer than this, which is not zero.
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()>;

    /// What has gone wrong on the line; `None` if it is not counted.
    fn errors(&self) -> Option<LineErrors> {
        None
    }
}

/// What one read may bring.
const CHUNK: usize = 64 * 1024;

/// The source at the end of a [`Line`].
pub(super) struct Device {
    line: Box<dyn Line>,
    protocol: Protocol,
    link: Link,
    /// What has happened and was not told yet.
    events: VecDeque<SourceEvent>,
    stopping: bool,
}

enum Link {
    Open(Talk),
    /// Nobody was there yet.
    Awaited,
    Lost(Lost),
}

/// An open line, and what was said on it.
struct Talk {
    port: Box<dyn Port>,
    timeout: Duration,
    conversation: Conversation,
    errors: ErrorWatch,
}

impl Talk {
    fn new(port: Box<dyn Port>, protocol: Protocol) -> io::Result<Self> {
        let now = Instant::now();
        let mut talk = Self {
            port,
            timeout: Duration::ZERO,
            conversation: Conversation::new(protocol, now),
            errors: ErrorWatch::new(now),
        };
        let opening = talk.conversation.opening();
        talk.send(&opening)?;
        Ok(talk)
    }

    /// What to say of the line now.
    fn complaints(&mut self) -> Vec<String> {
        if !self.errors.is_due(Instant::now()) {
            return Vec::new();
        }
        let errors = self.port.errors();
        errors.map_or_else(Vec::new, |errors| self.errors.look(errors))
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.port.write_all(bytes)?;
        self.port.flush()
    }

    /// Reads what comes within `timeout` into `bytes`, perhaps nothing.
    fn read(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> io::Result<()> {
        let due = self.conversation.say(Instant::now());
        self.send(&due)?;
        let timeout = timeout.max(Duration::from_millis(1));
        if self.timeout != timeout {
            self.port.set_timeout(timeout)?;
            self.timeout = timeout;
        }
        bytes.resize(CHUNK, 0);
        let read = self.port.read(bytes);
        bytes.truncate(*read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(error) if is_silence(&error) => {}
            Err(error) => return Err(error),
        }
        self.conversation.receive(bytes, Instant::now());
        Ok(())
    }
}

fn is_silence(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

impl Device {
    /// The device at the end of `line`, which is opened now, unless nobody is there yet.
    pub(super) fn open(mut line: Box<dyn Line>, protocol: Protocol) -> io::Result<Self> {
        let link = match line.open(Duration::ZERO)? {
            Some(port) => Link::Open(Talk::new(port, protocol)?),
            None => Link::Awaited,
        };
        let event = match link {
            Link::Open(_) => SourceEvent::Started,
            _ => SourceEvent::Waiting(format!("for {}", line.name())),
        };
        Ok(Self {
            line,
            protocol,
            link,
            events: VecDeque::from([event]),
            stopping: false,
        })
    }

    fn lose(&mut self, error: &io::Error) -> Item {
        let reason = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the other side has closed it".to_owned(),
            _ => error.to_string(),
        };
        self.link = Link::Lost(Lost::now());
        Item::Event(SourceEvent::LinkLost(reason))
    }

    fn restore(&mut self, timeout: Duration) -> Item {
        if let Link::Lost(lost) = &mut self.link
            && !lost.is_due(timeout)
        {
            return Item::Nothing;
        }
        // Why it cannot be opened yet does not matter: the user knows that it is lost.
        let Ok(Some(port)) = self.line.open(timeout) else {
            return Item::Nothing;
        };
        let Ok(talk) = Talk::new(port, self.protocol) else {
            return Item::Nothing;
        };
        let event = match self.link {
            Link::Lost(lost) => SourceEvent::LinkRestored {
                gone: lost.gone(),
                is_whole: false,
            },
            _ => SourceEvent::Started,
        };
        self.link = Link::Open(talk);
        Item::Event(event)
    }
}

impl Source for Device {
    fn name(&self) -> String {
        self.line.name()
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        if let Some(event) = self.events.pop_front() {
            return Ok(Item::Event(event));
        }
        let Link::Open(talk) = &mut self.link else {
            return Ok(if self.stopping {
                Item::Ended
            } else {
                self.restore(timeout)
            });
        };
        let complaints = talk.complaints();
        if !complaints.is_empty() {
            self.events
                .extend(complaints.into_iter().map(SourceEvent::Notice));
            return Ok(Item::Nothing);
        }
        // Who never stops talking has not listened.
        if talk.conversation.is_over(Instant::now()) {
            return Ok(Item::Ended);
        }
        match talk.read(bytes, timeout) {
            Ok(()) if bytes.is_empty() => Ok(Item::Nothing),
            Ok(()) => Ok(Item::Bytes { stream: 0 }),
            Err(_) if self.stopping => Ok(Item::Ended),
            Err(error) => Ok(self.lose(&error)),
        }
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        self.stopping = true;
        let Link::Open(talk) = &mut self.link else {
            return Ok(());
        };
        let stop = talk.conversation.stop(Instant::now());
        talk.send(&stop).map_err(|error| {
            SourceError::new("the device could not be told to stop").caused_by(error)
        })
    }
}
