/*
 * Records that live long are renewed one by one, while buffers are in use for a moment: each new record stands behind those,
 * further up each time. As much is free as before, and soon there is no room for a large block: fragmentation, and no leak.
 */
#include "fault.h"

#include "FreeRTOS.h"

#define RECORDS     48
#define RECORD_SIZE 40
#define MOST        23
#define BUFFER_SIZE 3200

/* What is in use for a moment. The small block of each takes the place where a record was. */
struct buffer {
    void *small, *large;
};

static void *records[RECORDS];

static void take(struct buffer *buffers, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        buffers[i].small = pvPortMalloc(RECORD_SIZE);
        /* MARK: buffer for a moment */
        buffers[i].large = pvPortMalloc(BUFFER_SIZE);
    }
}

static void give_back(const struct buffer *buffers, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        vPortFree(buffers[i].small);
        vPortFree(buffers[i].large);
    }
}

/* Nothing is inlined here: all records have one call stack. */
static void __attribute__((noinline)) renew_record(void **record) {
    /* MARK: record */
    void *renewed = pvPortMalloc(RECORD_SIZE);
    vPortFree(*record);
    *record = renewed;
}

void use_first_block(uint32_t pair, uint32_t round, size_t size) {
    (void)size;
    if (pair != 1) {
        return;
    }
    /* All at first, then every second one: what stays between them keeps their places apart. */
    const uint32_t first = round == 1 ? 0 : 2 * (round - 2);
    const uint32_t end = round == 1 ? RECORDS : first + 1;
    struct buffer buffers[MOST];
    take(buffers, round - 1);
    for (uint32_t record = first; record < end; record++) {
        renew_record(&records[record]);
    }
    give_back(buffers, round - 1);
}
