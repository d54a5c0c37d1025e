//! Packets, written.

use crate::error::BufferTooSmall;
use crate::extended::{Extended, RegisterData};
use crate::id;
use crate::packet::Packet;
use crate::print::Print;
use crate::text::Text;
use crate::varint;

/// Writes fields into a buffer, one after the other.
///
/// ```
/// use leakscope_systemview::Writer;
/// let mut buffer = [0; 8];
/// let mut writer = Writer::new(&mut buffer);
/// writer.number(300)?;
/// writer.string("ok".into())?;
/// assert_eq!(writer.written(), [0xAC, 0x02, 2, b'o', b'k']);
/// # Ok::<(), leakscope_systemview::BufferTooSmall>(())
/// ```
#[derive(Debug)]
pub struct Writer<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

impl<'b> Writer<'b> {
    /// Begins at the front of `buffer`.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, length: 0 }
    }

    /// What has been written.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// If the buffer is full; what was written before stays.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), BufferTooSmall> {
        let end = self.length + bytes.len();
        self.buffer
            .get_mut(self.length..end)
            .ok_or(BufferTooSmall)?
            .copy_from_slice(bytes);
        self.length = end;
        Ok(())
    }

    /// Writes a number in its shortest form. (On a device each copy of this counts.)
    #[inline(never)]
    pub fn number(&mut self, value: u32) -> Result<(), BufferTooSmall> {
        let (bytes, length) = varint::write(value);
        self.bytes(bytes.get(..length).unwrap_or_default())
    }

    /// Writes a string; one of more than 254 bytes with the high byte of its length first, one of more
    /// than 65 535 cut to that.
    pub fn string(&mut self, text: Text<'_>) -> Result<(), BufferTooSmall> {
        let bytes = text.0.get(..0xFFFF).unwrap_or(text.0);
        let [high, low] = (bytes.len() as u16).to_be_bytes();
        if bytes.len() < 0xFF {
            self.bytes(&[low])?;
        } else {
            self.bytes(&[0xFF, high, low])?;
        }
        self.bytes(bytes)
    }

    /// Writes fields, and before them the number of bytes they take.
    pub fn with_length(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), BufferTooSmall>,
    ) -> Result<(), BufferTooSmall> {
        let start = self.length;
        write(self)?;
        let (number, prefix_length) = varint::write((self.length - start) as u32);
        self.bytes(number.get(..prefix_length).unwrap_or_default())?;
        self.buffer
            .get_mut(start..self.length)
            .unwrap_or_default()
            .rotate_right(prefix_length);
        Ok(())
    }

    fn numbers<const N: usize>(&mut self, values: [u32; N]) -> Result<(), BufferTooSmall> {
        values.into_iter().try_for_each(|value| self.number(value))
    }
}

