//! QEMU as a process.

use std::fs::File;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use libtest_mimic::Failed;

/// After so many seconds it is ended by force: something hangs.
const LIMIT: u64 = 120;

/// A running emulator. It is ended when it is dropped.
pub(crate) struct Emulator {
    process: Child,
    folder: PathBuf,
}

impl Emulator {
    /// Starts `command` in `folder`, with a limit to its time.
    pub(crate) fn start(command: &Command, folder: &Path) -> Result<Self, Failed> {
        let messages = File::create(folder.join("messages"))?;
        let process = Command::new("timeout")
            .arg(LIMIT.to_string())
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(messages.try_clone()?)
            .stderr(messages)
            .spawn()?;
        Ok(Self {
            process,
            folder: folder.to_owned(),
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn is_running(&mut self) -> Result<bool, Failed> {
        Ok(self.process.try_wait()?.is_none())
    }

    /// Connects to the socket of this name, as soon as the emulator has made it.
    pub(crate) fn connect(&mut self, name: &str) -> Result<UnixStream, Failed> {
        let path = self.folder.join(name);
        loop {
            if let Ok(stream) = UnixStream::connect(&path) {
                // Longer than the emulator may live: an error rather than a test that hangs.
                stream.set_read_timeout(Some(Duration::from_secs(LIMIT + 10)))?;
                return Ok(stream);
            }
            if !self.is_running()? {
                return Err(format!("{name} never came\n{}", self.messages()).into());
            }
            thread::yield_now();
        }
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> Result<(), Failed> {
        self.process.wait()?;
        Ok(())
    }

    /// Waits for its end, which must be with this exit code.
    pub(crate) fn end(&mut self, expected: i32) -> Result<(), Failed> {
        let status = self.process.wait()?;
        if status.code() != Some(expected) {
            return Err(format!("the run ended with {status}\n{}", self.messages()).into());
        }
        Ok(())
    }

    fn messages(&self) -> String {
        std::fs::read_to_string(self.folder.join("messages")).unwrap_or_default()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
