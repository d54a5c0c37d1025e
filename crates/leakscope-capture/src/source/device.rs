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

    /// Another one that has come there meanwhile.
    fn another(&mut self) -> Option<Box<dyn Port>> {
        None
    }
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
/// Links that have said nothing are listened to in turn, up to so many, each for this long.
const MOST_SILENT: usize = 64;
const TURN: Duration = Duration::from_millis(10);

/// The source at the end of a [`Line`].
pub(super) struct Device {
    line: Box<dyn Line>,
    protocol: Protocol,
    link: Link,
    /// Others that have come, and said nothing yet, as the one at the link.
    silent: VecDeque<Talk>,
    /// One that came while another is recorded.
    waiting: Option<Box<dyn Port>>,
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
    /// Something has come.
    has_spoken: bool,
}

impl Talk {
    fn new(port: Box<dyn Port>, protocol: Protocol) -> io::Result<Self> {
        let now = Instant::now();
        let mut talk = Self {
            port,
            timeout: Duration::ZERO,
            conversation: Conversation::new(protocol, now),
            errors: ErrorWatch::new(now),
            has_spoken: false,
        };
        let opening = talk.conversation.opening();
        talk.send(&opening)?;
        Ok(talk)
    }

    /// What to say of the line now.
    fn complaints(&mut self) -> Vec<String> {
        let mut complaints = Vec::from_iter(self.conversation.complaint());
        if self.errors.is_due(Instant::now()) {
            let errors = self.port.errors();
            complaints.extend(
                errors
                    .into_iter()
                    .flat_map(|errors| self.errors.look(errors)),
            );
        }
        complaints
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
            Ok(_) => self.has_spoken = true,
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
            silent: VecDeque::new(),
            waiting: None,
            events: VecDeque::from([event]),
            stopping: false,
        })
    }

    /// Who comes and says nothing keeps nobody else away: all are listened to in turn, until one speaks. Who comes later waits.
    fn look_for_others(&mut self) {
        let Link::Open(talk) = &mut self.link else {
            return;
        };
        if talk.has_spoken {
            self.silent.clear();
            if self.waiting.is_some() {
                return;
            }
            self.waiting = self.line.another();
            if self.waiting.is_some() {
                let text = "another one has connected, and waits: one device is recorded at a time";
                self.events.push_back(SourceEvent::Notice(text.to_owned()));
            }
            return;
        }
        if self.silent.len() < MOST_SILENT
            && let Some(port) = self.line.another()
            && let Ok(other) = Talk::new(port, self.protocol)
        {
            if self.silent.is_empty() {
                let text = "another one has connected, and nothing has come yet: the first that sends is recorded";
                self.events.push_back(SourceEvent::Notice(text.to_owned()));
            }
            self.silent.push_back(other);
        }
        if let Some(mut other) = self.silent.pop_front() {
            std::mem::swap(talk, &mut other);
            self.silent.push_back(other);
        }
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
        let port = match self.waiting.take() {
            Some(port) => Ok(Some(port)),
            None => self.line.open(timeout),
        };
        let Ok(Some(port)) = port else {
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
        let turn = if self.silent.is_empty() {
            timeout
        } else {
            timeout.min(TURN)
        };
        let read = talk.read(bytes, turn);
        if !self.stopping && read.is_ok() {
            self.look_for_others();
        }
        match read {
            Ok(()) if bytes.is_empty() => Ok(Item::Nothing),
            Ok(()) => Ok(Item::Bytes { stream: 0 }),
            Err(_) if self.stopping => Ok(Item::Ended),
            Err(error) => Ok(match self.silent.pop_front() {
                Some(other) => {
                    self.link = Link::Open(other);
                    Item::Nothing
                }
                None => self.lose(&error),
            }),
        }
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        self.stopping = true;
        self.silent.clear();
        let Link::Open(talk) = &mut self.link else {
            return Ok(());
        };
        let stop = talk.conversation.stop(Instant::now());
        talk.send(&stop).map_err(|error| {
            SourceError::new("the device could not be told to stop").caused_by(error)
        })
    }
}
