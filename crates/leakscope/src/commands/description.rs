//! `leakscope description`: with this, SEGGER's application names heap events.

use std::io::Write;

use leakscope_recorder::description;

use crate::cli::{Description, Recorder};
use crate::screen::{self, Screen};

impl Description {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let [leakscope, esp_idf] = description::FILES;
        let (file, text) = match self.recorder {
            Recorder::Leakscope => leakscope,
            Recorder::EspIdf => esp_idf,
        };
        let mut screen = Screen::new();
        screen.out.write_all(text.as_bytes())?;
        screen.out.flush()?;
        screen::note(&format!(
            "save this as `{file}` in the folder `Description` of the installed application, or in a folder \
             `.sysview` beside your project (UM08027, section 6.1.5)"
        ));
        Ok(())
    }
}
