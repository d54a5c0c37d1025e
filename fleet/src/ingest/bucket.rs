//! Recordings in an object store: copied here a batch at a time. Batches are whole folders, so that what lies beside a recording
//! comes with it.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, parse_url_opts};
use tempfile::TempDir;
use thiserror::Error;
use tokio::runtime::Runtime;
use url::Url;

use super::source::lies_beside;

/// Folders are joined to a batch until they hold so many bytes.
const BATCH: u64 = 1 << 30;

/// Objects that are copied at a time.
const COPIES: usize = 16;

/// A folder of an object store.
pub struct Bucket {
    store: Box<dyn ObjectStore>,
    folder: object_store::path::Path,
    store_url: String,
    runtime: Runtime,
}

/// What a program says that was built without them.
const HINT: &str = if cfg!(feature = "cloud") {
    ""
} else {
    ". `cargo install --path fleet --features cloud` builds a leakscope-fleet that knows those of clouds"
};

/// Why nothing can be had from an object store.
#[derive(Debug, Error)]
pub enum BucketError {
    /// It is none of those that are known.
    #[error("{0}{HINT}")]
    Unknown(String),
    /// It does not answer as it should.
    #[error(transparent)]
    Store(#[from] object_store::Error),
    /// Copies cannot be written.
    #[error("what is copied from an object store cannot be written: {0}")]
    Io(#[from] io::Error),
}

impl Bucket {
    /// Opens `s3://bucket/folder`, `gs://…`, `az://…` or `file:///…`. Who may read it is in variables of the environment that
    /// the tools of these stores know, such as `AWS_ACCESS_KEY_ID`.
    ///
    /// # Errors
    /// If this program knows no such store.
    pub fn open(url: &Url) -> Result<Self, BucketError> {
        let opened = parse_url_opts(url, env::vars());
        let (store, folder) =
            opened.map_err(|error| BucketError::Unknown(format!("`{url}`: {error}")))?;
        let whole = url.as_str().trim_end_matches('/');
        let before = whole.strip_suffix(folder.as_ref()).unwrap_or(whole);
        let slash = if before.ends_with('/') { "" } else { "/" };
        Ok(Self {
            store,
            store_url: format!("{before}{slash}"),
            folder,
            runtime: Runtime::new()?,
        })
    }

    /// What stands before the names of objects: `s3://bucket/`.
    pub fn url(&self) -> &str {
        &self.store_url
    }

    /// What is in it, in batches.
    ///
    /// # Errors
    /// Those of the store.
    pub fn batches(&self) -> Result<Vec<Vec<ObjectMeta>>, BucketError> {
        let list = self.store.list(Some(&self.folder)).try_collect::<Vec<_>>();
        let mut objects = self.runtime.block_on(list)?;
        objects.retain(|object| !lies_beside(Path::new(object.location.as_ref())));
        objects.sort_by(|one, next| {
            (folder_of(one), &one.location).cmp(&(folder_of(next), &next.location))
        });
        let mut batches: Vec<Vec<ObjectMeta>> = Vec::new();
        let mut bytes = BATCH;
        for objects in objects.chunk_by(|one, next| folder_of(one) == folder_of(next)) {
            if bytes >= BATCH {
                batches.push(Vec::new());
                bytes = 0;
            }
            bytes += objects.iter().map(|object| object.size).sum::<u64>();
            if let Some(batch) = batches.last_mut() {
                batch.extend_from_slice(objects);
            }
        }
        Ok(batches)
    }

    /// Copies a batch into a folder that is removed when it is dropped.
    ///
    /// # Errors
    /// Those of the store and of the disk.
    pub fn copy(&self, batch: Vec<ObjectMeta>) -> Result<TempDir, BucketError> {
        let folder = tempfile::tempdir()?;
        let copies = stream::iter(batch)
            .map(Ok)
            .try_for_each_concurrent(COPIES, |object| self.copy_one(object, folder.path()));
        self.runtime.block_on(copies)?;
        Ok(folder)
    }

    async fn copy_one(&self, object: ObjectMeta, folder: &Path) -> Result<(), BucketError> {
        // Names have neither `.` nor `..` for a folder.
        let path = folder.join(object.location.as_ref());
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        let mut file = File::create(path)?;
        let mut pieces = self.store.get(&object.location).await?.into_stream();
        while let Some(piece) = pieces.try_next().await? {
            file.write_all(&piece)?;
        }
        Ok(())
    }
}

fn folder_of(object: &ObjectMeta) -> &str {
    let name = object.location.as_ref();
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}
