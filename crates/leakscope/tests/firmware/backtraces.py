"""GDB's own call stack at each event of the heap that the program records, a line each: return addresses in hexadecimal,
the innermost first, from the caller of the allocator on, and how many words above that one's stack pointer each frame begins.
Run by `backtraces.rs`."""
from pathlib import Path

import gdb

# These have no frame: what was inlined, and what GDB guesses of last calls.
FRAMELESS = (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME)


def frames(frame):
    while frame is not None:
        if frame.type() not in FRAMELESS:
            yield frame.pc(), int(frame.read_register("sp"))
        frame = frame.older()


gdb.execute("set pagination off")
gdb.execute("set language c")
gdb.execute("set backtrace past-main on")
gdb.Breakpoint("heap_trace_start", temporary=True)
gdb.execute("continue", to_string=True)
end = gdb.Breakpoint("heap_trace_stop", internal=True)
places = Path("places")
if places.exists():
    # Where the allocator's wrapper, in Rust, looks for its own caller.
    hooks = [gdb.Breakpoint(f"*{place}", internal=True) for place in places.read_text().split()]
    is_c, own_frames = False, 1
else:
    # The allocator calls the recorder.
    names = ("leakscope_on_alloc_from", "leakscope_on_free_from")
    hooks = [gdb.Breakpoint(f"*&{name}", internal=True) for name in names]
    is_c, own_frames = True, 2
live, allocations = {}, 0
while True:
    gdb.execute("continue", to_string=True)
    if end.hit_count > 0:
        break
    frame = gdb.newest_frame()
    if is_c:
        block = int(frame.read_register("a0" if "riscv" in frame.architecture().name() else "r0"))
        is_alloc = hooks[0].hit_count > allocations
        allocations = hooks[0].hit_count
        # An interrupt at the breakpoint makes GDB stop there twice. No block for no bytes is no event.
        if block == 0 or live.get(block) == is_alloc:
            continue
        live[block] = is_alloc
    stack = list(frames(frame))[own_frames:]
    print("stack", *(f"{address:x}:{(pointer - stack[0][1]) // 4}" for address, pointer in stack))
for breakpoint in (*hooks, end):
    breakpoint.delete()
try:
    gdb.execute("continue", to_string=True)
except gdb.error:
    # The emulator has ended, and closed the connection.
    pass
