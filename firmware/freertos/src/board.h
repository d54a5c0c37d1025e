/*
 * Arm's MPS2 board with a Cortex-M3 (AN385), as QEMU has it.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The board's free-running counter; QEMU has no DWT, and thus no cycle counter. */
#define BOARD_CLOCK_HZ 25000000
uint32_t board_clock(void);

/* Prints on the emulator's terminal. */
void board_print(const char *text);

/* Ends the program, and QEMU. */
_Noreturn void board_exit(bool well);

/* UART 0, polled. */
void board_uart_init(void);
void board_uart_send(uint8_t byte);
bool board_uart_receive(uint8_t *byte);

/* A file on the computer on which the emulator runs, in its working folder (Arm's semihosting). */
int board_file_create(const char *name);
size_t board_file_write(int file, const void *bytes, size_t length);
void board_file_close(int file);

/* From the linker: the code, and the RAM in which stacks lie. */
extern const char code_start[], code_end[];
extern char data_start[], stack_top[];

#endif
