/* What stand_in.h declares and the trial uses: tasks are threads, and the heap is the computer's. */
#define _GNU_SOURCE
#include "stand_in.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct tskTaskControlBlock {
    void (*function)(void *);
    void *argument;
};

static __thread TaskHandle_t running;
static __thread int own_number;
static int numbers;

static void *run(void *task) {
    running = task;
    running->function(running->argument);
    return NULL;
}

int xTaskCreate(void (*function)(void *), const char *name, uint32_t stack, void *argument, UBaseType_t priority,
                TaskHandle_t *created) {
    static struct tskTaskControlBlock tasks[16];
    static int count;
    (void)name, (void)stack, (void)priority;
    TaskHandle_t task = &tasks[__atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST)];
    task->function = function;
    task->argument = argument;
    if (created != NULL) {
        *created = task;
    }
    pthread_t thread;
    return pthread_create(&thread, NULL, run, task) == 0 && pthread_detach(thread) == 0 ? pdPASS : 0;
}

void vTaskDelay(TickType_t ticks) {
    const struct timespec time = {ticks / 1000, (long)(ticks % 1000) * 1000000};
    nanosleep(&time, NULL);
}

TaskHandle_t xTaskGetCurrentTaskHandle(void) {
    return running;
}

bool spinlock_acquire(spinlock_t *lock, int32_t timeout) {
    (void)timeout;
    if (own_number == 0) {
        own_number = __atomic_add_fetch(&numbers, 1, __ATOMIC_SEQ_CST);
    }
    if (__atomic_load_n(&lock->holder, __ATOMIC_SEQ_CST) != own_number) {
        int nobody = 0;
        while (!__atomic_compare_exchange_n(&lock->holder, &nobody, own_number, false, __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST)) {
            nobody = 0;
            sched_yield();
        }
    }
    lock->count++;
    return true;
}

void spinlock_release(spinlock_t *lock) {
    if (--lock->count == 0) {
        __atomic_store_n(&lock->holder, 0, __ATOMIC_SEQ_CST);
    }
}

int64_t esp_timer_get_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const esp_app_desc_t *esp_app_get_description(void) {
    static const esp_app_desc_t description = {"doorbell"};
    return &description;
}

bool spi_flash_cache_enabled(void) {
    return true;
}

static int print(const char *format, va_list arguments) {
    return vprintf(format, arguments);
}

static vprintf_like_t logger = print;

vprintf_like_t esp_log_set_vprintf(vprintf_like_t function) {
    const vprintf_like_t before = logger;
    logger = function;
    return before;
}

void log_pieces(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    logger(format, arguments);
    va_end(arguments);
}

#undef listen

int listen_and_tell(int socket, int backlog) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    if (listen(socket, backlog) != 0 || getsockname(socket, (struct sockaddr *)&address, &size) != 0) {
        return -1;
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return 0;
}

/* More than a gigabyte there is not. */
static bool fits(size_t size) {
    return size < (size_t)1 << 30;
}

size_t heap_caps_get_total_size(uint32_t caps) {
    (void)caps;
    return 0;
}

void *heap_caps_malloc_base(size_t size, uint32_t caps) {
    (void)caps;
    return fits(size) ? malloc(size) : NULL;
}

void *heap_caps_calloc_base(size_t count, size_t size, uint32_t caps) {
    (void)caps;
    return fits(count) && fits(size) ? calloc(count, size) : NULL;
}

void *heap_caps_realloc_base(void *from, size_t size, uint32_t caps) {
    (void)caps;
    if (size == 0) {
        free(from);
        return NULL;
    }
    return fits(size) ? realloc(from, size) : NULL;
}

void *heap_caps_aligned_alloc_base(size_t alignment, size_t size, uint32_t caps) {
    (void)caps;
    return fits(size) ? aligned_alloc(alignment, size) : NULL;
}

void heap_caps_free(void *block) {
    free(block);
}
