//! The recording in other formats, for the page to save. Whoever serves the page knows how to write them.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::mpsc;

use super::routes::Sources;

/// A format that the page offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Download {
    /// What it is called; the page asks for it by this name.
    pub name: String,
    /// The file's name, for the browser.
    pub file: String,
    /// What it is for.
    pub purpose: &'static str,
}

/// Writes a recording in other formats.
pub trait Downloads: Send + Sync {
    /// The formats; none if there is nothing to write.
    fn list(&self) -> Vec<Download>;

    /// Writes one of them, as far as somebody takes it.
    ///
    /// # Errors
    /// Those of reading the recording and of writing.
    fn write(&self, name: &str, out: Box<dyn Write + Send>) -> io::Result<()>;
}

/// Nothing is offered.
pub(super) struct Nothing;

impl Downloads for Nothing {
    fn list(&self) -> Vec<Download> {
        Vec::new()
    }

    fn write(&self, _name: &str, _out: Box<dyn Write + Send>) -> io::Result<()> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Parts that wait for the browser to take them.
const WAITING: usize = 8;

pub(super) async fn list(State(sources): State<Sources>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    match serde_json::to_vec(&sources.downloads.list()) {
        Ok(json) => (kind, json).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The file is sent while it is written, on a thread of its own: the page can be used meanwhile.
pub(super) async fn file(State(sources): State<Sources>, Path(name): Path<String>) -> Response {
    let downloads = Arc::clone(&sources.downloads);
    let mut offered = downloads.list().into_iter();
    let Some(download) = offered.find(|offered| offered.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (parts, taken) = mpsc::channel(WAITING);
    let write = move || {
        let out = Box::new(io::BufWriter::with_capacity(1 << 16, Parts(parts.clone())));
        if let Err(error) = downloads.write(&download.name, out) {
            // The browser sees that the file is not whole; if it has gone, nobody cares.
            let _ = parts.blocking_send(Err(error));
        }
    };
    if let Err(error) = thread::Builder::new()
        .name("download".to_owned())
        .spawn(write)
    {
        return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        // The page names the file.
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
    ];
    let body = stream::unfold(taken, async |mut taken| Some((taken.recv().await?, taken)));
    (headers, Body::from_stream(body)).into_response()
}

/// Sends what is written to the browser.
struct Parts(mpsc::Sender<io::Result<Vec<u8>>>);

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(bytes.to_vec()));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
