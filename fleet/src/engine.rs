//! SQL over a fleet's folder, by DataFusion.

use std::path::PathBuf;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use leakscope_export::tables::Cell;
use thiserror::Error;
use tokio::runtime::Runtime;

use crate::answer::Answer;
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
    /// The engine says no.
    #[error("{0}")]
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
        // All tables are of the same parts, whatever is added meanwhile.
        let parts = folder.parts()?;
        if parts.is_empty() {
            return Err(FolderError::Empty(PathBuf::from(folder.path())).into());
        }
        let runtime = Runtime::new()?;
        let context = SessionContext::new();
        for table in Table::ALL {
            let file = |part: &PathBuf| part.join(table.name()).with_extension("parquet");
            let files: Vec<String> = parts
                .iter()
                .map(|part| file(part).display().to_string())
                .collect();
            let rows =
                runtime.block_on(context.read_parquet(files, ParquetReadOptions::default()))?;
            context.register_table(table.name(), rows.into_view())?;
        }
        Ok(Self { context, runtime })
    }

    /// Runs a statement; its rows, as an answer without notes.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn run(&self, sql: &str) -> Result<Answer, EngineError> {
        let run = async {
            let frame = self.context.sql(sql).await?;
            let names = frame
                .schema()
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect();
            Ok::<_, DataFusionError>((names, frame.collect().await?))
        };
        let (columns, batches): (Vec<String>, Vec<RecordBatch>) = self.runtime.block_on(run)?;
        let mut answer = Answer {
            question: sql.to_owned(),
            columns,
            ..Answer::default()
        };
        for batch in &batches {
            let columns = batch.columns().iter().map(|column| cells(column));
            let columns: Vec<Vec<Cell<'static>>> = columns.collect::<Result<_, _>>()?;
            let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
            for _ in 0..batch.num_rows() {
                answer
                    .rows
                    .push(columns.iter_mut().filter_map(Iterator::next).collect());
            }
        }
        Ok(answer)
    }
}

fn cells(column: &dyn Array) -> Result<Vec<Cell<'static>>, DataFusionError> {
    Ok(match column.data_type() {
        DataType::Int64 => column
            .as_primitive::<Int64Type>()
            .iter()
            .map(Cell::from)
            .collect(),
        DataType::UInt64 => column
            .as_primitive::<UInt64Type>()
            .iter()
            .map(Cell::from)
            .collect(),
        DataType::Float64 => column
            .as_primitive::<Float64Type>()
            .iter()
            .map(Cell::from)
            .collect(),
        _ => {
            let formatter = ArrayFormatter::try_new(column, &FormatOptions::default())?;
            let cell = |row: usize| {
                let text = || Cell::Text(formatter.value(row).to_string().into());
                if column.is_null(row) {
                    Cell::Null
                } else {
                    text()
                }
            };
            (0..column.len()).map(cell).collect()
        }
    })
}
