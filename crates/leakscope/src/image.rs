//! The device's memory beside a recording.

use std::path::{Path, PathBuf};

use anyhow::bail;
use leakscope_analysis::outcome::Outcome;
use leakscope_capture::memory::MemoryFilePlace;
use leakscope_memory::image::{self, Image, ImageError, Piece, Words};
use leakscope_report::filter::Filter;
use leakscope_report::memory::{AtStop, Live};
use leakscope_report::{FrameSource, Report, Symbolizer};
use leakscope_symbols::Symbols;
use leakscope_viewer::Program;

use crate::cli::AtTheEnd;
use crate::firmware::AllocatorFrames;
use crate::named_file::read;
use crate::recording::OpenRecording;
use crate::screen::Advised;

/// Why there is no looking at an image beside a heap dump.
pub(crate) const NO_RECORDING: &str = "a heap dump lists blocks, and is no recording";

/// Raw memory from an address on, as it is typed; `None` if that is a file's name.
fn raw(name: &String) -> Option<MemoryFilePlace> {
    name.parse().ok().filter(|_| !Path::new(name).is_file())
}

/// The file of an image as it is typed.
pub(crate) fn path(name: &String) -> PathBuf {
    raw(name).map_or_else(|| name.into(), |place| place.path)
}

/// Opens images as they are typed: one file, or raw memory from addresses on.
pub(crate) fn open(names: &[String], symbols: Option<&Symbols>) -> anyhow::Result<Image> {
    let raw: Vec<Option<MemoryFilePlace>> = names.iter().map(raw).collect();
    if let ([name], [None]) = (names, &*raw) {
        let file = read(Path::new(name))?;
        return image::read(file).map_err(|error| {
            let message = format!("`{name}` is no image of memory: {error}");
            let hint = match error {
                ImageError::Unknown => {
                    "raw memory needs the address of its first byte: FILE@0x20000000"
                }
                ImageError::Program => "--elf FILE names the program",
                _ => "docs/memory.md says how to make an image",
            };
            Advised { message, hint }.into()
        });
    }
    let mut pieces = Vec::new();
    for (name, place) in names.iter().zip(raw) {
        let Some(place) = place else {
            bail!(
                "`{name}` is no raw memory with an address: only FILE@ADDRESS can be given several times"
            );
        };
        pieces.push(Piece {
            address: place.base,
            bytes: read(&place.path)?,
        });
    }
    let mut image = Image::of_pieces(pieces);
    image.words = symbols.map(words).unwrap_or_default();
    Ok(image)
}

/// The same, if there are any.
pub(crate) fn if_any(names: &[String], symbols: Option<&Symbols>) -> anyhow::Result<Option<Image>> {
    match names {
        [] => Ok(None),
        names => open(names, symbols).map(Some),
    }
}

/// How numbers lie in the memory of a program.
pub(crate) fn words(symbols: &Symbols) -> Words {
    Words {
        is_64_bit: symbols.is_64_bit(),
        is_big_endian: symbols.is_big_endian(),
    }
}

/// Reads a recording for what it knows of the heap at its end.
pub(crate) fn live(
    recording: &mut OpenRecording,
    source: Option<&dyn FrameSource>,
) -> anyhow::Result<Live> {
    let layout = recording.layout.clone();
    Ok(Live::read(
        recording,
        &layout,
        &mut AllocatorFrames(source),
    )?)
}

/// What a report is made from, besides the recording.
pub(crate) struct Beside<'r, 's> {
    pub(crate) symbols: Option<&'s Symbols>,
    pub(crate) source: Option<&'s dyn FrameSource>,
    pub(crate) symbolizer: &'r mut Symbolizer<'s>,
    pub(crate) part: &'r Filter,
}

impl AtTheEnd {
    /// The image that belongs to a recording, if one was named, and what the recording knows of the heap at its end.
    pub(crate) fn open(
        &self,
        recording: &mut OpenRecording,
        symbols: Option<&Symbols>,
        source: Option<&dyn FrameSource>,
    ) -> anyhow::Result<Option<AtStop>> {
        if self.image.is_empty() {
            return Ok(None);
        }
        Ok(Some(AtStop {
            image: open(&self.image, symbols)?,
            live: live(recording, source)?,
            look: self.looking.look(),
        }))
    }

    /// The same, as the viewer takes it.
    pub(crate) fn beside(
        &self,
        recording: &mut OpenRecording,
        program: &Program,
    ) -> anyhow::Result<Option<AtStop>> {
        let symbols = program.symbols.as_ref();
        let source = symbols.map(|symbols| symbols as &dyn FrameSource);
        self.open(recording, symbols, source)
    }

    /// The report on a recording that was read, and on the image that belongs to it, if there is one.
    pub(crate) fn report(
        &self,
        recording: &mut OpenRecording,
        outcome: &mut Outcome,
        beside: Beside<'_, '_>,
    ) -> anyhow::Result<Report> {
        let Beside {
            symbols,
            source,
            symbolizer,
            part,
        } = beside;
        let names = recording.names();
        let at_stop = self.open(recording, symbols, source)?;
        let examined = at_stop
            .as_ref()
            .map(|at_stop| at_stop.examine(symbols, outcome));
        if let Some(examined) = &examined {
            examined.judge(outcome);
        }
        let mut report = Report::of_part(outcome, symbolizer, &names, part);
        if let Some(examined) = &examined {
            examined.attach(&mut report);
        }
        Ok(report)
    }

    /// Refuses an image where it cannot be looked at.
    pub(crate) fn refuse(&self, why: &str) -> anyhow::Result<()> {
        match self.image.first() {
            Some(name) => bail!("`{name}` cannot be looked at: {why}"),
            None => Ok(()),
        }
    }
}
