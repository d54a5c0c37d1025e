/* An encoder of esp_trace (ESP-IDF 6.0 and later): the recording goes over the transport that Kconfig gives it.
 *
 * It is registered under the name that an external library has, so that the program need not choose it. */
#include "esp_trace_port_transport.h"
#include "esp_trace_registry.h"
#include "sink.h"

#define MOST_BYTES 128u
#define WAIT_US 1000u

enum { COMMAND_START = 1 };

static esp_trace_transport_t *transport;
static uint8_t commands[32];
static bool had_probe;

/* Of each core, at its start, where neither the heap nor FreeRTOS may be used. */
static esp_err_t init(esp_trace_encoder_t *encoder, const void *config) {
    (void)config;
    transport = encoder->tp;
    return ESP_OK;
}

static const esp_trace_encoder_vtable_t functions = {.init = init};
ESP_TRACE_REGISTER_ENCODER(CONFIG_ESP_TRACE_LIB_NAME, &functions);

esp_err_t sink_open(void) {
    if (transport == NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    return transport->vt->down_buffer_config == NULL
               ? ESP_OK
               : transport->vt->down_buffer_config(transport, commands, sizeof commands);
}

size_t sink_write(const uint8_t *bytes, size_t length) {
    const size_t taken = length < MOST_BYTES ? length : MOST_BYTES;
    return transport->vt->write(transport, bytes, taken, WAIT_US) == ESP_OK ? taken : 0;
}

/* OpenOCD's `esp apptrace` sends no commands: there, recording begins when it is connected. */
static bool is_new_probe(void) {
    const bool is_probe = transport->vt->get_link_type != NULL &&
                          transport->vt->get_link_type(transport) == ESP_TRACE_LINK_DEBUG_PROBE;
    const bool has_probe = is_probe && transport->vt->is_host_connected != NULL &&
                           transport->vt->is_host_connected(transport);
    const bool is_new = has_probe && !had_probe;
    had_probe = has_probe;
    return is_new;
}

size_t sink_read(uint8_t *bytes, size_t room) {
    if (transport->vt->flush_nolock != NULL) {
        transport->vt->flush_nolock(transport);
    }
    if (is_new_probe() && room > 0) {
        bytes[0] = COMMAND_START;
        return 1;
    }
    size_t size = room;
    const bool is_read = transport->vt->read != NULL && transport->vt->read(transport, bytes, &size, 0) == ESP_OK;
    return is_read && size <= room ? size : 0;
}
