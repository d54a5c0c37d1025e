/* The component at work: each way to allocate and to free, from two tasks, over TCP. */
#include "stand_in.h"

#include "leakscope.h"
#include "leakscope_esp.h"

void log_pieces(const char *format, ...);

static volatile int ended;

static void work(void *argument) {
    void *volatile kept;
    for (int i = 0; i < 50; i++) {
        void *block = heap_caps_malloc_base(24, 0x800);
        block = heap_caps_realloc_base(block, 100, 0x800);
        heap_caps_free(block);
        heap_caps_free(heap_caps_calloc_base(3, 8, 0x800));
        heap_caps_free(heap_caps_aligned_alloc_base(64, 128, 0x800));
        heap_caps_realloc_base(heap_caps_realloc_base(NULL, 7, 0x800), 0, 0x800);
        if (argument != NULL) {
            kept = heap_caps_malloc_base(1000, 0x800);
        }
    }
    (void)kept;
    ended++;
}

int main(void) {
    leakscope_esp_record_logs();
    if (leakscope_esp_start() != ESP_OK) {
        return 1;
    }
    static char leaks;
    TaskHandle_t task;
    xTaskCreate(work, "keeps", 4096, &leaks, 5, &task);
    leakscope_task(task, 5, "keeps", NULL, 0);
    while (ended < 1) {
        vTaskDelay(1);
    }
    xTaskCreate(work, "frees", 4096, NULL, 5, &task);
    leakscope_task(task, 5, "frees", NULL, 0);
    while (ended < 2) {
        vTaskDelay(1);
    }
    heap_caps_free(NULL);
    if (heap_caps_malloc_base((size_t)1 << 31, 0x400) != NULL) {
        return 2;
    }
    void *block = heap_caps_malloc_base(5, 0x800);
    if (heap_caps_realloc_base(block, (size_t)1 << 31, 0x400) != NULL) {
        return 3;
    }
    heap_caps_free(block);
    log_pieces("\033[0;33mW (%d) ", 12);
    log_pieces("door: %s", "open");
    log_pieces("\033[0m\n");
    leakscope_esp_stop();
    return 0;
}
