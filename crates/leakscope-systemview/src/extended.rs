//! Extended events: packets with id [`EX`](crate::id::EX), whose first field says which.

use crate::error::Malformed;
use crate::id::extended as number;
use crate::packet::Fields;
use crate::text::Text;

/// An extended event. Heaps and blocks are shrunk addresses, as tasks are; lengths of heaps and blocks
/// lost their low bits too: shift them left by [`Init::id_shift`](crate::Init::id_shift).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Extended<'a> {
    /// A point in time is marked.
    Mark {
        /// The marker's number.
        marker: u32,
    },
    /// A name for a marker.
    NameMarker {
        /// The marker's number.
        marker: u32,
        /// Its name.
        name: Text<'a>,
    },
    /// A heap exists.
    HeapDefine {
        /// Which.
        heap: u32,
        /// Where it begins.
        base: u32,
        /// Its length.
        size: u32,
        /// Bytes that each block costs beside its own.
        metadata_size: u32,
    },
    /// A block is allocated.
    HeapAlloc {
        /// From which heap.
        heap: u32,
        /// The block.
        block: u32,
        /// Its length.
        length: u32,
        /// The user's tag, where one was sent (`HEAP_ALLOC_EX`).
        tag: Option<u32>,
    },
    /// A block is freed.
    HeapFree {
        /// To which heap.
        heap: u32,
        /// The block.
        block: u32,
    },
    /// Data to be sampled is described.
    RegisterData(RegisterData<'a>),
    /// A log message whose text stands in section `.sv-data` of the ELF file.
    PrintElf {
        /// The text's address.
        address: u32,
        /// As in [`Print`](crate::Print).
        options: u32,
        /// Numbers, then strings: how many of which, only the text tells.
        arguments: &'a [u8],
    },
    /// One that is new to this crate.
    Other {
        /// Its number.
        extended: u32,
        /// Its parameters, encoded.
        payload: &'a [u8],
    },
}

/// The type of sampled data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    /// Unsigned.
    U32,
    /// Two's complement.
    I32,
    /// IEEE 754, 32 bits.
    Float,
    /// One that is new to this crate, by its number.
    Other(u32),
}

/// A description of data to be sampled. Recorders leave out trailing fields that have their default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegisterData<'a> {
    /// The data's number.
    pub data: u32,
    /// Its name.
    pub name: Text<'a>,
    /// Its type; by default unsigned.
    pub kind: DataKind,
    /// Added to each value; by default 0.
    pub offset: i32,
    /// The lower end of the range to show; both 0 mean automatic.
    pub minimum: i32,
    /// The upper end of the range to show.
    pub maximum: i32,
    /// Multiplies each value; 0 means 1.
    pub scale: f32,
    /// The unit; by default none.
    pub unit: Text<'a>,
}

impl From<u32> for DataKind {
    fn from(kind: u32) -> Self {
        match kind {
            0 => Self::U32,
            1 => Self::I32,
            2 => Self::Float,
            other => Self::Other(other),
        }
    }
}

impl From<DataKind> for u32 {
    fn from(kind: DataKind) -> Self {
        match kind {
            DataKind::U32 => 0,
            DataKind::I32 => 1,
            DataKind::Float => 2,
            DataKind::Other(other) => other,
        }
    }
}

impl<'a> Extended<'a> {
    pub(crate) fn parse(fields: &mut Fields<'a>) -> Result<Self, Malformed> {
        Ok(match fields.number()? {
            number::MARK => Self::Mark {
                marker: fields.number()?,
            },
            number::NAME_MARKER => Self::NameMarker {
                marker: fields.number()?,
                name: fields.string()?,
            },
            number::HEAP_DEFINE => Self::HeapDefine {
                heap: fields.number()?,
                base: fields.number()?,
                size: fields.number()?,
                metadata_size: fields.number()?,
            },
            number::HEAP_ALLOC => Self::HeapAlloc {
                heap: fields.number()?,
                block: fields.number()?,
                length: fields.number()?,
                tag: None,
            },
            number::HEAP_ALLOC_EX => Self::HeapAlloc {
                heap: fields.number()?,
                block: fields.number()?,
                length: fields.number()?,
                tag: Some(fields.number()?),
            },
            number::HEAP_FREE => Self::HeapFree {
                heap: fields.number()?,
                block: fields.number()?,
            },
            number::REGISTER_DATA => Self::RegisterData(RegisterData::parse(fields)?),
            number::PRINT_ELF => Self::PrintElf {
                address: fields.number()?,
                options: fields.number()?,
                arguments: fields.rest(),
            },
            extended => Self::Other {
                extended,
                payload: fields.rest(),
            },
        })
    }
}

impl<'a> RegisterData<'a> {
    fn parse(fields: &mut Fields<'a>) -> Result<Self, Malformed> {
        let data = fields.number()?;
        let name = fields.string()?;
        let mut number = || Ok::<_, Malformed>(fields.optional_number()?.unwrap_or(0));
        Ok(Self {
            data,
            name,
            kind: number()?.into(),
            offset: number()? as i32,
            minimum: number()? as i32,
            maximum: number()? as i32,
            scale: f32::from_bits(number()?),
            unit: if fields.is_empty() {
                Text::default()
            } else {
                fields.string()?
            },
        })
    }
}
