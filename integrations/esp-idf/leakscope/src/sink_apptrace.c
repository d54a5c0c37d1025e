/* ESP-IDF's application tracing: bytes that OpenOCD's `esp apptrace` writes to a file as they are, or that go out of the
 * UART that Kconfig gives it. There are no commands: recording begins when a host is there. */
#include "esp_app_trace.h"
#include "esp_idf_version.h"
#include "sink.h"

/* A block of application tracing; one over a UART must fit into a message of it. */
#define MOST_BYTES 64u
#define WAIT_US 1000u

enum { COMMAND_START = 1 };

#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(6, 0, 0)
#define WRITE(bytes, length) esp_apptrace_write((bytes), (length), WAIT_US)
#define FLUSH() esp_apptrace_flush(WAIT_US)
#define HAS_HOST() esp_apptrace_host_is_connected()
#else
#if CONFIG_APPTRACE_DEST_JTAG
#define DESTINATION ESP_APPTRACE_DEST_JTAG
#else
#define DESTINATION ESP_APPTRACE_DEST_UART
#endif
#define WRITE(bytes, length) esp_apptrace_write(DESTINATION, (bytes), (length), WAIT_US)
#define FLUSH() esp_apptrace_flush(DESTINATION, WAIT_US)
#define HAS_HOST() esp_apptrace_host_is_connected(DESTINATION)
#endif

static bool had_host;

esp_err_t sink_open(void) {
    return ESP_OK; /* ESP-IDF has done so before the program began. */
}

size_t sink_write(const uint8_t *bytes, size_t length) {
    const size_t taken = length < MOST_BYTES ? length : MOST_BYTES;
    return had_host && WRITE(bytes, (uint32_t)taken) == ESP_OK ? taken : 0;
}

size_t sink_read(uint8_t *bytes, size_t room) {
    const bool is_new = HAS_HOST() && !had_host;
    had_host = HAS_HOST();
    if (had_host) {
        FLUSH();
    }
    if (is_new && room > 0) {
        bytes[0] = COMMAND_START;
        return 1;
    }
    return 0;
}
