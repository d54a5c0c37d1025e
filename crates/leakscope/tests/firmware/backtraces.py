"""GDB's own call stack at each event of the heap that the program records, a line each: return addresses in hexadecimal,
the innermost first, from the caller of the allocator on. Run by `backtraces.rs`."""
import gdb

# These have no frame: what was inlined, and what GDB guesses of last calls.
FRAMELESS = (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME)


def addresses(frame):
    while frame is not None:
        if frame.type() not in FRAMELESS:
            yield frame.pc()
        frame = frame.older()


gdb.execute("set pagination off")
gdb.Breakpoint("heap_trace_start", temporary=True)
gdb.execute("continue", to_string=True)
alloc, free = (
    gdb.Breakpoint(f"*&leakscope_on_{name}_from", internal=True) for name in ("alloc", "free")
)
end = gdb.Breakpoint("*&heap_trace_stop", internal=True)
live, allocations = {}, 0
while True:
    gdb.execute("continue", to_string=True)
    if end.hit_count > 0:
        break
    frame = gdb.newest_frame()
    block = int(frame.read_register("r0"))
    is_alloc = alloc.hit_count > allocations
    allocations = alloc.hit_count
    # An interrupt at the breakpoint makes GDB stop there twice. No block for no bytes is no event.
    if block == 0 or live.get(block) == is_alloc:
        continue
    live[block] = is_alloc
    # This function, and the allocator that calls it, come first.
    print("stack", *(f"{address:x}" for address in list(addresses(frame))[2:]))
for breakpoint in (alloc, free, end):
    breakpoint.delete()
gdb.execute("continue", to_string=True)
