//! What frames mean.

use crate::error::Malformed;
use crate::extended::Extended;
use crate::frame::Frame;
use crate::id;
use crate::print::Print;
use crate::text::{self, Text};
use crate::varint;

/// One packet, by SEGGER's names. Tasks, timers and resources are *shrunk* ids: see [`Init::expand`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Packet<'a> {
    /// Nothing.
    Nop,
    /// Packets were lost.
    Overflow {
        /// How many since the target started, not counting the one that found each buffer full.
        drop_count: u32,
    },
    /// An interrupt begins.
    IsrEnter {
        /// The interrupt's number (on Cortex-M, the exception's).
        interrupt: u32,
    },
    /// An interrupt returns to what it interrupted.
    IsrExit,
    /// A task runs.
    TaskStartExec {
        /// Which.
        task: u32,
    },
    /// The running task ends, or is switched out.
    TaskStopExec,
    /// A task is ready to run.
    TaskStartReady {
        /// Which.
        task: u32,
    },
    /// A task is no longer ready.
    TaskStopReady {
        /// Which.
        task: u32,
        /// Why, by the operating system's own numbers.
        cause: u32,
    },
    /// A task comes into being.
    TaskCreate {
        /// Which.
        task: u32,
    },
    /// A task's name.
    TaskInfo {
        /// Which.
        task: u32,
        /// Its priority; whether larger is higher depends on the operating system.
        priority: u32,
        /// Its name, at most 32 bytes.
        name: Text<'a>,
    },
    /// Recording begins.
    TraceStart,
    /// Recording ends.
    TraceStop,
    /// The target's clock.
    SystimeCycles {
        /// In cycles of the CPU, the low 32 bits.
        cycles: u32,
    },
    /// The target's clock.
    SystimeUs {
        /// In microseconds.
        microseconds: u64,
    },
    /// A description of the system; see [`SystemDescription`](crate::SystemDescription).
    SysDesc {
        /// `key=value,…`
        text: Text<'a>,
    },
    /// A marked stretch begins.
    MarkStart {
        /// The marker's number.
        marker: u32,
    },
    /// A marked stretch ends.
    MarkStop {
        /// The marker's number.
        marker: u32,
    },
    /// No task runs.
    Idle,
    /// An interrupt ends in the scheduler.
    IsrToScheduler,
    /// A software timer's callback begins.
    TimerEnter {
        /// Which.
        timer: u32,
    },
    /// A software timer's callback ends.
    TimerExit,
    /// A task's stack.
    StackInfo {
        /// Whose.
        task: u32,
        /// Its base: a plain address, not shrunk.
        base: u32,
        /// Its size in bytes.
        size: u32,
        /// Bytes in use, 0 if unknown.
        usage: u32,
    },
    /// A module.
    ModuleDesc {
        /// Its place in the target's list, which every registration changes.
        module: u32,
        /// The id of its first event.
        offset: u32,
        /// `M=name,… n Event parameters,…`
        text: Text<'a>,
    },
    /// A value of registered data.
    DataSample {
        /// Which data.
        data: u32,
        /// The bits of a `u32`, `i32` or `f32`, as registered.
        value: u32,
    },
    /// The units of everything else.
    Init(Init),
    /// A name for a resource.
    NameResource {
        /// Which.
        resource: u32,
        /// Its name.
        name: Text<'a>,
    },
    /// A log message.
    PrintFormatted(Print<'a>),
    /// How many modules are registered.
    NumModules {
        /// The count.
        count: u32,
    },
    /// A call returns.
    EndCall {
        /// The id of the call's packet.
        event: u32,
        /// What it returned, where that is recorded.
        value: Option<u32>,
    },
    /// A task is gone.
    TaskTerminate {
        /// Which.
        task: u32,
    },
    /// An extended event.
    Extended(Extended<'a>),
    /// An API call, an event of a module, or one that is new to this crate.
    Other {
        /// Its id.
        id: u32,
        /// Its parameters, encoded.
        payload: &'a [u8],
    },
}

/// The units of a recording: its clock, and how ids were shrunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Init {
    /// Ticks of the deltas in a second. 0 in damaged recordings.
    pub timestamp_hz: u32,
    /// The CPU's frequency, for information.
    pub cpu_hz: u32,
    /// What was subtracted from addresses.
    pub ram_base: u32,
    /// How many low bits of them were dropped; at most 31.
    pub id_shift: u32,
}

impl Init {
    /// The address that `id` stands for.
    #[must_use]
    pub const fn expand(&self, id: u32) -> u32 {
        id.wrapping_shl(self.id_shift).wrapping_add(self.ram_base)
    }

    /// The id that stands for `address`.
    #[must_use]
    pub const fn shrink(&self, address: u32) -> u32 {
        address
            .wrapping_sub(self.ram_base)
            .wrapping_shr(self.id_shift)
    }
}

impl<'a> Packet<'a> {
    /// Reads the fields of a frame.
    ///
    /// # Errors
    /// If the payload does not have the fields of its id. Ids that are not known are no error:
    /// [`Packet::Other`]. Fields that a newer recorder adds at the end of a packet with a length are
    /// left unread.
    pub fn parse(frame: &Frame<'a>) -> Result<Self, Malformed> {
        Self::of(frame.id, frame.payload)
    }

