//! One thread's work: a file, who it is, and its report.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use leakscope_report::document::trace::Trace;
use sha2::{Digest, Sha256};

use super::Options;
use super::elf_store::ElfStore;
use super::metadata::{Metadata, UNKNOWN, hashed};
use super::read::{Content, ReadError, Reading};
use crate::rows::Origin;

/// What became of a file.
#[derive(Debug)]
pub(super) enum Became {
    Read(u128, Box<(Origin, Content)>),
    Known,
    /// Another shard has it.
    Others,
    Bad(ReadError),
}

pub(super) struct Worker<'o> {
    pub(super) store: ElfStore,
    pub(super) options: &'o Options,
}

impl Worker<'_> {
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
            Ok(read) => Became::Read(id, Box::new(read)),
            Err(error) => Became::Bad(error),
        }
    }

    fn origin_and_content(
        &mut self,
        id: u128,
        files: &[PathBuf],
    ) -> Result<(Origin, Content), ReadError> {
        let pattern = self.options.pattern.as_ref();
        let said = Metadata::of(&files[0], pattern).map_err(ReadError::Words)?;
        let recorded_at = said.recorded_at().map_err(ReadError::Words)?;
        let reading = Reading {
            files,
            elf_sha256: said.elf_sha256.as_deref(),
            store: &mut self.store,
        };
        // No file may stop the run: not even by a defect of ours.
        let content =
            catch_unwind(AssertUnwindSafe(|| reading.read())).unwrap_or_else(|panic| {
                let message = panic.downcast_ref::<String>().map(String::as_str);
                let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
                Err(ReadError::Defect(message.unwrap_or_default().to_owned()))
            })?;
        let trace = content.report().map(|report| &report.trace);
        let or_told = |said: Option<String>, told: fn(&Trace) -> &Option<String>| {
            let told = || trace.and_then(|trace| told(trace).clone());
            said.or_else(told).unwrap_or_else(|| UNKNOWN.to_owned())
        };
        let in_log = match content {
            Content::Dump(_, uptime_s) => uptime_s,
            Content::Heap(_) | Content::Metrics(_) => None,
        };
        let device = said.device.map(|device| match &self.options.device_key {
            Some(key) => hashed(&device, key),
            None => device,
        });
        let origin = Origin {
            recording: format!("{id:032x}"),
            device: device.unwrap_or_else(|| UNKNOWN.to_owned()),
            product: or_told(said.product, |trace| &trace.application),
            hardware: or_told(said.hardware, |trace| &trace.device),
            firmware: or_told(said.firmware, |trace| &trace.elf_sha256),
            kind: content.kind(),
            ingested_at: self.options.now,
            recorded_at,
            uptime_s: said.uptime_s.or(in_log),
            labels: said.labels,
            source: self.options.source(&files[0]),
        };
        Ok((origin, content))
    }
}

/// The first 16 bytes of the SHA-256 of the files' bytes.
fn content_hash(files: &[PathBuf]) -> io::Result<u128> {
    let mut hash = Sha256::new();
    for file in files {
        io::copy(&mut File::open(file)?, &mut hash)?;
    }
    let first = hash.finalize().first_chunk().copied();
    Ok(first.map_or(0, u128::from_be_bytes))
}
