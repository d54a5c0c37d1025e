//! What is added to a recording that exists: nothing that would be refused alone, and one core.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use leakscope_analysis::trace::{HEAD, Layout, Step, Trace};
use leakscope_capture::Input;
use leakscope_capture::recording::{CreateError, Ending, Recording};

use super::recognise::nothing_added;
use crate::recording::OpenRecording;

/// Whether ids carry the core in a recording that begins so.
pub(super) fn has_core_bits(head: &[u8]) -> bool {
    Layout::of(&[head]).parts.iter().any(|part| part.core_bit)
}

/// Refuses to add to a recording of several cores, though its header may not say so.
pub(super) fn refuse_core_bits(path: &Path) -> Result<(), CreateError> {
    // Who opens a pipe waits for somebody at its other end.
    if !path.is_file() {
        return Ok(());
    }
    let mut head = Vec::new();
    // What cannot be read is told of when it is to be written.
    let read = File::open(path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
    match read {
        Ok(_) if has_core_bits(&head) => Err(CreateError::NotContinued {
            path: path.to_owned(),
            why: "it has several cores",
        }),
        _ => Ok(()),
    }
}

/// Looks at what was added, if it was to a recording that existed. What is no recording of one core is taken away again.
pub(super) fn judge(
    added: Option<Input>,
    recording: &mut Recording,
    ending: &Ending,
    path: &Path,
) -> anyhow::Result<()> {
    let Some(added) = added.filter(|_| ending.bytes > 0) else {
        return Ok(());
    };
    let mut added = OpenRecording::growing(vec![added], &Arc::default())?;
    let head = added.head();
    let has_cores = has_core_bits(&head);
    let mut trace = Trace::new(&added.layout);
    if !has_cores
        && (matches!(trace.step(&mut added)?, Step::Event(..)) || trace.counts().packets > 0)
    {
        return Ok(());
    }
    // What was read is not what came, nor would it be as it was.
    if recording.is_changed()? {
        return Ok(());
    }
    recording.take_back()?;
    if has_cores {
        let path = path.to_owned();
        let why = "the device sends several cores";
        return Err(CreateError::NotContinued { path, why }.into());
    }
    Err(nothing_added(&head, ending.bytes, path).into())
}
