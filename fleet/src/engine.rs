//! SQL over a fleet's folder, by DataFusion: in this program, or on a cluster (Ballista).

use std::path::PathBuf;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use futures::StreamExt;
use leakscope_export::tables::Cell;
use thiserror::Error;
use tokio::runtime::Runtime;

use crate::answer::{Answer, Row};
use crate::schema::Table;
use crate::store::{Folder, FolderError};

/// An engine that knows the tables of a folder.
pub struct Engine {
    context: SessionContext,
    runtime: Runtime,
}

/// Why a question has no answer.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The folder is not as it should be.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Nothing was ever put there.
    #[error("`{}` holds no recordings: `leakscope fleet ingest FOLDER --into {}` puts some there", .0.display(), .0.display())]
    Empty(PathBuf),
    /// It was built without the client of a cluster.
    #[error(
        "this leakscope-fleet knows no clusters: `cargo install --path fleet --features cluster` builds one that does"
    )]
    NoCluster,
    /// The engine says no.
    #[error(transparent)]
    Sql(#[from] DataFusionError),
    /// Threads cannot be started.
    #[error("the engine cannot be started: {0}")]
    Runtime(#[from] std::io::Error),
}

impl Engine {
    /// Opens a folder.
    ///
    /// # Errors
    /// If nothing is in it, or what is in it cannot be read.
    pub fn open(folder: &Folder) -> Result<Self, EngineError> {
        Self::on(None, folder)
    }

    /// Opens a folder on a cluster: `df://host:port` is where its scheduler listens, and its executors find the folder at the
    /// same path. Without one, this program is the engine.
    ///
    /// # Errors
    /// As [`Self::open`], and if this program knows no clusters.
    pub fn on(cluster: Option<&str>, folder: &Folder) -> Result<Self, EngineError> {
        let runtime = Runtime::new()?;
        let context = match cluster {
            Some(scheduler) => remote(scheduler, &runtime)?,
            None => SessionContext::new(),
        };
        // All tables are of the same parts, whatever is added meanwhile.
        let parts = folder.parts()?;
        if parts.is_empty() {
            return Err(EngineError::Empty(folder.path().to_owned()));
        }
        for table in Table::ALL {
            let files = parts.iter().map(|part| part.join(table.file()));
            let files: Vec<String> = files.map(|file| file.display().to_string()).collect();
            let rows = context.read_parquet(files, ParquetReadOptions::default());
            context.register_table(table.name(), runtime.block_on(rows)?.into_view())?;
        }
        Ok(Self { context, runtime })
    }

    /// Runs a statement; its rows, as an answer without notes.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn run(&self, sql: &str) -> Result<Answer, EngineError> {
        let mut rows = Vec::new();
        let columns = self.each_row(sql, |row| rows.push(row))?;
        Ok(Answer {
            question: sql.to_owned(),
            columns,
            rows,
            notes: Vec::new(),
        })
    }

    /// Runs a statement, and takes its rows as they come; the names of its columns.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn each_row(
        &self,
        sql: &str,
        mut take: impl FnMut(Row),
    ) -> Result<Vec<String>, EngineError> {
        let run = async {
            let frame = self.context.sql(sql).await?;
            let fields = frame.schema().fields().iter();
            let columns = fields.map(|field| field.name().clone()).collect();
            let mut batches = frame.execute_stream().await?;
            while let Some(batch) = batches.next().await {
                rows(&batch?, &mut take)?;
            }
            Ok(columns)
        };
        self.runtime.block_on(run)
    }
}

#[cfg(feature = "cluster")]
fn remote(scheduler: &str, runtime: &Runtime) -> Result<SessionContext, EngineError> {
    use ballista::prelude::{SessionConfigExt, SessionContextExt};
    use datafusion::execution::SessionStateBuilder;
    use datafusion::prelude::SessionConfig;
    // Ballista 55.0.0 does not come to an end with plans that it changes while they run.
    let config = SessionConfig::new_with_ballista().with_ballista_adaptive_query_planner(false);
    let state = SessionStateBuilder::new().with_config(config);
    let state = state.with_default_features().build();
    let context = SessionContext::remote_with_state(scheduler, state);
    Ok(runtime.block_on(context)?)
}

#[cfg(not(feature = "cluster"))]
fn remote(_: &str, _: &Runtime) -> Result<SessionContext, EngineError> {
    Err(EngineError::NoCluster)
}

fn rows(batch: &RecordBatch, take: &mut dyn FnMut(Row)) -> Result<(), DataFusionError> {
    let columns = batch.columns().iter().map(|column| cells(column));
    let columns: Vec<Row> = columns.collect::<Result<_, _>>()?;
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    for _ in 0..batch.num_rows() {
        take(columns.iter_mut().filter_map(Iterator::next).collect());
    }
    Ok(())
}

/// The cells of a column.
fn cells(column: &dyn Array) -> Result<Row, DataFusionError> {
    macro_rules! numbers {
        ($kind:ty) => {
            column
                .as_primitive::<$kind>()
                .iter()
                .map(Cell::from)
                .collect()
        };
    }
    Ok(match column.data_type() {
        DataType::Int64 => numbers!(Int64Type),
        DataType::UInt64 => numbers!(UInt64Type),
        DataType::Float64 => numbers!(Float64Type),
        _ => {
            let formatter = ArrayFormatter::try_new(column, &FormatOptions::default())?;
            let text = |row| Cell::Text(formatter.value(row).to_string().into());
            let cell = |row| {
                if column.is_null(row) {
                    Cell::Null
                } else {
                    text(row)
                }
            };
            (0..column.len()).map(cell).collect()
        }
    })
}
