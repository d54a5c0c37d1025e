"""Assembles the instructions of Xtensa's windowed register option, which the assembler for the lx106 does not know.

Reads assembly on standard input and writes it with these as bytes. The encodings are those of the Xtensa ISA manual,
section "Instruction Descriptions".
"""

import re
import sys

SPECIAL = {"windowbase": 72, "windowstart": 73}


def register(name):
    return 1 if name == "sp" else int(name.removeprefix("a"))


def encode(name, operands):
    """The bytes of an instruction as a number, and how many; None for those that the assembler knows."""
    match name, operands:
        case "entry", [s, size]:
            return int(size, 0) // 8 << 12 | register(s) << 8 | 0x36, 3
        case "callx8", [s]:
            return register(s) << 8 | 0xE0, 3
        case "retw", []:
            return 0x90, 3
        case "retw.n", []:
            return 0xF01D, 2
        case "l32e" | "s32e", [t, s, offset]:
            opcode = 0x090000 if name == "l32e" else 0x490000
            return opcode | (int(offset, 0) + 64) // 4 << 12 | register(s) << 8 | register(t) << 4, 3
        case "rfwo", []:
            return 0x3400, 3
        case "rfwu", []:
            return 0x3500, 3
        case "wsr", [t, special] if special in SPECIAL:
            return 0x130000 | SPECIAL[special] << 8 | register(t) << 4, 3
        case "simcall", []:
            return 0x5100, 3
    return None


for line in sys.stdin:
    instruction = re.match(r"\s+([a-z][a-z0-9.]*)\s*([^#/\n]*)", line)
    if instruction:
        name = instruction[1]
        operands = [operand.strip() for operand in instruction[2].split(",") if operand.strip()]
        if name == "call8":
            # The linker cannot fill in its offset. a8 gets the return address, and is free until then.
            line = f"\tmovi\ta8, {operands[0]}\n\t.byte\t0xe0, 0x08, 0x00\n"
        elif code := encode(name, operands):
            number, length = code
            line = "\t.byte\t" + ", ".join(f"{byte:#04x}" for byte in number.to_bytes(length, "little")) + "\n"
    sys.stdout.write(line)
