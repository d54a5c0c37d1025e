//! For ESP chips: what ESP-IDF's example of heap tracing does.

use super::{Session, no_function};
use crate::commands::record::places;

pub(super) fn commands(session: &Session<'_>) -> anyhow::Result<String> {
    let Session {
        elf,
        server,
        output,
        start,
        stop,
        ..
    } = session;
    // A trace that is started behind the reset, before the program can send one, is none.
    let Some(start) = start else {
        return Err(no_function(places::USUAL_START));
    };
    let Some(stop) = stop else {
        return Err(no_function(places::USUAL_STOP));
    };
    Ok(format!(
        "\
# Records the heap of an ESP chip between {start} and {stop}, through Espressif's OpenOCD:
#   gdb -x FILE
# The recording is written by OpenOCD, on its machine. Written by `leakscope gdbinit`.
set pagination off
set confirm off
set language c
file \"{elf}\"
target extended-remote {server}
monitor reset halt
maintenance flush register-cache

thbreak *{start}
commands
  silent
  monitor esp sysview_mcore start file://{output}
  continue
end

thbreak *{stop}
commands
  silent
  monitor esp sysview_mcore stop
  echo The recording is {output}\\n
end

continue
"
    ))
}
