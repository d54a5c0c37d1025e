//! The way into the page. A browser's command line can be read by every user of a machine (`ps`): it names a file that
//! only this user may read, and which leads on to the secret address.

use std::io::{self, Write};

use tempfile::NamedTempFile;

/// A file that leads to the page, for as long as this lives.
#[derive(Debug)]
pub(super) struct Door(NamedTempFile);

impl Door {
    pub(super) fn to(url: &str) -> io::Result<Self> {
        // The file has mode 0600 from the first.
        let mut file = tempfile::Builder::new()
            .prefix("leakscope-")
            .suffix(".html")
            .tempfile()?;
        write!(
            file,
            "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta http-equiv=\"refresh\" content=\"0; url={url}\">\n<title>leakscope</title>\n\
             <a href=\"{url}\">leakscope</a>\n"
        )?;
        file.flush()?;
        Ok(Self(file))
    }

    /// Opens it in the user's browser; whether there was one to ask.
    pub(super) fn open(&self) -> bool {
        open::that_detached(self.0.path()).is_ok()
    }
}
