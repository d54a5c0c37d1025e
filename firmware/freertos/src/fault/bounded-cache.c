/*
 * A cache of pages, the oldest of which makes room for the newest. It grows until it is full: no leak.
 */
#include "fault.h"

#include "FreeRTOS.h"
#include "pair.h"

#define PAGES     4
#define PAGE_SIZE 128

static void *pages[PAIR_COUNT][PAGES];

static void *load_page(void **cache, uint32_t page) {
    void **place = &cache[page % PAGES];
    vPortFree(*place);
    /* MARK: page of the cache */
    *place = pvPortMalloc(PAGE_SIZE);
    return *place;
}

void use_first_block(uint32_t pair, uint32_t round, size_t size) {
    (void)size;
    void *page = load_page(pages[pair - 1], round);
    leakscope_log(LEAKSCOPE_LOG, "alloc %u: page %u at 0x%x", pair, round, (uintptr_t)page);
}
