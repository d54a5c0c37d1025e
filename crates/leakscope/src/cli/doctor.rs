//! What can be typed behind `doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ReportFormat;

/// Say what an ESP-IDF project lacks to have its heap recorded, option by option, and the lines to add.
///
/// It reads what a build has left behind: build/project_description.json, sdkconfig, sdkconfig.defaults. Nothing is
/// written without --write.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The project, or its build folder [default: the project around].
    #[arg(long, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// How it is to be recorded [default: leakscope's component if the project has it, or else the first way that is
    /// ready, the component where ESP-IDF has no call stacks, or the first way that is possible].
    #[arg(long, value_enum, value_name = "WAY")]
    pub(crate) way: Option<DoctorWay>,
    /// Add the lines to sdkconfig.defaults. No line is added twice, or against one that is there.
    #[arg(long)]
    pub(crate) write: bool,
    /// Text for people, or one JSON document (schema: docs/doctor-json.md).
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
}

/// How a program of ESP-IDF's is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DoctorWay {
    /// Streamed, through JTAG and OpenOCD.
    Jtag,
    /// Streamed, through a UART.
    Uart,
    /// Streamed, through the chip's own USB port.
    UsbSerialJtag,
    /// Streamed by leakscope's component, without ESP-IDF's own tracing.
    Component,
    /// Printed in the console by heap_trace_dump.
    Console,
}
