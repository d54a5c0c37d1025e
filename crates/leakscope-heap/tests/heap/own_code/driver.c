/*
 * Runs an allocator of FreeRTOS on a PC under Linux, as a program of 32 bits without a C library.
 *
 * Reads operations from standard input, three words each: what to do with a block that there is (1: free it), which block, and
 * a size. Without a block in that place, one is allocated. Writes for each the size that `traceMALLOC` tells, and the address, or 0;
 * of what is called 3, all memory of the heap.
 */
#include <stddef.h>
#include <stdint.h>

#define PLACES 512
#define READ   3
#define WRITE  4
#define EXIT   1
#define MMAP   90

#include "FreeRTOS.h"

/* What `traceMALLOC` told last. */
size_t told;

static void *blocks[PLACES];

static int32_t system_call(int32_t number, int32_t a, int32_t b, int32_t c) {
    int32_t result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}

/* All bytes, or 0 if there are none any more. */
static int transfer(int32_t number, int32_t file, void *buffer, int32_t length) {
    for (int32_t done = 0; done < length;) {
        const int32_t more = system_call(number, file, (int32_t)buffer + done, length - done);
        if (more <= 0) {
            return 0;
        }
        done += more;
    }
    return 1;
}

/* The memory of the heap, at its place: private, anonymous, fixed. */
static void map_heap(void) {
    const uint32_t arguments[] = {UCHEAP, configTOTAL_HEAP_SIZE, 3, 0x32, -1, 0};
    system_call(MMAP, (int32_t)arguments, 0, 0);
#ifdef GAP
    /* Two regions of heap_5, with a gap between them. */
    const HeapRegion_t regions[] = {
        {(uint8_t *)UCHEAP, GAP},
        {(uint8_t *)UCHEAP + GAP + 0x1000, configTOTAL_HEAP_SIZE - GAP - 0x1000},
        {NULL, 0},
    };
    vPortDefineHeapRegions(regions);
#endif
}

void *memset(void *start, int byte, size_t length) {
    for (size_t i = 0; i < length; i++) {
        ((volatile uint8_t *)start)[i] = byte;
    }
    return start;
}

void _start(void) {
    uint32_t operation[3];
    map_heap();
    while (transfer(READ, 0, operation, sizeof operation)) {
        if (operation[0] == 3) {
            transfer(WRITE, 1, (void *)UCHEAP, configTOTAL_HEAP_SIZE);
            continue;
        }
        void **block = &blocks[operation[1] % PLACES];
        told = 0;
        if (*block == NULL) {
            *block = pvPortMalloc(operation[2]);
        } else {
            vPortFree(*block);
            *block = NULL;
        }
        uint32_t answer[] = {told, (uint32_t)*block};
        transfer(WRITE, 1, answer, sizeof answer);
    }
    system_call(EXIT, 0, 0, 0);
}
