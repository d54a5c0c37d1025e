/* What the program logs, as messages of the recording. */
#include <stdarg.h>
#include <stdio.h>

#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "leakscope.h"
#include "leakscope_esp.h"

#define LINE_SIZE 128u

/* A line that is being put together: from version 2 on, ESP-IDF's log prints one in pieces. */
static struct {
    TaskHandle_t task;
    size_t length;
    char text[LINE_SIZE + 1];
    bool is_in_escape; /* in a sequence that colours */
} line;
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static vprintf_like_t console;

/* ESP-IDF's lines begin with the letter of their level. */
static uint32_t level_of(const char *text) {
    const char letter = text[1] == ' ' ? text[0] : '\0';
    return letter == 'E' ? LEAKSCOPE_ERROR : letter == 'W' ? LEAKSCOPE_WARNING : LEAKSCOPE_LOG;
}

/* Adds bytes up to the end of a line, which it copies then; returns how many bytes it has used. */
static size_t add(const char *bytes, size_t length, char ended[LINE_SIZE + 1]) {
    size_t used = 0;
    ended[0] = '\0';
    portENTER_CRITICAL_SAFE(&lock);
    const TaskHandle_t task = xTaskGetCurrentTaskHandle();
    bool is_over = line.length > 0 && line.task != task;
    line.task = task;
    while (!is_over && used < length) {
        const char byte = bytes[used++];
        is_over = byte == '\n' && line.length > 0;
        if (byte == '\033') {
            line.is_in_escape = true;
        } else if (line.is_in_escape) {
            line.is_in_escape = byte != 'm';
        } else if (byte != '\n' && byte != '\r' && line.length < LINE_SIZE) {
            line.text[line.length++] = byte;
        }
    }
    if (is_over) {
        line.text[line.length] = '\0';
        for (size_t i = 0; i <= line.length; i++) {
            ended[i] = line.text[i];
        }
        line.length = 0;
    }
    portEXIT_CRITICAL_SAFE(&lock);
    return used;
}

static int record(const char *format, va_list arguments) {
    char text[LINE_SIZE], ended[LINE_SIZE + 1];
    va_list copy;
    va_copy(copy, arguments);
    const int wanted = vsnprintf(text, sizeof text, format, copy);
    va_end(copy);
    if (wanted > 0) {
        size_t length = (size_t)wanted < sizeof text ? (size_t)wanted : sizeof text - 1;
        if ((size_t)wanted > length) {
            text[length - 1] = '\n'; /* its own was cut off */
        }
        for (const char *bytes = text; length > 0;) {
            const size_t used = add(bytes, length, ended);
            bytes += used;
            length -= used;
            if (ended[0] != '\0') {
                leakscope_print(level_of(ended), ended, NULL, 0);
            }
        }
    }
    return console(format, arguments);
}

void leakscope_esp_record_logs(void) {
    if (console == NULL) {
        console = esp_log_set_vprintf(record);
    }
}
