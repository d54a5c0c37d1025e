//! `leakscope completions` and `leakscope man`: what a package has beside the program. Both are read off what can be
//! typed, so that neither can be stale.

use std::fs;
use std::io::Write;

use anyhow::Context;
use clap::CommandFactory;

use crate::cli::{Arguments, Completions, Man};
use crate::screen::Screen;

impl Completions {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let mut script = Vec::new();
        let mut command = Arguments::command();
        // Into memory: it panics where a reader goes away.
        clap_complete::generate(self.shell, &mut command, "leakscope", &mut script);
        let mut screen = Screen::new();
        screen.out.write_all(&script)?;
        screen.out.flush()?;
        Ok(())
    }
}

impl Man {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let folder = &self.folder;
        fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder))
            .with_context(|| format!("`{}` cannot be written", folder.display()))
    }
}