impl Packet<'_> {
    /// The packet's id on the wire.
    #[must_use]
    pub const fn id(&self) -> u32 {
        match self {
            Self::Nop => id::NOP,
            Self::Overflow { .. } => id::OVERFLOW,
            Self::IsrEnter { .. } => id::ISR_ENTER,
            Self::IsrExit => id::ISR_EXIT,
            Self::TaskStartExec { .. } => id::TASK_START_EXEC,
            Self::TaskStopExec => id::TASK_STOP_EXEC,
            Self::TaskStartReady { .. } => id::TASK_START_READY,
            Self::TaskStopReady { .. } => id::TASK_STOP_READY,
            Self::TaskCreate { .. } => id::TASK_CREATE,
            Self::TaskInfo { .. } => id::TASK_INFO,
            Self::TraceStart => id::TRACE_START,
            Self::TraceStop => id::TRACE_STOP,
            Self::SystimeCycles { .. } => id::SYSTIME_CYCLES,
            Self::SystimeUs { .. } => id::SYSTIME_US,
            Self::SysDesc { .. } => id::SYSDESC,
            Self::MarkStart { .. } => id::MARK_START,
            Self::MarkStop { .. } => id::MARK_STOP,
            Self::Idle => id::IDLE,
            Self::IsrToScheduler => id::ISR_TO_SCHEDULER,
            Self::TimerEnter { .. } => id::TIMER_ENTER,
            Self::TimerExit => id::TIMER_EXIT,
            Self::StackInfo { .. } => id::STACK_INFO,
            Self::ModuleDesc { .. } => id::MODULEDESC,
            Self::DataSample { .. } => id::DATA_SAMPLE,
            Self::Init(_) => id::INIT,
            Self::NameResource { .. } => id::NAME_RESOURCE,
            Self::PrintFormatted(_) => id::PRINT_FORMATTED,
            Self::NumModules { .. } => id::NUMMODULES,
            Self::EndCall { .. } => id::END_CALL,
            Self::TaskTerminate { .. } => id::TASK_TERMINATE,
            Self::Extended(_) => id::EX,
            Self::Other { id, .. } => *id,
        }
    }

    /// Writes the packet, `delta` ticks after the one before; returns how many bytes it took.
    ///
    /// Reading gives the packet back if the packet is one that a recorder could send: text in packets
    /// below 24 without control characters, as many encoded arguments as are counted, no
    /// [`Packet::Other`] with an id that has a variant of its own.
    ///
    /// # Errors
    /// If `buffer` is too small; its contents are then unspecified. 32 bytes do for every packet
    /// without text, call stack or arguments.
    pub fn encode(&self, delta: u32, buffer: &mut [u8]) -> Result<usize, BufferTooSmall> {
        let mut writer = Writer::new(buffer);
        match self.id() {
            // As SEGGER's recorder does with its default settings.
            0x7F => writer.bytes(&[0xFF, 0x00])?,
            id => writer.number(id)?,
        }
        self.write_after_id(delta, writer)
    }

    /// As [`Packet::encode`], for [`Frame::split_with_core_bit`](crate::Frame::split_with_core_bit):
    /// the lowest bit of `core` goes where an ESP chip puts it.
    ///
    /// Ids above 8191 lose their high bits: the core takes the place of one.
    ///
    /// # Errors
    /// As [`Packet::encode`].
    pub fn encode_with_core_bit(
        &self,
        core: u8,
        delta: u32,
        buffer: &mut [u8],
    ) -> Result<usize, BufferTooSmall> {
        let mut writer = Writer::new(buffer);
        let core_bit = (core & 1) << 6;
        match self.id() {
            id @ ..0x40 => writer.bytes(&[id as u8 | core_bit])?,
            id => writer.bytes(&[id as u8 | 0x80, (id >> 7) as u8 & 0x3F | core_bit])?,
        }
        self.write_after_id(delta, writer)
    }

    fn write_after_id(&self, delta: u32, mut writer: Writer<'_>) -> Result<usize, BufferTooSmall> {
        if self.id() < id::FIRST_WITH_LENGTH {
            self.write_payload(&mut writer)?;
        } else {
            writer.with_length(|writer| self.write_payload(writer))?;
        }
        writer.number(delta)?;
        Ok(writer.length)
    }

    fn write_payload(&self, writer: &mut Writer<'_>) -> Result<(), BufferTooSmall> {
        match *self {
            Self::Nop
            | Self::IsrExit
            | Self::TaskStopExec
            | Self::TraceStart
            | Self::TraceStop
            | Self::Idle
            | Self::IsrToScheduler
            | Self::TimerExit => Ok(()),
            Self::Overflow { drop_count: number }
            | Self::IsrEnter { interrupt: number }
            | Self::TaskStartExec { task: number }
            | Self::TaskStartReady { task: number }
            | Self::TaskCreate { task: number }
            | Self::SystimeCycles { cycles: number }
            | Self::MarkStart { marker: number }
            | Self::MarkStop { marker: number }
            | Self::TimerEnter { timer: number }
            | Self::NumModules { count: number }
            | Self::TaskTerminate { task: number } => writer.number(number),
            Self::TaskStopReady { task, cause } => writer.numbers([task, cause]),
            Self::DataSample { data, value } => writer.numbers([data, value]),
            Self::SystimeUs { microseconds } => {
                writer.numbers([microseconds as u32, (microseconds >> 32) as u32])
            }
            Self::StackInfo {
                task,
                base,
                size,
                usage,
            } => writer.numbers([task, base, size, usage]),
            Self::SysDesc { text } => writer.string(text),
            Self::TaskInfo {
                task,
                priority,
                name,
            } => {
                writer.numbers([task, priority])?;
                writer.string(name)
            }
            Self::ModuleDesc {
                module,
                offset,
                text,
            } => {
                writer.numbers([module, offset])?;
                writer.string(text)
            }
            Self::Init(init) => {
                writer.numbers([init.timestamp_hz, init.cpu_hz, init.ram_base, init.id_shift])
            }
            Self::NameResource { resource, name } => {
                writer.number(resource)?;
                writer.string(name)
            }
            Self::PrintFormatted(print) => print.write(writer),
            Self::EndCall { event, value } => {
                writer.number(event)?;
                value.map_or(Ok(()), |value| writer.number(value))
            }
            Self::Extended(extended) => extended.write(writer),
            Self::Other { payload, .. } => writer.bytes(payload),
        }
    }
}

