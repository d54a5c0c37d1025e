/*
 * Lua, which runs script.lua: call stacks of an interpreter, deep and by pointers, for trials. Nothing is forgotten.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lauxlib.h"
#include "leakscope.h"
#include "lua.h"
#include "lualib.h"

/* ---------------------------------------------------------------- The board, in QEMU */

#if defined(__arm__)
/* FPGAIO's counter of the MPS2; QEMU has no cycle counter. */
#define CLOCK (*(const volatile uint32_t *)0x40028018)
#define CLOCK_HZ 25000000
#else
/* The low word of mtime. */
#define CLOCK (*(const volatile uint32_t *)0x0200BFF8)
#define CLOCK_HZ 10000000
#endif

static uint32_t read_clock(void) {
    return CLOCK;
}

/* From the linker's script. */
extern const char code_start[], __text_end[];
extern char __data_start[], __stack[];

/* ---------------------------------------------------------------- The recording */

static int file;

static size_t write_to_file(const uint8_t *bytes, size_t length) {
    const ssize_t written = write(file, bytes, length);
    return written < 0 ? 0 : (size_t)written;
}

static void recording_init(void) {
    const struct leakscope_config config = {
        .application = "lua",
        .clock = read_clock,
        .clock_hz = CLOCK_HZ,
        .write_when_full = write_to_file,
        .ram_base = (uintptr_t)__data_start,
        .heap_base = (uintptr_t)__data_start,
        .heap_alignment_bits = 3,
        .code_start = (uintptr_t)code_start,
        .code_end = (uintptr_t)__text_end,
        .stacks_start = (uintptr_t)__data_start,
        .stacks_end = (uintptr_t)__stack,
        .scan_words = SCAN_WORDS,
    };
    file = open("trace.svdat", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    leakscope_init(&config);
}

__attribute__((noinline)) void heap_trace_start(void) {
    leakscope_start();
}

__attribute__((noinline)) void heap_trace_stop(void) {
    leakscope_stop();
    leakscope_drain(0, write_to_file);
    close(file);
}

/* ---------------------------------------------------------------- The script */

/* Lua's one function for all that it does with memory. `size` is a kind of object if there is no block. (GDB is stopped where
 * malloc and free say what they did; so there is no realloc.) */
static void *allocate(void *nothing, void *block, size_t size, size_t new_size) {
    (void)nothing;
    void *const moved = new_size > 0 ? malloc(new_size) : NULL;
    if (block != NULL && (moved != NULL || new_size == 0)) {
        if (moved != NULL) {
            memcpy(moved, block, size < new_size ? size : new_size);
        }
        free(block);
    }
    return moved;
}

__asm__(".section .rodata\n.global script, script_end\nscript: .incbin \"src/script.lua\"\nscript_end: .byte 0\n.text");
extern const char script[], script_end[];

static const luaL_Reg libraries[] = {
    {LUA_GNAME, luaopen_base},           {LUA_COLIBNAME, luaopen_coroutine}, {LUA_TABLIBNAME, luaopen_table},
    {LUA_STRLIBNAME, luaopen_string},    {LUA_MATHLIBNAME, luaopen_math},
};

int main(void) {
    recording_init();
    lua_State *const lua = lua_newstate(allocate, NULL);
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        luaL_requiref(lua, libraries[i].name, libraries[i].func, 1);
        lua_pop(lua, 1);
    }
    lua_pushinteger(lua, ROUNDS);
    lua_setglobal(lua, "ROUNDS");
    heap_trace_start();
    const bool is_done =
        luaL_loadbuffer(lua, script, (size_t)(script_end - script), "=script.lua") == LUA_OK && lua_pcall(lua, 0, 0, 0) == LUA_OK;
    const char *const error = is_done ? "" : lua_tostring(lua, -1);
    write(STDOUT_FILENO, error, strlen(error));
    heap_trace_stop();
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
