/*
 * Vectors and start of QEMU's machine `sim` with the core dc232b, for code that calls by call8 alone.
 *
 * The handlers keep a function's registers in the 16 bytes below its callee's stack pointer (a0 to a3), and its other
 * ones below its caller's stack pointer: Xtensa ISA manual, "Windowed Register Option".
 */
    .section .reset, "ax"
    j 1f
    .align 4
start_address:
    .word _start
1:  l32r a2, start_address
    jx a2

    .section .vectors, "ax"
    .org 0x80
window_overflow_8:
    s32e a0, a9, -16
    l32e a0, a1, -12
    s32e a1, a9, -12
    s32e a2, a9, -8
    s32e a3, a9, -4
    s32e a4, a0, -32
    s32e a5, a0, -28
    s32e a6, a0, -24
    s32e a7, a0, -20
    rfwo
    .org 0xc0
window_underflow_8:
    l32e a0, a9, -16
    l32e a1, a9, -12
    l32e a2, a9, -8
    l32e a7, a1, -12
    l32e a3, a9, -4
    l32e a4, a7, -32
    l32e a5, a7, -28
    l32e a6, a7, -24
    l32e a7, a7, -20
    rfwu
    /* Exceptions in user and kernel mode: this program has none, and ends. */
    .org 0x300
    movi a2, 1
    movi a3, 2
    simcall
    .org 0x340
    movi a2, 1
    movi a3, 3
    simcall

    .text
    .literal_position
    .global _start
_start:
    movi a2, 0
    wsr a2, windowbase
    movi a2, 1
    wsr a2, windowstart
    rsync
    /* Windows on, interrupts off. */
    movi a2, 0x4000f
    wsr a2, ps
    rsync
    movi a1, stack_top
    /* Nobody called it: here call stacks end. */
    movi a0, 0
    call8 main

/* uint32_t simcall(uint32_t operation, uint32_t, uint32_t, uint32_t) */
    .global simcall
    .type simcall, @function
    .align 4
simcall:
    entry sp, 32
    simcall
    retw
