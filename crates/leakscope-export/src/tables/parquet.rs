//! Tables as Parquet: columns of numbers and text, in groups of rows, packed with Snappy.

use std::io;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use rustc_hash::FxHashMap;

use super::{Cell, Column, Form, Kind};
use crate::Output;

/// Rows that are kept until they are written together.
const GROUP: usize = 1 << 16;

/// A table that is being written.
pub struct Parquet<'o> {
    writer: SerializedFileWriter<Output<'o>>,
    columns: Vec<Values>,
    rows: usize,
}

/// The cells of a column: whether each is there, and those that are.
struct Values {
    are_there: Vec<i16>,
    values: Typed,
}

enum Typed {
    Numbers(Vec<i64>),
    Reals(Vec<f64>),
    Texts(Texts),
}

/// Texts, most of which are there again and again.
#[derive(Default)]
struct Texts {
    values: Vec<ByteArray>,
    /// Never listed: no order reaches an output.
    known: FxHashMap<String, ByteArray>,
}

/// Knows at most this many texts; names of tasks and of effects are fewer.
const KNOWN: usize = 1000;

impl Texts {
    fn push(&mut self, text: &str) {
        let value = match self.known.get(text) {
            Some(known) => known.clone(),
            None => {
                let value = ByteArray::from(text);
                if self.known.len() < KNOWN {
                    self.known.insert(text.to_owned(), value.clone());
                }
                value
            }
        };
        self.values.push(value);
    }
}

impl<'o> Parquet<'o> {
    /// Begins a table of this name. `about` is what the file says of itself, by name: the schema first.
    ///
    /// # Errors
    /// Those of the output.
    pub fn new(
        name: &str,
        columns: &[Column],
        about: &[(&str, &str)],
        out: Output<'o>,
    ) -> io::Result<Self> {
        let about = about
            .iter()
            .map(|(key, value)| KeyValue::new((*key).to_owned(), (*value).to_owned()));
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // Of a recording, numbers hardly repeat: a dictionary of them costs time and saves nothing.
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_key_value_metadata(Some(about.collect()));
        let repeats = |kind: &Kind| matches!(kind, Kind::Text | Kind::Integer);
        for (name, _) in columns.iter().filter(|(_, kind)| repeats(kind)) {
            properties = properties.set_column_dictionary_enabled((*name).into(), true);
        }
        let schema = schema(name, columns).map_err(written)?;
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties.build()));
        Ok(Self {
            writer: writer.map_err(written)?,
            columns: columns.iter().map(Values::new).collect(),
            rows: 0,
        })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else {
                break;
            };
            let there = &mut column.are_there;
            match &mut column.values {
                Typed::Numbers(values) => write::<Int64Type>(&mut writer, values, there)?,
                Typed::Reals(values) => write::<DoubleType>(&mut writer, values, there)?,
                Typed::Texts(texts) => {
                    write::<ByteArrayType>(&mut writer, &mut texts.values, there)?;
                }
            }
            writer.close()?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}

/// Writes the cells of a column, and forgets them.
fn write<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    values: &mut Vec<T::T>,
    are_there: &mut Vec<i16>,
) -> Result<(), ParquetError> {
    let column = writer.typed::<T>();
    column.write_batch(values, Some(are_there), None)?;
    values.clear();
    are_there.clear();
    Ok(())
}

impl Form for Parquet<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.push(cell);
        }
        self.rows += 1;
        if self.rows == GROUP {
            self.write_group().map_err(written)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.rows > 0 {
            self.write_group().map_err(written)?;
        }
        self.writer.into_inner().map_err(written)?.close()
    }
}

impl Values {
    fn new((_, kind): &Column) -> Self {
        Self {
            are_there: Vec::new(),
            values: match kind {
                Kind::Number | Kind::Integer | Kind::Time => Typed::Numbers(Vec::new()),
                Kind::Real => Typed::Reals(Vec::new()),
                Kind::Text => Typed::Texts(Texts::default()),
            },
        }
    }

    fn push(&mut self, cell: &Cell<'_>) {
        let is_there = match (&mut self.values, cell) {
            // The schema says that the bits are those of a number without a sign.
            (Typed::Numbers(values), Cell::Number(number)) => {
                values.push(number.cast_signed());
                true
            }
            (Typed::Numbers(values), Cell::Integer(number)) => {
                values.push(*number);
                true
            }
            (Typed::Reals(values), Cell::Real(number)) => {
                values.push(*number);
                true
            }
            (Typed::Texts(values), Cell::Text(text)) => {
                values.push(text);
                true
            }
            _ => false,
        };
        self.are_there.push(is_there.into());
    }
}

fn schema(name: &str, columns: &[Column]) -> Result<Type, ParquetError> {
    let fields = columns.iter().map(|(name, kind)| {
        let (physical, logical) = match kind {
            Kind::Number => (Physical::INT64, Some(LogicalType::integer(64, false))),
            Kind::Integer => (Physical::INT64, None),
            Kind::Time => (
                Physical::INT64,
                Some(LogicalType::timestamp(false, TimeUnit::MICROS)),
            ),
            Kind::Real => (Physical::DOUBLE, None),
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let field = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical);
        Ok(Arc::new(field.build()?))
    });
    let fields = fields.collect::<Result<_, ParquetError>>()?;
    Type::group_type_builder(name).with_fields(fields).build()
}

fn written(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}
