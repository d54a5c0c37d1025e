"""Prints of each call of `seen`: where it returns to, the words above the stack pointer, the debugger's call stack."""

import gdb

gdb.execute("break *seen")
gdb.execute("break *finished")
gdb.execute("set backtrace past-main on")


def register(frame, name):
    return int(frame.read_register(name)) & 0xFFFFFFFF


while True:
    gdb.execute("continue", to_string=True)
    frame = gdb.newest_frame()
    if frame.name() == "finished":
        break
    is_arm = "arm" in frame.architecture().name()
    return_address, stack = (register(frame, name) for name in (("r0", "r1") if is_arm else ("a0", "a1")))
    end = 0x20010000 if is_arm else 0x80100000
    memory = bytes(gdb.selected_inferior().read_memory(stack, end - stack))
    words = [int.from_bytes(memory[place : place + 4], "little") for place in range(0, len(memory), 4)]
    frames = []
    while frame is not None:
        # What a tail call has left behind is no frame: gdb guesses that one.
        if frame.type() != gdb.TAILCALL_FRAME:
            frames.append(frame.pc())
        frame = frame.older()
    print("%x | %s | %s" % (return_address, " ".join("%x" % word for word in words), " ".join("%x" % pc for pc in frames)))
gdb.execute("disconnect")
