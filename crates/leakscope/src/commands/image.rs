//! `leakscope image`: what is in an image of memory, who points at what, and which blocks nobody can reach.

use std::io::Write;

use anyhow::bail;
use leakscope_analysis::Analysis;
use leakscope_report::memory::{Examined, Live};
use leakscope_report::text;
use leakscope_report::{Report, json};

use crate::cli::{Image, ReportFormat, Unpacking};
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
            sites = Report::new(read, &mut symbolizer, &[]).call_sites;
        }
        let look = self.looking.look();
        let examined = Examined::new(&image, symbols, &live, outcome.as_ref(), &look);
        let names = examined.names(&sites);
        let document = examined.image(&names, self.holds);
        if let (Some(address), None) = (self.holds, &document.held) {
            bail!("no block is known around {address:#x}");
        }
        let mut screen = Screen::new();
        match self.format {
            ReportFormat::Json => json::write(&mut screen.out, &document)?,
            ReportFormat::Text => {
                let options = screen.options_for(&self.lists);
                text::write_image(&mut screen.out, &document, &options)?;
            }
        }
        screen.out.flush()?;
        if document.memory.is_some() {
            return Ok(());
        }
        if outcome.is_some() {
            screen::note(
                "no block of the recording lived when it ended: there is nothing to look for",
            );
        } else {
            screen::hint(
                "nobody knows which blocks live: --trace FILE names the recording, and a core dump of ESP-IDF with \
                 CONFIG_ESP_COREDUMP_CAPTURE_DRAM has them if --elf names the program",
            );
        }
        Ok(())
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
}
