/*
 * leakscope in ESP-IDF: records what a program allocates and frees, and sends it where Kconfig says.
 *
 *     leakscope_esp_start();   before what is suspected
 *     leakscope_esp_stop();    behind it
 *
 * leakscope.h beside this has marks, messages and all else. With CONFIG_LEAKSCOPE_ENABLE off, nothing of it is there.
 */
#pragma once

#include "esp_err.h"
#include "sdkconfig.h"

#ifdef __cplusplus
extern "C" {
#endif

#if CONFIG_LEAKSCOPE_ENABLE

/*
 * Opens the link, and waits until a host records (CONFIG_LEAKSCOPE_WAIT_MS). Of a task, once or again after a stop.
 *
 * ESP_ERR_TIMEOUT: no host came; recording begins when one does. Others: the link could not be opened, nothing is recorded.
 */
esp_err_t leakscope_esp_start(void);

/* Ends the recording, and waits until the link has been silent for 0.2 s. */
void leakscope_esp_stop(void);

/* What the program logs from now on is in the recording, too, each line up to 128 bytes, and still on the console. */
void leakscope_esp_record_logs(void);

#else

static inline esp_err_t leakscope_esp_start(void) { return ESP_OK; }
static inline void leakscope_esp_stop(void) {}
static inline void leakscope_esp_record_logs(void) {}

#endif

#ifdef __cplusplus
}
#endif
