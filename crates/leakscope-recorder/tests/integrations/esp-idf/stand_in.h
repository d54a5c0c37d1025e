/*
 * As much of ESP-IDF as the component needs, in our own words: names and types of its headers, for a computer with
 * threads. Each header of ESP-IDF that the component includes is a file in the target folder which includes this one.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* lwip/sockets.h: the computer's, which choose the port, and tell it; or what is used of them. */
#ifndef STAND_IN_OF_A_CHIP
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
int listen_and_tell(int socket, int backlog);
#define listen listen_and_tell
#else
struct sockaddr;
struct sockaddr_in {
    uint16_t sin_family, sin_port;
    struct { uint32_t s_addr; } sin_addr;
};
enum { AF_INET = 2, SOCK_STREAM = 1, IPPROTO_TCP = 6, INADDR_ANY = 0, SOL_SOCKET = 0xFFF, SO_REUSEADDR = 4 };
enum { F_SETFL = 4, O_NONBLOCK = 1, MSG_DONTWAIT = 8 };
uint16_t htons(uint16_t port);
uint32_t htonl(uint32_t address);
int socket(int domain, int type, int protocol);
int setsockopt(int socket, int level, int option, const void *value, uint32_t size);
int bind(int socket, const struct sockaddr *address, uint32_t size);
int listen(int socket, int backlog);
int accept(int socket, struct sockaddr *address, uint32_t *size);
int fcntl(int socket, int command, int value);
int close(int socket);
int send(int socket, const void *bytes, size_t length, int flags);
int recv(int socket, void *bytes, size_t room, int flags);

/* errno.h, stdio.h, stdlib.h, string.h */
extern int errno;
void *malloc(size_t size);
void free(void *block);
enum { EAGAIN = 11, EWOULDBLOCK = 11 };
int vsnprintf(char *text, size_t room, const char *format, va_list arguments);
void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *at, int byte, size_t length);
size_t strlen(const char *text);
#endif

/* sdkconfig.h */
#define CONFIG_IDF_TARGET "stand-in"
#ifndef STAND_IN_WITHOUT_COMPONENT
#define CONFIG_LEAKSCOPE_ENABLE 1
#endif
#define CONFIG_LEAKSCOPE_UART_NUM 1
#define CONFIG_LEAKSCOPE_UART_TX_GPIO 4
#define CONFIG_LEAKSCOPE_UART_RX_GPIO 5
#define CONFIG_LEAKSCOPE_UART_BAUD 1000000
#define CONFIG_LEAKSCOPE_TCP_PORT 0
#define CONFIG_LEAKSCOPE_WAIT_MS -1
#define CONFIG_LEAKSCOPE_DEPTH 16
#define CONFIG_LEAKSCOPE_STACKS 256
#define CONFIG_LEAKSCOPE_TASKS 24
#define CONFIG_LEAKSCOPE_BUFFER_SIZE 65536
#define CONFIG_LEAKSCOPE_TASK_PRIORITY 20
#define CONFIG_APPTRACE_DEST_JTAG 1
#define CONFIG_ESP_TRACE_LIB_NAME "ext"

/* esp_err.h, esp_idf_version.h */
typedef int esp_err_t;
#define ESP_OK 0
#define ESP_FAIL (-1)
#define ESP_ERR_NO_MEM 0x101
#define ESP_ERR_INVALID_STATE 0x103
#define ESP_ERR_NOT_SUPPORTED 0x106
#define ESP_ERR_TIMEOUT 0x107
#define ESP_IDF_VERSION_VAL(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))
#ifndef ESP_IDF_VERSION
#define ESP_IDF_VERSION ESP_IDF_VERSION_VAL(5, 5, 0)
#endif

/* freertos/FreeRTOS.h, freertos/task.h */
typedef struct tskTaskControlBlock *TaskHandle_t;
typedef unsigned UBaseType_t;
typedef uint32_t TickType_t;
typedef uint8_t StackType_t;
#define pdPASS 1
#define pdMS_TO_TICKS(milliseconds) ((TickType_t)(milliseconds))
int xTaskCreate(void (*function)(void *), const char *name, uint32_t stack, void *argument, UBaseType_t priority,
                TaskHandle_t *task);
void vTaskDelay(TickType_t ticks);
void vTaskDelete(TaskHandle_t task);
TaskHandle_t xTaskGetCurrentTaskHandle(void);
#define portSET_INTERRUPT_MASK_FROM_ISR() 0u
#define portCLEAR_INTERRUPT_MASK_FROM_ISR(mask) ((void)(mask))
typedef struct {
    volatile int holder, count;
} spinlock_t;
typedef spinlock_t portMUX_TYPE;
#define portMUX_INITIALIZER_UNLOCKED {0, 0}
#define portENTER_CRITICAL_SAFE(lock) spinlock_acquire((lock), SPINLOCK_WAIT_FOREVER)
#define portEXIT_CRITICAL_SAFE(lock) spinlock_release(lock)

/* spinlock.h */
#define SPINLOCK_INITIALIZER {0, 0}
#define SPINLOCK_WAIT_FOREVER (-1)
bool spinlock_acquire(spinlock_t *lock, int32_t timeout);
void spinlock_release(spinlock_t *lock);

