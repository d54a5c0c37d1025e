/* Debug information (DWARF 4) of a function with a million inlined calls, each inside the one
   before. */
    .text
    .global entry
    .type entry, %function
entry:
    nop
    .size entry, . - entry

    .section .debug_abbrev, "", %progbits
    .uleb128 1, 0x11        /* 1: compile unit with children */
    .byte 1
    .uleb128 0x11, 0x01     /*    low pc, address */
    .uleb128 0x12, 0x07     /*    high pc, size of 8 bytes */
    .uleb128 0, 0
    .uleb128 2, 0x2e        /* 2: function with children */
    .byte 1
    .uleb128 0x03, 0x08     /*    name, string */
    .uleb128 0x11, 0x01
    .uleb128 0x12, 0x07
    .uleb128 0, 0
    .uleb128 3, 0x1d        /* 3: inlined call with children */
    .byte 1
    .uleb128 0x11, 0x01
    .uleb128 0x12, 0x07
    .uleb128 0, 0
    .uleb128 0

    .section .debug_info, "", %progbits
    .long end - begin
begin:
    .short 4
    .long 0
    .byte 8
    .uleb128 1
    .quad entry, 1
    .uleb128 2
    .asciz "entry"
    .quad entry, 1
    .rept 1000000
    .byte 3
    .quad entry, 1
    .endr
    .zero 1000002
end:
