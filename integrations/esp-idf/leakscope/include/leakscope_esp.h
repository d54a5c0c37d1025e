/*
 * leakscope in ESP-IDF: records what a program allocates and frees, and sends it where Kconfig says.
 *
 *     leakscope_esp_start();   before what is suspected
 *     leakscope_esp_stop();    behind it
 *
 * leakscope.h beside this has marks, messages and all else. With CONFIG_LEAKSCOPE_ENABLE off, nothing of it is there, and
 * leakscope_esp_start returns ESP_OK. Where ESP-IDF's own tracing is what keeps it off, which Kconfig does not say, the
 * compiler warns, and leakscope_esp_start returns ESP_ERR_NOT_SUPPORTED.
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

#if CONFIG_HEAP_TRACING_TOHOST || CONFIG_HEAP_TRACING_STANDALONE
#warning "leakscope records nothing: its component is off while ESP-IDF traces the heap; CONFIG_HEAP_TRACING_OFF=y"
static inline esp_err_t leakscope_esp_start(void) { return ESP_ERR_NOT_SUPPORTED; }
#elif CONFIG_APPTRACE_SV_ENABLE
#warning "leakscope records nothing: its component is off while ESP-IDF's SystemView is on; CONFIG_APPTRACE_SV_ENABLE=n"
static inline esp_err_t leakscope_esp_start(void) { return ESP_ERR_NOT_SUPPORTED; }
#else
static inline esp_err_t leakscope_esp_start(void) { return ESP_OK; }
#endif
static inline void leakscope_esp_stop(void) {}
static inline void leakscope_esp_record_logs(void) {}

#endif

#ifdef __cplusplus
}
#endif
