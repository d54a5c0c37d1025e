//! Standard input: another program's output.

use std::io::{self, IsTerminal, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::{Abilities, Item, Source, SourceError, SourceEvent};

/// What can be asked of standard input.
pub const ABILITIES: Abilities = Abilities {
    breakpoints: false,
    reset: false,
};

/// What one read may bring.
const CHUNK: usize = 64 * 1024;
/// Chunks that are read ahead; then the other program waits.
const AHEAD: usize = 16;

/// Standard input, up to its end.
///
/// # Errors
/// If it is a terminal.
pub fn open() -> Result<Box<dyn Source>, SourceError> {
    if io::stdin().is_terminal() {
        return Err(SourceError::new("standard input is a terminal")
            .with_hint("let another program write into it: PROGRAM | leakscope record --stdin …"));
    }
    let (sender, chunks) = sync_channel(AHEAD);
    // A read of standard input cannot be given up after a time.
    thread::spawn(move || read_all(&sender));
    Ok(Box::new(Stdin {
        chunks,
        started: false,
        stopping: false,
    }))
}

fn read_all(sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut input = io::stdin().lock();
    loop {
        let mut bytes = vec![0; CHUNK];
        let read = match input.read(&mut bytes) {
            Ok(0) => return,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(count) => {
                bytes.truncate(count);
                Ok(bytes)
            }
            Err(error) => Err(error),
        };
        let failed = read.is_err();
        if sender.send(read).is_err() || failed {
            return;
        }
    }
}

struct Stdin {
    chunks: Receiver<io::Result<Vec<u8>>>,
    started: bool,
    stopping: bool,
}

impl Source for Stdin {
    fn name(&self) -> String {
        "standard input".to_owned()
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        if !std::mem::replace(&mut self.started, true) {
            return Ok(Item::Event(SourceEvent::Started));
        }
        let timeout = if self.stopping {
            Duration::ZERO
        } else {
            timeout
        };
        match self.chunks.recv_timeout(timeout) {
            Ok(Ok(chunk)) => {
                *bytes = chunk;
                Ok(Item::Bytes { stream: 0 })
            }
            Ok(Err(error)) => {
                Err(SourceError::new("standard input cannot be read any further").caused_by(error))
            }
            Err(RecvTimeoutError::Disconnected) => Ok(Item::Ended),
            Err(RecvTimeoutError::Timeout) if self.stopping => Ok(Item::Ended),
            Err(RecvTimeoutError::Timeout) => Ok(Item::Nothing),
        }
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        self.stopping = true;
        Ok(())
    }
}
