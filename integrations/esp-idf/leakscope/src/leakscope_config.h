/* How the recorder is built: by Kconfig. */
#pragma once

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "spinlock.h"

#if CONFIG_LEAKSCOPE_DIALECT_ESP_IDF
#define LEAKSCOPE_ESP_IDF 1
#endif
#define LEAKSCOPE_DEPTH CONFIG_LEAKSCOPE_DEPTH
#define LEAKSCOPE_STACKS CONFIG_LEAKSCOPE_STACKS
#define LEAKSCOPE_TASKS CONFIG_LEAKSCOPE_TASKS
#define LEAKSCOPE_BUFFER_SIZE CONFIG_LEAKSCOPE_BUFFER_SIZE

/* A link carries one recording: the cores share it. */
#if !CONFIG_FREERTOS_UNICORE
#define LEAKSCOPE_TASK() xTaskGetCurrentTaskHandle()
#endif

extern spinlock_t leakscope_spinlock;

static inline uintptr_t leakscope_lock(void) {
    const uintptr_t mask = (uintptr_t)portSET_INTERRUPT_MASK_FROM_ISR();
    spinlock_acquire(&leakscope_spinlock, SPINLOCK_WAIT_FOREVER);
    return mask;
}

static inline void leakscope_unlock(uintptr_t mask) {
    spinlock_release(&leakscope_spinlock);
    portCLEAR_INTERRUPT_MASK_FROM_ISR((UBaseType_t)mask);
}

#define LEAKSCOPE_LOCK() leakscope_lock()
#define LEAKSCOPE_UNLOCK(mask) leakscope_unlock(mask)

/* Code lies in two ranges, with addresses between them that nobody may read. */
extern const char _iram_text_start[], _iram_text_end[], _text_start[], _text_end[];

static inline bool leakscope_is_code(uintptr_t address) {
    return (address >= (uintptr_t)_text_start && address < (uintptr_t)_text_end) ||
           (address >= (uintptr_t)_iram_text_start && address < (uintptr_t)_iram_text_end);
}
#define LEAKSCOPE_IS_CODE(address) leakscope_is_code(address)
