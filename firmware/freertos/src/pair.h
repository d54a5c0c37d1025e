/*
 * A pair of tasks: `alloc N` allocates twice in a loop, larger blocks each time, and sends the second one only;
 * `free N` receives it, and frees it. Both say what they do.
 */
#ifndef PAIR_H
#define PAIR_H

#include "FreeRTOS.h"
#include "queue.h"
#include "task.h"

#define PAIR_COUNT 3

struct pair {
    uintptr_t number;
    QueueHandle_t queue;
    TaskHandle_t when_done; /* is notified */
};

void alloc_task(void *pair);
void free_task(void *pair);

#endif
