/*
 * A table of sessions, of which one in three is never closed.
 */
#include "fault.h"

#include <string.h>

#include "FreeRTOS.h"
#include "pair.h"

struct session {
    uint32_t opened;
    void *state;
};

static struct table {
    struct session *sessions;
    uint32_t count, capacity;
} tables[PAIR_COUNT];

static void make_room(struct table *table) {
    if (table->count < table->capacity) {
        return;
    }
    table->capacity = table->capacity ? 2 * table->capacity : 4;
    /* MARK: table of sessions */
    struct session *larger = pvPortMalloc(table->capacity * sizeof *larger);
    configASSERT(larger != NULL);
    if (table->sessions != NULL) {
        memcpy(larger, table->sessions, table->count * sizeof *larger);
        vPortFree(table->sessions);
    }
    table->sessions = larger;
}

/* Those of a while ago. */
static void close_sessions(struct table *table, uint32_t round) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        struct session session = table->sessions[i];
        if (session.opened + 2 > round || session.opened % 3 == 0) {
            table->sessions[kept++] = session;
        } else {
            vPortFree(session.state);
        }
    }
    table->count = kept;
}

static void open_session(struct table *table, uint32_t round, size_t size) {
    make_room(table);
    /* MARK: session */
    void *state = pvPortMalloc(size);
    table->sessions[table->count++] = (struct session){round, state};
}

void use_first_block(uint32_t pair, uint32_t round, size_t size) {
    struct table *table = &tables[pair - 1];
    open_session(table, round, size);
    close_sessions(table, round);
    leakscope_log(LEAKSCOPE_LOG, "alloc %u: %u sessions", pair, table->count);
}
