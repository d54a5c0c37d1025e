//! What can go wrong with OpenOCD.

use std::io;
use std::time::Duration;

use crate::memory::MemoryError;
use crate::source::SourceError;

/// Why OpenOCD did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum OpenOcdError {
    /// There is none.
    #[error("no OpenOCD answers at {endpoint}: {source}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// What the system says.
        source: io::Error,
    },
    /// Something else answers.
    #[error("the program at {endpoint} is not OpenOCD's Tcl port: it said \"{said}\"")]
    OtherServer {
        /// Where.
        endpoint: String,
        /// The beginning of it, escaped.
        said: String,
    },
    /// It went away.
    #[error("OpenOCD closed the connection, while we waited for `{script}`")]
    Closed {
        /// What was waited for.
        script: String,
    },
    /// It is silent.
    #[error("OpenOCD did not answer `{script}` within {} s", .limit.as_secs_f32())]
    TimeOut {
        /// What was waited for.
        script: String,
        /// How long.
        limit: Duration,
    },
    /// The connection fails.
    #[error("the connection to OpenOCD failed: {0}")]
    Failed(io::Error),
    /// It cannot, or does not want to.
    #[error("OpenOCD refused `{script}`: {answer}")]
    Refused {
        /// What it was asked for.
        script: String,
        /// What it said.
        answer: String,
    },
    /// It has no target, or cannot reach it.
    #[error("OpenOCD cannot use the target {target}: it is {state}")]
    NoTarget {
        /// Its name.
        target: String,
        /// OpenOCD's word for its state.
        state: String,
    },
    /// This OpenOCD is not Espressif's.
    #[error("this OpenOCD cannot trace an {chip}: it has no command `esp`")]
    NotEspressifs {
        /// The target's type.
        chip: String,
    },
    /// A trace is being recorded already.
    #[error("OpenOCD is recording a trace already")]
    AlreadyTracing,
    /// The program has not told OpenOCD of its buffers.
    #[error("the program has no trace buffers that OpenOCD knows of")]
    NoBuffers,
    /// OpenOCD knows the buffers of some cores only, or of a program that has gone.
    #[error("OpenOCD cannot connect to the trace buffers of all cores")]
    NotConnected,
    /// An OpenOCD that is too old for this.
    #[error("this OpenOCD cannot trace several cores: it has no command `esp sysview_mcore`")]
    NoMultiCore,
    /// Its files, which cannot be had otherwise, are somewhere else.
    #[error("OpenOCD's file {path} is not here: {source}")]
    FileElsewhere {
        /// As OpenOCD was told.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The program never sent anything.
    #[error("the program sent no events")]
    Empty,
    /// The target's memory.
    #[error("the target's buffers cannot be read: {0}")]
    Memory(MemoryError),
    /// There is no control block of RTT.
    #[error("OpenOCD found no control block of RTT in the target's memory")]
    NoRtt,
    /// There is one, with other channels.
    #[error("the target has RTT, but no channel SysView, only {names}")]
    NoSysViewChannel {
        /// What it has.
        names: String,
    },
}

impl OpenOcdError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreachable { .. } => {
                "start OpenOCD first, for example `openocd -f board/esp32c3-builtin.cfg`, and leave it running; in an ESP-IDF \
                 project, --start-openocd does"
            }
            Self::OtherServer { .. } => {
                "OpenOCD's Tcl port is 6666; 3333 is GDB's (--gdb), and 4444 Telnet's"
            }
            Self::Closed { .. } => "has OpenOCD ended? its own output says why",
            Self::TimeOut { .. } => "OpenOCD may hang in another command: restart it",
            Self::NoTarget { .. } => {
                "check the cable, the power and OpenOCD's configuration; is it the right chip's?"
            }
            Self::NotEspressifs { .. } => {
                "use Espressif's OpenOCD: it comes with ESP-IDF, or with `pip install openocd-esp32`"
            }
            Self::AlreadyTracing => {
                "end that one first: `esp sysview stop` at OpenOCD's Telnet port, or restart OpenOCD"
            }
            Self::NoBuffers => {
                "the program says so once, when it starts, if a debugger is there: add --reset. It must be built with application tracing to JTAG (CONFIG_APPTRACE_DEST_JTAG, CONFIG_APPTRACE_SV_ENABLE)"
            }
            Self::NotConnected => {
                "the program tells OpenOCD of its buffers when it starts, on each core: record with --reset, or from a place that both cores have been past (--start). It must be built with application tracing to JTAG for all cores that OpenOCD has"
            }
            Self::NoMultiCore => {
                "use a newer OpenOCD of Espressif's (`pip install openocd-esp32`), or let it have one core only: `openocd -c 'set ESP_ONLYCPU 1' -f …`"
            }
            Self::FileElsewhere { .. } => "run leakscope on the machine that OpenOCD runs on",
            Self::Empty => {
                "is SystemView's tracing enabled in the program (CONFIG_APPTRACE_SV_ENABLE), and heap tracing to the host (CONFIG_HEAP_TRACING_TOHOST)?"
            }
            Self::NoRtt => {
                "give --elf, for the address of `_SEGGER_RTT`; the program must have initialised RTT by then"
            }
            Self::NoSysViewChannel { .. } => {
                "the program must call SEGGER_SYSVIEW_Conf, or the recorder's init, before"
            }
            Self::Memory(MemoryError::Running) => {
                "record by --gdb HOST:3333: it stops the target for each look"
            }
            Self::Memory(_) | Self::Failed(_) | Self::Refused { .. } => return None,
        })
    }

    /// Whether it is the connection that fails: another one may do.
    pub(super) fn is_lost_link(&self) -> bool {
        matches!(
            self,
            Self::Closed { .. } | Self::TimeOut { .. } | Self::Failed(_)
        )
    }

    /// Whether the program has not told OpenOCD of the buffers of all its cores.
    pub(crate) fn is_early(&self) -> bool {
        matches!(self, Self::NoBuffers | Self::NotConnected)
    }

    /// OpenOCD's own words, where there are special ones for them.
    pub(crate) fn refused(script: &str, answer: &str) -> Self {
        if answer.contains("Failed to get max trace block size") {
            return Self::NoBuffers;
        }
        if answer.contains("Failed to connect to targets") {
            return Self::NotConnected;
        }
        if script.contains("sysview_mcore") && is_unknown(answer) {
            return Self::NoMultiCore;
        }
        Self::Refused {
            script: script.to_owned(),
            answer: reason(answer),
        }
    }
}

/// Whether OpenOCD, or the Tcl in it, does not know a command.
fn is_unknown(answer: &str) -> bool {
    [
        "invalid command",
        "invalid subcommand",
        "unknown command",
        "Unknown command",
    ]
    .iter()
    .any(|words| answer.contains(words))
}

/// What stands in place of a reason that OpenOCD does not give.
pub(super) const NO_REASON: &str = "it does not say why";

/// The lines that matter of what OpenOCD printed: progress is numbers only.
fn reason(answer: &str) -> String {
    let lines = answer.lines().map(str::trim);
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty() && line.parse::<u64>().is_err())
        .collect();
    if lines.is_empty() {
        return NO_REASON.to_owned();
    }
    lines.join("; ")
}

impl From<OpenOcdError> for SourceError {
    fn from(error: OpenOcdError) -> Self {
        let message = Self::new(error.to_string());
        match error.hint() {
            Some(hint) => message.with_hint(hint),
            None => message,
        }
    }
}

impl From<OpenOcdError> for MemoryError {
    fn from(error: OpenOcdError) -> Self {
        Self::Lost(Box::new(error))
    }
}
