#include "board.h"

#include <string.h>

/* ---------------------------------------------------------------- Start */

extern char data_end[], bss_start[], bss_end[];
extern const char data_source[];

int main(void);
void supervisor_call(void);
void pended_switch(void);
void tick(void);

void reset(void) {
    memcpy(data_start, data_source, (size_t)(data_end - data_start));
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    main();
    board_exit(false);
}

static void fault(void) {
    board_exit(false);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    [0] = stack_top,        [1] = reset,          [2] = fault, [3] = fault, [4] = fault, [5] = fault, [6] = fault,
    [11] = supervisor_call, [14] = pended_switch, [15] = tick,
};

/* ---------------------------------------------------------------- Clock */

uint32_t board_clock(void) {
    /* FPGAIO COUNTER; PRESCALE is 0. */
    return *(volatile const uint32_t *)0x40028018;
}

/* ---------------------------------------------------------------- UART 0 (CMSDK) */

struct uart {
    volatile uint32_t data, state, control, interrupt, divisor;
};
#define UART ((struct uart *)0x40004000)
#define TRANSMIT_FULL 1u
#define RECEIVE_FULL  2u

void board_uart_init(void) {
    UART->divisor = 16;
    UART->control = 3;
}

void board_uart_send(uint8_t byte) {
    while (UART->state & TRANSMIT_FULL) {
    }
    UART->data = byte;
}

bool board_uart_receive(uint8_t *byte) {
    if (!(UART->state & RECEIVE_FULL)) {
        return false;
    }
    *byte = (uint8_t)UART->data;
    return true;
}

/* ---------------------------------------------------------------- Semihosting */

static uint32_t semihosting(uint32_t operation, const void *parameters) {
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = parameters;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

int board_file_create(const char *name) {
    const uint32_t open = 0x01, write_binary = 5;
    const uint32_t parameters[] = {(uintptr_t)name, write_binary, strlen(name)};
    return (int)semihosting(open, parameters);
}

size_t board_file_write(int file, const void *bytes, size_t length) {
    const uint32_t write = 0x05;
    const uint32_t parameters[] = {(uint32_t)file, (uintptr_t)bytes, length};
    /* The answer is how many bytes were not written. */
    return length - semihosting(write, parameters);
}

void board_file_close(int file) {
    const uint32_t close = 0x02;
    const uint32_t parameters[] = {(uint32_t)file};
    semihosting(close, parameters);
}

/* Where a debugger can see that the program has come to its end. */
__attribute__((noinline, used)) void trace_finished(void) {
    __asm volatile("nop");
}

void board_print(const char *text) {
    const uint32_t write_text = 0x04;
    semihosting(write_text, text);
}

void assertion_failed(const char *condition) {
    board_print("assertion failed: ");
    board_print(condition);
    board_print("\n");
    board_exit(false);
}

_Noreturn void board_exit(bool well) {
    trace_finished();
    const uint32_t exit = 0x18, application_exit = 0x20026, run_time_error = 0x20023;
    semihosting(exit, (const void *)(well ? application_exit : run_time_error));
    for (;;) {
    }
}
