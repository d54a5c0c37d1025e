/* Sets the recorder up, and hands out what it records, in a task of its own. */
#include "esp_app_desc.h"
#include "esp_heap_caps.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "leakscope.h"
#include "leakscope_config.h"
#include "leakscope_esp.h"
#include "sink.h"
#include "soc/soc.h"

enum { COMMAND_START = 1, COMMAND_STOP = 2 };

#define LOOK_MS 2
#define SILENCE_MS 200 /* of a link that has everything */

spinlock_t leakscope_spinlock = SPINLOCK_INITIALIZER;

static volatile bool has_host;    /* it has said start */
static volatile uint32_t idle_ms; /* since a byte went out */
static TaskHandle_t link_task;

/* The cycle counters of two cores differ, and power management changes their speed. */
static uint32_t clock_us(void) {
    return (uint32_t)esp_timer_get_time();
}

static uint64_t microseconds(void) {
    return (uint64_t)esp_timer_get_time();
}

static uintptr_t lower(uintptr_t one, uintptr_t other) {
    return one < other ? one : other;
}

static void set_up(void) {
    const uintptr_t flash = (uintptr_t)_text_start, flash_end = (uintptr_t)_text_end;
    const uintptr_t ram = (uintptr_t)_iram_text_start, ram_end = (uintptr_t)_iram_text_end;
    const struct leakscope_config config = {
        .application = esp_app_get_description()->project_name,
        .device = CONFIG_IDF_TARGET,
        .operating_system = "FreeRTOS",
        .clock = clock_us,
        .clock_hz = 1000000,
        .microseconds = microseconds,
        .ram_base = SOC_DRAM_LOW,
        .id_shift = 2,
        .heap_base = SOC_DRAM_LOW,
        .heap_size = heap_caps_get_total_size(MALLOC_CAP_DEFAULT),
        .heap_is_scattered = true,
        .heap_alignment_bits = 2,
        .code_start = lower(flash, ram),
        .code_end = flash_end > ram_end ? flash_end : ram_end,
        .stacks_start = SOC_DRAM_LOW,
        .stacks_end = SOC_DRAM_HIGH,
    };
    leakscope_init(&config);
}

static void wait(uint32_t milliseconds) {
    const TickType_t ticks = pdMS_TO_TICKS(milliseconds);
    vTaskDelay(ticks > 0 ? ticks : 1);
}

static void hand_out(void *unused) {
    (void)unused;
    uint8_t commands[16];
    for (;;) {
        const size_t count = sink_read(commands, sizeof commands);
        for (size_t i = 0; i < count; i++) {
            has_host = commands[i] == COMMAND_START || (has_host && commands[i] != COMMAND_STOP);
        }
        leakscope_receive(commands, count);
        leakscope_poll();
        if (leakscope_drain(0, sink_write) > 0) {
            idle_ms = 0;
        } else {
            idle_ms += LOOK_MS;
        }
        wait(LOOK_MS);
    }
}

esp_err_t leakscope_esp_start(void) {
    if (link_task != NULL) {
        leakscope_start();
        return has_host ? ESP_OK : ESP_ERR_TIMEOUT;
    }
    set_up();
    const esp_err_t error = sink_open();
    if (error != ESP_OK) {
        return error;
    }
    if (xTaskCreate(hand_out, "leakscope", 4096, NULL, CONFIG_LEAKSCOPE_TASK_PRIORITY, &link_task) != pdPASS) {
        return ESP_ERR_NO_MEM;
    }
    for (int waited = 0; !has_host; waited += 10) {
        if (CONFIG_LEAKSCOPE_WAIT_MS >= 0 && waited >= CONFIG_LEAKSCOPE_WAIT_MS) {
            return ESP_ERR_TIMEOUT;
        }
        wait(10);
    }
    return ESP_OK;
}

void leakscope_esp_stop(void) {
    leakscope_stop();
    for (idle_ms = 0; link_task != NULL && idle_ms < SILENCE_MS;) {
        wait(10);
    }
}
