//! A table of sessions, of which one in three is never closed.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

pub(super) struct Table {
    sessions: Vec<(usize, Box<[u8]>)>,
}

impl Table {
    pub(super) const fn new() -> Self {
        Self {
            sessions: Vec::new(),
        }
    }

    #[inline(never)]
    pub(super) fn open_session(&mut self, round: usize, size: usize) {
        // MARK: block of a session
        let session = vec![1; size].into_boxed_slice();
        // MARK: table of sessions
        self.sessions.push((round, session));
        self.close_sessions(round);
        log::info!(target: "alloc", "{} sessions", self.sessions.len());
    }

    /// Closes those that were opened a while ago.
    fn close_sessions(&mut self, round: usize) {
        self.sessions
            .retain(|&(opened, _)| opened + 8 > round || opened.is_multiple_of(3));
    }
}
