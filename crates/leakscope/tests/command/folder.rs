//! A folder of recordings of one program, in which the command runs.

use std::fs;
use std::path::{Path, PathBuf};

use leakscope_testing::project;
use leakscope_testing::scenario::Scenario;
use serde_json::Value;
use tempfile::TempDir;

use crate::run::{Ran, leakscope};

/// Rounds of 10 ms; in each, a block comes and goes, and where `leaks` says so, 24 bytes stay.
fn recording(rounds: u32, leaks: impl Fn(u32) -> bool) -> Vec<u8> {
    let mut recording = Scenario::begun();
    for round in 0..rounds {
        let block = 0x3FC9_0000 + 0x100 * round;
        recording.after(5000).allocate(block, 32, &[0x4200_2000]);
        recording.after(4000).free(block, &[0x4200_2000]);
        recording.after(1000);
        if leaks(round) {
            recording.allocate(block + 0x80, 24, &[0x4200_1000, 0x4200_3000]);
        }
    }
    recording.openocd()
}

/// One in four rounds leaks.
pub(crate) fn leaking() -> Vec<u8> {
    recording(200, |round| round % 4 == 0)
}

/// None does.
pub(crate) fn sound() -> Vec<u8> {
    recording(200, |_| false)
}

/// A folder, which is gone when the test is over.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// With nothing in it.
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// With recordings of the same program with another leak each, or none.
    pub(crate) fn of_recordings() -> Self {
        let folder = Self::empty();
        for (name, bytes) in [
            ("sound", sound()),
            ("leak", leaking()),
            ("longer", recording(400, |round| round % 4 == 0)),
            ("worse", recording(200, |_| true)),
            ("few", recording(200, |round| round % 50 == 20)),
            ("empty", Scenario::begun().openocd()),
        ] {
            folder.write(&format!("{name}.svdat"), bytes);
        }
        folder
    }

    /// With a program of `firmware/`, and recordings of it with these faults.
    pub(crate) fn of_firmware(faults: &[&str]) -> Self {
        let folder = Self::empty();
        let recorded = project().join("testdata/firmware/embassy-virt");
        let recordings = faults.iter().map(|fault| format!("{fault}.svdat"));
        for name in recordings.chain(["program.elf".to_owned()]) {
            fs::copy(recorded.join(&name), folder.file(&name)).expect("a copy");
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.file(name), bytes).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).expect(name)
    }

    /// Runs `leakscope` with these words here, which must end with this code.
    #[track_caller]
    pub(crate) fn run(&self, words: &str, code: i32) -> Ran {
        run_in(self.path(), words, code)
    }

    /// Likewise; standard output as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self, words: &str, code: i32) -> Value {
        serde_json::from_str(&self.run(words, code).stdout).expect("JSON and nothing else")
    }
}

/// Runs `leakscope` with these words in a folder, which must end with this code.
#[track_caller]
pub(crate) fn run_in(folder: &Path, words: &str, code: i32) -> Ran {
    let ran = leakscope(words.split_whitespace()).in_folder(folder).end();
    assert_eq!(ran.code, code, "{words}: {}{}", ran.stdout, ran.stderr);
    ran
}
