/* Thumb code as start-up files have it: sizes and types are often left out. */
    .syntax unified
    .thumb
    .text

    .thumb_func
    .type typed, %function
    .global typed
typed:
    nop
.Llocal:
    nop

    .global untyped
untyped:
    nop
private:
    nop

    .type sized, %function
    .global sized
sized:
    nop
    .global inside
inside:
    nop
    nop
    .size sized, . - sized

    .type last, %function
    .global last
last:
    nop
