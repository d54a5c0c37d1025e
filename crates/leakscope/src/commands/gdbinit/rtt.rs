//! For other targets: GDB reads RTT's buffer, once, at the end. It cannot look into it while the target runs, and
//! a watchpoint would stop the target at each event; so the buffer has to hold the whole recording.

use anyhow::bail;

use super::Session;

/// SEGGER's name for it.
pub(super) const CONTROL_BLOCK: &str = "_SEGGER_RTT";

/// The layout of the control block, as GDB's expressions take it.
struct Words {
    /// Bytes of a description of a channel.
    channel: usize,
    /// Where the pointer to the buffer is in it, and the words behind.
    buffer: usize,
    size: usize,
    write: usize,
    read: usize,
    /// The type of a pointer.
    pointer: &'static str,
    /// The first four letters of `SysView`, as a number.
    name: u32,
}

pub(super) fn commands(session: &Session<'_>) -> anyhow::Result<String> {
    if session.symbols.symbol(CONTROL_BLOCK).is_none() {
        bail!("the program has no `{CONTROL_BLOCK}`: is its recorder built for RTT?");
    }
    let Words {
        channel,
        buffer,
        size,
        write,
        read,
        pointer,
        name,
    } = words(session);
    let Session {
        elf,
        server,
        output,
        ..
    } = session;
    let from = session.start.as_deref().unwrap_or("now");
    let to = session.stop.as_deref().unwrap_or("Ctrl-C");
    let course = course(session);
    Ok(format!(
        "\
# Records the heap from {from} to {to}, out of RTT's buffer in the target's memory:
#   gdb -x FILE
# The buffer has to hold all of it, for GDB reads it at the end. (Ctrl-C, leakscope_take and continue make room
# by hand. `leakscope record --gdb` empties it all the time.) Written by `leakscope gdbinit`.
set pagination off
set confirm off
set language c
file \"{elf}\"
target extended-remote {server}

# Finds the channel SysView: $channel is where it is described.
define leakscope_find
  set $block = (unsigned long long)&{CONTROL_BLOCK}
  set $channel = 0
  set $index = 0
  while $index < *(unsigned int *)($block + 16)
    set $each = $block + 24 + {channel} * $index
    if *({pointer} *)$each != 0 && *(unsigned int *)*({pointer} *)$each == {name:#x}
      set $channel = $each
      loop_break
    end
    set $index = $index + 1
  end
  if $channel == 0
    echo The program has no channel SysView.\\n
  end
end

# Appends a piece of memory to the recording.
define leakscope_keep
  if $arg0 < $arg1
    if $is_new
      dump binary memory {output} $arg0 $arg1
      set $is_new = 0
    else
      append binary memory {output} $arg0 $arg1
    end
  end
end

# Empties the buffer.
define leakscope_take
  leakscope_find
  if $channel != 0
    set $buffer = *({pointer} *)($channel + {buffer})
    set $size = *(unsigned int *)($channel + {size})
    set $write = *(unsigned int *)($channel + {write})
    set $read = *(unsigned int *)($channel + {read})
    if ($write + $size - $read) % $size + 64 > $size
      echo The buffer is full, and events may be missing. Make it larger, or use leakscope record --gdb.\\n
    end
    if $read <= $write
      leakscope_keep $buffer+$read $buffer+$write
    else
      leakscope_keep $buffer+$read $buffer+$size
      leakscope_keep $buffer $buffer+$write
    end
    set *(unsigned int *)($channel + {read}) = $write
  end
end

set $is_new = 1
{course}"
    ))
}

/// From its beginning to its end.
fn course(session: &Session<'_>) -> String {
    let begin = session.start.as_deref().map(|start| {
        format!(
            "\
# If the program is past {start} by now: monitor reset halt
thbreak *{start}
continue

"
        )
    });
    let output = &session.output;
    let end = match &session.stop {
        Some(stop) => format!(
            "\
thbreak *{stop}
commands
  silent
  leakscope_take
  echo The recording is {output}\\n
end

continue
"
        ),
        None => format!("continue\nleakscope_take\necho The recording is {output}\\n\n"),
    };
    begin.unwrap_or_default() + &end
}

fn words(session: &Session<'_>) -> Words {
    let bytes = *b"SysV";
    let name = if session.symbols.is_big_endian() {
        u32::from_be_bytes(bytes)
    } else {
        u32::from_le_bytes(bytes)
    };
    let pointer_size = if session.symbols.is_64_bit() { 8 } else { 4 };
    let words = 2 * pointer_size;
    Words {
        channel: words + 16,
        buffer: pointer_size,
        size: words,
        write: words + 4,
        read: words + 8,
        pointer: if pointer_size == 8 {
            "unsigned long long"
        } else {
            "unsigned int"
        },
        name,
    }
}
