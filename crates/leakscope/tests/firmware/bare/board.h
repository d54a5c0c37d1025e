/* A Cortex-M3 of QEMU (netduino2) without an operating system, whose host keeps the recording as a file by semihosting. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "leakscope.h"

/* RAM ends here, and here begins the stack, as with nearly every linker script. */
#define STACK_TOP 0x20020000u

int main(void);

/* Time passes when it is asked for. */
static uint32_t cycles(void) {
    static uint32_t now;
    return now += 100;
}

static int semihosting(int operation, const void *parameter) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = parameter;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* 0x20026: the program is done; other codes are failures. */
static void leave(uintptr_t code) {
    semihosting(0x18, (const void *)code);
    for (;;) {
    }
}

/* picolibc brings its own. */
#ifndef __PICOLIBC__
static void fault(void) {
    leave(0x20024);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
    (void *)STACK_TOP, main, fault, fault, fault, fault, fault};
#endif

static size_t to_file(const uint8_t *bytes, size_t length) {
    static int file = -1;
    if (file < 0) {
        static const char name[] = "trace.svdat";
        const uintptr_t open[] = {(uintptr_t)name, 5, sizeof name - 1};
        file = semihosting(1, open);
    }
    const uintptr_t write[] = {(uintptr_t)file, (uintptr_t)bytes, length};
    return length - (size_t)semihosting(5, write);
}

static void pause_ms(uint32_t milliseconds) {
    for (uint32_t begin = cycles(); cycles() - begin < 25000 * milliseconds;) {
    }
    leakscope_poll();
    leakscope_drain(0, to_file);
}

static void finish(void) {
    leakscope_stop();
    leakscope_drain(0, to_file);
    leave(0x20026);
}