    /// As [`Packet::parse`], of a payload that was cut out before.
    ///
    /// # Errors
    /// As those of [`Packet::parse`].
    pub fn of(id: u32, payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::new(payload);
        Ok(match id {
            id::NOP => Self::Nop,
            id::OVERFLOW => Self::Overflow {
                drop_count: fields.number()?,
            },
            id::ISR_ENTER => Self::IsrEnter {
                interrupt: fields.number()?,
            },
            id::ISR_EXIT => Self::IsrExit,
            id::TASK_START_EXEC => Self::TaskStartExec {
                task: fields.number()?,
            },
            id::TASK_STOP_EXEC => Self::TaskStopExec,
            id::TASK_START_READY => Self::TaskStartReady {
                task: fields.number()?,
            },
            id::TASK_STOP_READY => Self::TaskStopReady {
                task: fields.number()?,
                cause: fields.number()?,
            },
            id::TASK_CREATE => Self::TaskCreate {
                task: fields.number()?,
            },
            id::TASK_INFO => Self::TaskInfo {
                task: fields.number()?,
                priority: fields.number()?,
                name: fields.rest_as_string()?,
            },
            id::TRACE_START => Self::TraceStart,
            id::TRACE_STOP => Self::TraceStop,
            id::SYSTIME_CYCLES => Self::SystimeCycles {
                cycles: fields.number()?,
            },
            id::SYSTIME_US => Self::SystimeUs {
                microseconds: u64::from(fields.number()?) | u64::from(fields.number()?) << 32,
            },
            id::SYSDESC => Self::SysDesc {
                text: fields.rest_as_string()?,
            },
            id::MARK_START => Self::MarkStart {
                marker: fields.number()?,
            },
            id::MARK_STOP => Self::MarkStop {
                marker: fields.number()?,
            },
            id::IDLE => Self::Idle,
            id::ISR_TO_SCHEDULER => Self::IsrToScheduler,
            id::TIMER_ENTER => Self::TimerEnter {
                timer: fields.number()?,
            },
            id::TIMER_EXIT => Self::TimerExit,
            id::STACK_INFO => Self::StackInfo {
                task: fields.number()?,
                base: fields.number()?,
                size: fields.number()?,
                usage: fields.number()?,
            },
            id::MODULEDESC => Self::ModuleDesc {
                module: fields.number()?,
                offset: fields.number()?,
                text: fields.rest_as_string()?,
            },
            id::DATA_SAMPLE => Self::DataSample {
                data: fields.number()?,
                value: fields.number()?,
            },
            id::INIT => Self::Init(Init {
                timestamp_hz: fields.number()?,
                cpu_hz: fields.number()?,
                ram_base: fields.number()?,
                id_shift: fields.number()?.min(31),
            }),
            id::NAME_RESOURCE => Self::NameResource {
                resource: fields.number()?,
                name: fields.string()?,
            },
            id::PRINT_FORMATTED => Self::PrintFormatted(Print::parse(&mut fields)?),
            id::NUMMODULES => Self::NumModules {
                count: fields.number()?,
            },
            id::END_CALL => Self::EndCall {
                event: fields.number()?,
                value: fields.optional_number()?,
            },
            id::TASK_TERMINATE => Self::TaskTerminate {
                task: fields.number()?,
            },
            id::EX => Self::Extended(Extended::parse(&mut fields)?),
            id => Self::Other { id, payload },
        })
    }
}

/// The fields of a payload, read one after the other.
pub(crate) struct Fields<'a> {
    payload: &'a [u8],
    position: usize,
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(payload: &'a [u8]) -> Self {
        Self {
            payload,
            position: 0,
        }
    }

    pub(crate) fn number(&mut self) -> Result<u32, Malformed> {
        let (value, position) =
            varint::read(self.payload, self.position).map_err(|_| Malformed::Payload)?;
        self.position = position;
        Ok(value)
    }

    pub(crate) fn optional_number(&mut self) -> Result<Option<u32>, Malformed> {
        if self.is_empty() {
            return Ok(None);
        }
        self.number().map(Some)
    }

    /// A string after which other fields may follow.
    pub(crate) fn string(&mut self) -> Result<Text<'a>, Malformed> {
        let (text, position) = text::read_framed(self.payload, self.position)?;
        self.position = position;
        Ok(text)
    }

    /// The string that ends the payload of a packet without length: framing has found its end, and so
    /// which of the two forms of a long string it is.
    fn rest_as_string(&mut self) -> Result<Text<'a>, Malformed> {
        let prefix = match self.payload.get(self.position) {
            Some(0xFF) => 3,
            Some(_) => 1,
            None => return Err(Malformed::Payload),
        };
        let text = self.payload.get(self.position + prefix..);
        self.position = self.payload.len();
        text.map(Text).ok_or(Malformed::String)
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = self.payload.get(self.position..).unwrap_or_default();
        self.position = self.payload.len();
        rest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.position >= self.payload.len()
    }
}
