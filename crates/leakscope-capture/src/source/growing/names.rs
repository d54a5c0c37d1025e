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

    pub(super) fn given(&mut self) -> u64 {
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
        given: u64,
    }

    impl Names {
        /// `None` if the system does not tell.
        pub(in super::super) fn of(path: &Path) -> Option<Self> {
            let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
            let flags = WatchFlags::CREATE | WatchFlags::MOVED_TO;
            inotify::add_watch(&queue, folder_of(path), flags).ok()?;
            Some(Self {
                queue,
                name: path.file_name()?.to_owned(),
                given: 0,
            })
        }

        /// How often it was given until now.
        pub(in super::super) fn given(&mut self) -> u64 {
            let mut room = [MaybeUninit::uninit(); 4096];
            let mut events = Reader::new(&self.queue, &mut room);
            loop {
                match events.next() {
                    Err(Errno::AGAIN) => return self.given,
                    // Who does not know says one more than there can have been.
                    Err(_) => return self.given + 1,
                    Ok(event) => {
                        let is_it = event
                            .file_name()
                            .is_some_and(|name| name.to_bytes() == self.name.as_bytes());
                        let lost_count = event.events().contains(ReadFlags::QUEUE_OVERFLOW);
                        self.given += u64::from(is_it || lost_count);
                    }
                }
            }
        }
    }
}
