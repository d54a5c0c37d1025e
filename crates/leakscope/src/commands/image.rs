//! `leakscope image`: what is in an image of memory, who points at what, and which blocks nobody can reach.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::bail;
use leakscope_analysis::Analysis;
use leakscope_memory::image::Image as Memory;
use leakscope_memory::reach::Found;
use leakscope_report::memory::{Examined, Kind, Live, NO_SITE};
use leakscope_report::text::{self, TextOptions};
use leakscope_report::units::{bytes, counted};
use leakscope_report::{Policy, Report, sanitise};
use leakscope_symbols::Symbols;

use crate::cli::{Image, Unpacking};
use crate::firmware::{self, AllocatorFrames};
use crate::image;
use crate::recording::OpenRecording;
use crate::screen::{self, Screen};

impl Image {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let mut recording = self.recording()?;
        let symbols = match &mut recording {
            Some(recording) => firmware::open_at_its_place(&self.symbols, recording)?,
            None => firmware::open(&self.symbols)?,
        };
        let symbols = symbols.as_ref();
        let image = image::open(&self.images, symbols)?;
        let (mut live, mut outcome, mut sites) = (Live::default(), None, Vec::new());
        if let Some(recording) = &mut recording {
            let mut analysis = Analysis::new(&recording.layout, AllocatorFrames(symbols));
            analysis.run(&mut *recording)?;
            let read = outcome.insert(analysis.outcome());
            recording.require_events(read.totals.events)?;
            if let Some(symbols) = symbols {
                firmware::check(symbols, read);
            }
            live = image::live(recording, firmware::source(symbols, None))?;
            recording.finish();
            let mut symbolizer = firmware::symbolizer(&self.symbols, symbols);
            sites = Report::new(read, &mut symbolizer, &[], &Policy::default()).call_sites;
        }
        let look = self.looking.look();
        let examined = Examined::new(&image, symbols, &live, outcome.as_ref(), &look);
        let names = examined.names(&sites);
        if let Some(address) = self.holds {
            return self.holders(&examined, &names, address);
        }
        let screen = &mut Screen::new();
        contents(&mut screen.out, &image)?;
        if examined.survey.blocks.is_empty() {
            writeln!(screen.out)?;
            screen.out.flush()?;
            screen::hint(
                "nobody knows which blocks live: --trace FILE names the recording, and a core dump of ESP-IDF with \
                 CONFIG_ESP_COREDUMP_CAPTURE_DRAM has them if --elf names the program",
            );
            return Ok(());
        }
        let options = self.options(screen);
        text::write_memory(&mut screen.out, &examined.document(&names), &options)?;
        self.lost(&mut screen.out, &examined, &image, symbols)?;
        Ok(screen.out.flush()?)
    }

    /// The recording, which knows the blocks.
    fn recording(&self) -> anyhow::Result<Option<OpenRecording>> {
        if self.trace.is_empty() {
            return Ok(None);
        }
        let mut recording = OpenRecording::open(&self.trace, &Unpacking::default())?;
        if recording.saved_report()?.is_some() || recording.dumps()?.is_some() {
            bail!("a saved report and a heap dump are no recordings: --trace names one");
        }
        Ok(Some(recording))
    }

    fn options(&self, screen: &Screen) -> TextOptions {
        TextOptions {
            width: screen.width,
            colour: screen.colour,
            top: self.top,
            all: self.all,
        }
    }

    fn holders(
        &self,
        examined: &Examined<'_>,
        names: &leakscope_report::memory::Names<'_>,
        address: u64,
    ) -> anyhow::Result<()> {
        let Some(found) = examined.holds(address, names) else {
            bail!("no block is known around {address:#x}");
        };
        let mut screen = Screen::new();
        writeln!(screen.out, "{}", sanitise(&found.block))?;
        if let Some(way) = &found.way {
            writeln!(screen.out, "shortest way: {}", sanitise(way))?;
        }
        let shown = if self.all {
            found.holders.len()
        } else {
            self.top.min(found.holders.len())
        };
        for holder in &found.holders[..shown] {
            writeln!(screen.out, "  {}", sanitise(holder))?;
        }
        match found.holders.len() - shown {
            0 if found.holders.is_empty() => writeln!(screen.out, "nothing points at it")?,
            0 => {}
            more => writeln!(screen.out, "  {more} more: see --all")?,
        }
        Ok(screen.out.flush()?)
    }

    /// The lost blocks of which nobody knows who allocated them: by size, and by what they begin with.
    fn lost(
        &self,
        out: &mut impl Write,
        examined: &Examined<'_>,
        image: &Memory,
        symbols: Option<&Symbols>,
    ) -> io::Result<()> {
        let variables = symbols.map(Symbols::variables).unwrap_or_default();
        let mut alike: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        let blocks = examined.survey.blocks.iter();
        let is_of_nobody = |found: &&Found| found.block.group == NO_SITE;
        for found in blocks.filter(|found| found.kind == Kind::Definite && is_of_nobody(found)) {
            let first = image.pointer(found.block.start).unwrap_or(0);
            *alike.entry((found.block.size, first)).or_default() += 1;
        }
        let mut alike: Vec<_> = alike.into_iter().collect();
        alike.sort_by_key(|((size, _), blocks)| std::cmp::Reverse(size * blocks));
        let shown = if self.all { alike.len() } else { self.top };
        for ((size, first), blocks) in alike.iter().take(shown) {
            // The table of methods of a C++ object, or another constant, says what it is.
            let name = variables.iter().find(|variable| {
                first
                    .checked_sub(variable.address)
                    .is_some_and(|offset| offset < variable.size)
            });
            let name = name.map_or_else(String::new, |name| format!(" ({})", sanitise(&name.name)));
            writeln!(
                out,
                "  nothing points at {} of {}, which begin with {first:#010x}{name}",
                counted(*blocks, "block"),
                bytes(*size)
            )?;
        }
        Ok(())
    }
}

/// What an image holds.
fn contents(out: &mut impl Write, image: &Memory) -> io::Result<()> {
    let segments = image.segments().count() as u64;
    write!(
        out,
        "{} of memory in {}",
        bytes(image.len()),
        counted(segments, "segment")
    )?;
    if let Some((first, last)) =
        image
            .segments()
            .map(|(range, _)| range)
            .fold(None, |span, range| {
                let first = span.map_or(range.start, |(first, _)| first);
                Some((first, range.end))
            })
    {
        write!(out, ", {first:#x} to {last:#x}")?;
    }
    writeln!(out)?;
    for thread in &image.threads {
        let stack = match thread.stack_pointer {
            Some(pointer) => format!(", stack pointer {pointer:#x}"),
            None => String::new(),
        };
        let registers = counted(thread.registers.len() as u64, "register");
        writeln!(out, "  thread {:#x}: {registers}{stack}", thread.id)?;
    }
    if let Some(about) = &image.about {
        let trace = sanitise(&about.trace);
        let halted = about.halted_us as f64 / 1e3;
        writeln!(
            out,
            "  made at the end of {trace}, for which the device stood still for {halted:.1} ms"
        )?;
    }
    for problem in &image.problems {
        writeln!(out, "  problem: {problem}")?;
    }
    Ok(())
}
