//! How often a name was given to a file: between two looks at it, one may have come and gone. Only Linux tells.

use std::path::Path;

#[cfg(target_os = "linux")]
pub(super) use linux::Names;

/// Nobody tells.
#[cfg(not(target_os = "linux"))]
pub(super) enum Names {}

#[cfg(not(target_os = "linux"))]
impl Names {
    pub(super) fn of(_: &Path) -> Option<Self> {
        None
    }

    pub(super) fn given(&mut self) -> Option<u64> {
        match *self {}
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsString;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;

    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
    use rustix::io::Errno;

    use super::Path;
    use crate::place::folder_of;

    /// Counts how often this name is given in its folder.
    pub(in super::super) struct Names {
        queue: OwnedFd,
        name: OsString,
        /// The move within the folder whose other end is told next.
        moved: Option<u32>,
    }

    impl Names {
        /// `None` if the system does not tell.
        pub(in super::super) fn of(path: &Path) -> Option<Self> {
            let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
            // Linux tells once of two equal events in a row. A name that was taken away stands between.
            let flags = WatchFlags::CREATE
                | WatchFlags::MOVED_TO
                | WatchFlags::MOVED_FROM
                | WatchFlags::DELETE;
            inotify::add_watch(&queue, folder_of(path), flags).ok()?;
            Some(Self {
                queue,
                name: path.file_name()?.to_owned(),
                moved: None,
            })
        }

        /// How often it was given since this was asked last; `None` if nobody knows.
        pub(in super::super) fn given(&mut self) -> Option<u64> {
            let mut room = [MaybeUninit::uninit(); 4096];
            let mut events = Reader::new(&self.queue, &mut room);
            let mut given = Some(0);
            loop {
                let event = match events.next() {
                    Err(Errno::AGAIN) => return given,
                    Err(_) => return None,
                    Ok(event) => event,
                };
                let what = event.events();
                let name = event.file_name();
                let is_it = name.is_some_and(|name| name.to_bytes() == self.name.as_bytes());
                let moved = self.moved.take();
                if what.contains(ReadFlags::MOVED_FROM) {
                    self.moved = Some(event.cookie());
                }
                if what.contains(ReadFlags::QUEUE_OVERFLOW) {
                    given = None;
                } else if is_it && what.contains(ReadFlags::MOVED_TO) {
                    // Of two files that come from other folders one after the other, the second is not told.
                    let is_within = moved == Some(event.cookie());
                    given = given.filter(|_| is_within).map(|given| given + 1);
                } else if is_it && what.contains(ReadFlags::CREATE) {
                    given = given.map(|given| given + 1);
                }
            }
        }
    }
}
