/*
 * The memory of the heap: heap_4 manages it itself; heap_3 has newlib's malloc do it, which asks _sbrk.
 */
#include <errno.h>
#include <stddef.h>

#include "FreeRTOS.h"

uint8_t ucHeap[configTOTAL_HEAP_SIZE] __attribute__((aligned(8)));

void *_sbrk(ptrdiff_t bytes) {
    static ptrdiff_t used;
    if (used + bytes > configTOTAL_HEAP_SIZE) {
        errno = ENOMEM;
        return (void *)-1;
    }
    used += bytes;
    return ucHeap + used - bytes;
}
