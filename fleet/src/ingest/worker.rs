//! One thread's work: a file, who it is, and its report.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::Options;
use super::elf_store::ElfStore;
use super::metadata::{self, Metadata};
use super::read::{Content, ReadError, read};
use crate::rows::{Kind, Origin};

/// What became of a file.
#[derive(Debug)]
pub(super) enum Became {
    Read(u128, Box<Origin>, Box<Content>),
    Known,
    /// Another shard has it.
    Others,
    Bad(ReadError),
}

pub(super) struct Worker<'o> {
    store: ElfStore,
    options: &'o Options,
}

impl<'o> Worker<'o> {
    pub(super) fn new(store: ElfStore, options: &'o Options) -> Self {
        Self { store, options }
    }

    pub(super) fn read(&mut self, files: &[PathBuf], known: &HashSet<u128>) -> Became {
        let id = match content_hash(files) {
            Ok(id) => id,
            Err(error) => return Became::Bad(error.into()),
        };
        let is_ours = |&(number, of): &(u64, u64)| id % u128::from(of) == u128::from(number);
        if !self.options.shard.as_ref().is_none_or(is_ours) {
            return Became::Others;
        }
        if known.contains(&id) {
            return Became::Known;
        }
        match self.origin_and_content(id, files) {
            Ok((origin, content)) => Became::Read(id, Box::new(origin), Box::new(content)),
            Err(error) => Became::Bad(error),
        }
    }

    fn origin_and_content(
        &mut self,
        id: u128,
        files: &[PathBuf],
    ) -> Result<(Origin, Content), ReadError> {
        let file = &files[0];
        let named = self
            .options
            .pattern
            .as_ref()
            .and_then(|pattern| pattern.read(file));
        let said = Metadata::beside(file)
            .map_err(ReadError::Metadata)?
            .or(named.unwrap_or_default());
        let recorded_at = said.recorded_at().map_err(ReadError::Metadata)?;
        // No file may stop the run: not even by a defect of ours.
        let attempt = AssertUnwindSafe(|| read(files, said.elf_sha256.as_deref(), &mut self.store));
        let content = catch_unwind(attempt).unwrap_or_else(|panic| {
            let message = panic.downcast_ref::<String>().cloned();
            let message =
                message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(ReadError::Defect(message.unwrap_or_default()))
        })?;
        let device = said.device.unwrap_or_else(|| metadata::UNKNOWN.to_owned());
        let device = match &self.options.device_key {
            Some(key) if device != metadata::UNKNOWN => metadata::hashed(&device, key),
            _ => device,
        };
        let trace = match &content {
            Content::Heap { report, .. } => Some(&report.trace),
            Content::Metrics(_) => None,
        };
        let told = |of: fn(&leakscope_report::document::trace::Trace) -> &Option<String>| {
            trace.and_then(|trace| of(trace).clone())
        };
        let unknown = || metadata::UNKNOWN.to_owned();
        let (kind, uptime_s) = match &content {
            Content::Heap { kind, uptime_s, .. } => (*kind, *uptime_s),
            Content::Metrics(_) => (Kind::Metrics, None),
        };
        let product = said.product.or_else(|| told(|trace| &trace.application));
        let hardware = said.hardware.or_else(|| told(|trace| &trace.device));
        let firmware = said.firmware.or_else(|| told(|trace| &trace.elf_sha256));
        let origin = Origin {
            recording: format!("{id:032x}"),
            device,
            product: product.unwrap_or_else(unknown),
            hardware: hardware.unwrap_or_else(unknown),
            firmware: firmware.unwrap_or_else(unknown),
            kind,
            ingested_at: self.options.now,
            recorded_at,
            uptime_s: said.uptime_s.or(uptime_s),
            labels: said.labels,
            source: file.display().to_string(),
        };
        Ok((origin, content))
    }
}

/// The first 16 bytes of the SHA-256 of the files' bytes.
fn content_hash(files: &[PathBuf]) -> io::Result<u128> {
    let mut hash = Sha256::new();
    for file in files {
        let mut file = File::open(file)?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                count => hash.update(&buffer[..count]),
            }
        }
    }
    let first = hash.finalize().first_chunk().copied();
    Ok(first.map_or(0, u128::from_be_bytes))
}
