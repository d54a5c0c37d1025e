//! The ELF file beside a recording.

use std::path::Path;

use leakscope_analysis::trace::Unwinder;
use leakscope_export::Heaptrack;
use leakscope_report::{FrameSource, ProgramUnwinder, Symbolizer};
use leakscope_symbols::{OpenError, Symbols};

pub(crate) use leakscope_report::program::{AllocatorFrames, check};

use crate::recording::OpenRecording;
use crate::screen::Advised;
use crate::{cli, screen};

/// Opens the ELF file, if one was named.
pub(crate) fn open(options: &cli::Symbols) -> anyhow::Result<Option<Symbols>> {
    options.elf.as_deref().map(open_file).transpose()
}

/// Opens this ELF file.
pub(crate) fn open_file(path: &Path) -> anyhow::Result<Symbols> {
    let name = path.display();
    Symbols::open(path).map_err(|error| match error {
        OpenError::NotFound => {
            let (message, hint) = (format!("there is no file `{name}`"), error.hint());
            Advised { message, hint }.into()
        }
        error => anyhow::Error::new(error).context(format!("`{name}`")),
    })
}

/// Looks addresses up in the ELF file, if there is one.
pub(crate) fn symbolizer<'s>(
    options: &cli::Symbols,
    symbols: Option<&'s Symbols>,
) -> Symbolizer<'s> {
    symbolizer_of(options, symbols.map(|symbols| symbols as &dyn FrameSource))
}

/// What names functions: the ELF file or, without one, what the recording has told of itself.
pub(crate) fn source<'s>(
    symbols: Option<&'s Symbols>,
    code: Option<&'s Heaptrack>,
) -> Option<&'s dyn FrameSource> {
    let symbols = symbols.map(|symbols| symbols as &dyn FrameSource);
    symbols.or_else(|| code.map(|code| code as &dyn FrameSource))
}

/// Looks addresses up wherever functions have names.
pub(crate) fn symbolizer_of<'s>(
    options: &cli::Symbols,
    source: Option<&'s dyn FrameSource>,
) -> Symbolizer<'s> {
    let roots = options.source_root.iter().cloned().collect();
    Symbolizer::new(source).with_source_roots(roots)
}

/// The ELF file and its sources, as the viewer takes them.
pub(crate) fn program(
    options: &cli::Symbols,
    heap_size: Option<u64>,
) -> anyhow::Result<leakscope_viewer::Program> {
    Ok(leakscope_viewer::Program {
        heap_size,
        symbols: open(options)?,
        roots: options.source_root.iter().cloned().collect(),
        unwinder: unwinder(options),
        memory: None,
        heap_regions: Vec::new(),
        before: None,
    })
}

/// What finds call stacks among the words that a device has sent of its stack: the ELF file, if one was named.
pub(crate) fn unwinder(options: &cli::Symbols) -> Unwinder {
    let elf = options.elf.clone().map(ProgramUnwinder::new);
    elf.map(Unwinder::new).unwrap_or_default()
}

/// Opens the ELF file for a recording, which is unwound by it from now on, and finds the place of a program that a
/// system may load anywhere.
pub(crate) fn open_at_its_place(
    options: &cli::Symbols,
    recording: &mut OpenRecording,
) -> anyhow::Result<Option<Symbols>> {
    let mut symbols = open(options)?;
    recording.layout.unwinder = unwinder(options);
    locate(symbols.as_mut(), recording)?;
    Ok(symbols)
}

/// Finds from where a program was loaded that a system may load anywhere, by the return addresses in a recording.
///
/// Nothing is done for firmware, which is where its file says.
pub(crate) fn locate(
    symbols: Option<&mut Symbols>,
    recording: &mut OpenRecording,
) -> anyhow::Result<()> {
    let Some(symbols) = symbols.filter(|symbols| symbols.is_position_independent()) else {
        return Ok(());
    };
    let Some(found) = symbols.find_load_offset(&recording.return_addresses()?) else {
        return Ok(());
    };
    if found.offset > 0 {
        screen::note(&format!(
            "the program was loaded {:#x} above the addresses in its file: there, {} of {} return addresses stand \
             behind calls; by chance, of a program that did not run, they do at most once in 10^{:.0}",
            found.offset,
            found.behind,
            found.tested,
            (-found.chance.log10()).floor()
        ));
    }
    symbols.load_at(found.offset);
    Ok(())
}