impl Print<'_> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), BufferTooSmall> {
        writer.string(self.text)?;
        writer.numbers([self.options, self.arguments.count])?;
        writer.bytes(self.arguments.encoded)
    }
}

impl Extended<'_> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), BufferTooSmall> {
        writer.number(self.number())?;
        match *self {
            Self::Mark { marker } => writer.number(marker),
            Self::NameMarker { marker, name } => {
                writer.number(marker)?;
                writer.string(name)
            }
            Self::HeapDefine {
                heap,
                base,
                size,
                metadata_size,
            } => writer.numbers([heap, base, size, metadata_size]),
            Self::HeapAlloc {
                heap,
                block,
                length,
                tag,
            } => {
                writer.numbers([heap, block, length])?;
                tag.map_or(Ok(()), |tag| writer.number(tag))
            }
            Self::HeapFree { heap, block } => writer.numbers([heap, block]),
            Self::RegisterData(data) => {
                writer.number(data.data)?;
                writer.string(data.name)?;
                data.write_optional(writer)
            }
            Self::PrintElf {
                address,
                options,
                arguments,
            } => {
                writer.numbers([address, options])?;
                writer.bytes(arguments)
            }
            Self::Other { payload, .. } => writer.bytes(payload),
        }
    }

    const fn number(&self) -> u32 {
        use id::extended as number;
        match *self {
            Self::Mark { .. } => number::MARK,
            Self::NameMarker { .. } => number::NAME_MARKER,
            Self::HeapDefine { .. } => number::HEAP_DEFINE,
            Self::HeapAlloc { tag: None, .. } => number::HEAP_ALLOC,
            Self::HeapAlloc { tag: Some(_), .. } => number::HEAP_ALLOC_EX,
            Self::HeapFree { .. } => number::HEAP_FREE,
            Self::RegisterData(_) => number::REGISTER_DATA,
            Self::PrintElf { .. } => number::PRINT_ELF,
            Self::Other { extended, .. } => extended,
        }
    }
}

impl RegisterData<'_> {
    /// Leaves out trailing fields that have their default, as recorders do.
    fn write_optional(&self, writer: &mut Writer<'_>) -> Result<(), BufferTooSmall> {
        let numbers = [
            self.kind.into(),
            self.offset as u32,
            self.minimum as u32,
            self.maximum as u32,
            self.scale.to_bits(),
        ];
        if !self.unit.0.is_empty() {
            writer.numbers(numbers)?;
            return writer.string(self.unit);
        }
        let used = numbers.iter().rposition(|&number| number != 0);
        numbers
            .into_iter()
            .take(used.map_or(0, |last| last + 1))
            .try_for_each(|number| writer.number(number))
    }
}