/* esp_timer.h, esp_app_desc.h, esp_private/cache_utils.h, esp_log.h */
int64_t esp_timer_get_time(void);
typedef struct {
    char project_name[32];
} esp_app_desc_t;
const esp_app_desc_t *esp_app_get_description(void);
bool spi_flash_cache_enabled(void);
typedef int (*vprintf_like_t)(const char *format, va_list arguments);
vprintf_like_t esp_log_set_vprintf(vprintf_like_t function);
void write_log(const char *tag, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define ESP_LOGI(tag, ...) write_log(tag, __VA_ARGS__)
#define ESP_LOGW(tag, ...) write_log(tag, __VA_ARGS__)

/* soc/soc.h: the addresses of a computer */
#define SOC_DRAM_LOW 0x10000
#define SOC_DRAM_HIGH (UINTPTR_MAX / 2)

/* esp_heap_caps.h, heap_private.h */
#define MALLOC_CAP_DEFAULT (1 << 12)
size_t heap_caps_get_total_size(uint32_t caps);
void *heap_caps_malloc_base(size_t size, uint32_t caps);
void *heap_caps_calloc_base(size_t count, size_t size, uint32_t caps);
void *heap_caps_realloc_base(void *from, size_t size, uint32_t caps);
void *heap_caps_aligned_alloc_base(size_t alignment, size_t size, uint32_t caps);
void heap_caps_free(void *block);

/* driver/uart.h, driver/usb_serial_jtag.h */
typedef enum { UART_NUM_0, UART_NUM_1 } uart_port_t;
typedef struct {
    int baud_rate, data_bits, parity, stop_bits, flow_ctrl, source_clk;
} uart_config_t;
enum { UART_DATA_8_BITS, UART_PARITY_DISABLE, UART_STOP_BITS_1, UART_HW_FLOWCTRL_DISABLE, UART_SCLK_DEFAULT };
#define UART_PIN_NO_CHANGE (-1)
esp_err_t uart_driver_install(uart_port_t port, int receive, int transmit, int queue_size, void *queue, int flags);
esp_err_t uart_param_config(uart_port_t port, const uart_config_t *config);
esp_err_t uart_set_pin(uart_port_t port, int tx, int rx, int rts, int cts);
int uart_write_bytes(uart_port_t port, const void *bytes, size_t length);
int uart_read_bytes(uart_port_t port, void *bytes, uint32_t room, TickType_t ticks);
typedef struct {
    uint32_t tx_buffer_size, rx_buffer_size;
} usb_serial_jtag_driver_config_t;
esp_err_t usb_serial_jtag_driver_install(usb_serial_jtag_driver_config_t *config);
int usb_serial_jtag_write_bytes(const void *bytes, size_t length, TickType_t ticks);
int usb_serial_jtag_read_bytes(void *bytes, uint32_t room, TickType_t ticks);

/* esp_app_trace.h, whose functions had a destination before 6.0 */
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(6, 0, 0)
esp_err_t esp_apptrace_write(const void *bytes, uint32_t length, uint32_t timeout);
esp_err_t esp_apptrace_flush(uint32_t timeout);
bool esp_apptrace_host_is_connected(void);
#else
typedef enum { ESP_APPTRACE_DEST_JTAG = 1, ESP_APPTRACE_DEST_UART } esp_apptrace_dest_t;
esp_err_t esp_apptrace_write(esp_apptrace_dest_t to, const void *bytes, uint32_t length, uint32_t timeout);
esp_err_t esp_apptrace_flush(esp_apptrace_dest_t to, uint32_t timeout);
bool esp_apptrace_host_is_connected(esp_apptrace_dest_t to);
#endif

/* esp_trace_port_transport.h, esp_trace_registry.h: what is used of them */
typedef enum { ESP_TRACE_LINK_UNKNOWN, ESP_TRACE_LINK_DEBUG_PROBE, ESP_TRACE_LINK_UART } esp_trace_link_types_t;
typedef struct esp_trace_transport esp_trace_transport_t;
typedef struct {
    esp_err_t (*read)(esp_trace_transport_t *transport, void *bytes, size_t *size, uint32_t timeout);
    esp_err_t (*write)(esp_trace_transport_t *transport, const void *bytes, size_t size, uint32_t timeout);
    esp_err_t (*flush_nolock)(esp_trace_transport_t *transport);
    esp_err_t (*down_buffer_config)(esp_trace_transport_t *transport, uint8_t *buffer, uint32_t size);
    bool (*is_host_connected)(esp_trace_transport_t *transport);
    esp_trace_link_types_t (*get_link_type)(esp_trace_transport_t *transport);
} esp_trace_transport_vtable_t;
struct esp_trace_transport {
    const esp_trace_transport_vtable_t *vt;
};
typedef struct esp_trace_encoder {
    esp_trace_transport_t *tp;
} esp_trace_encoder_t;
typedef struct {
    esp_err_t (*init)(esp_trace_encoder_t *encoder, const void *config);
} esp_trace_encoder_vtable_t;
#define ESP_TRACE_REGISTER_ENCODER(name, functions)                       \
    const struct {                                                        \
        const char *is;                                                   \
        const esp_trace_encoder_vtable_t *does;                           \
    } registered_encoder __attribute__((used)) = {(name), (functions)}
