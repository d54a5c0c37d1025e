/* Three tasks that allocate as a program does that works for a while: all blocks are freed in the end, but for those of
 * the third task, which forgets one of two. */
#include <stdlib.h>
#include <string.h>

#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "leakscope_esp.h"

#define BLOCKS 20

static const char *TAG = "doorbell";

static char *remember(int visitor) {
    char *name = malloc(32 + (size_t)visitor);
    if (name != NULL) {
        memset(name, 'a' + visitor % 26, 32);
    }
    return name;
}

static void ring(void *argument) {
    const int number = (int)(intptr_t)argument;
    for (int visitor = 0; visitor < BLOCKS; visitor++) {
        char *first = remember(visitor), *second = remember(visitor);
        vTaskDelay(pdMS_TO_TICKS(20));
        free(first);
        if (number != 3) {
            free(second);
        } else {
            ESP_LOGW(TAG, "visitor %d waits at the door", visitor);
        }
    }
    vTaskDelete(NULL);
}

void app_main(void) {
    leakscope_esp_record_logs();
    leakscope_esp_start(); /* waits here until a host records */
    for (int number = 1; number <= 3; number++) {
        xTaskCreate(ring, "bell", 3072, (void *)(intptr_t)number, 5, NULL);
    }
    vTaskDelay(pdMS_TO_TICKS(1000));
    leakscope_esp_stop();
    ESP_LOGI(TAG, "done");
}
