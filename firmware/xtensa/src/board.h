/*
 * QEMU's machine `sim`: a clock, and files of the computer on which it runs.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* Of the linker script. */
extern char code_start[], code_end[], data_start[], stack_top[];

#define BOARD_CLOCK_HZ 10000000u
uint32_t board_clock(void);
int board_file_create(const char *name);
size_t board_file_write(int file, const void *bytes, size_t length);
_Noreturn void board_exit(uint32_t code);

#endif
