/* The trace macros of ESP-IDF's FreeRTOS. */
#pragma once

#include "sdkconfig.h"

/* The heap's functions are wrapped, which this kernel uses too; who runs is asked of it, for it has no pxCurrentTCB. */
#define LEAKSCOPE_FREERTOS
#define LEAKSCOPE_FREERTOS_WRAPPED
#define LEAKSCOPE_CURRENT_TCB xTaskGetCurrentTaskHandle()
#if !CONFIG_FREERTOS_UNICORE
#define LEAKSCOPE_FREERTOS_SHARED
#endif

/* As FreeRTOSConfig.h has it, which may come later. */
#ifndef configRECORD_STACK_HIGH_ADDRESS
#define configRECORD_STACK_HIGH_ADDRESS 1
#endif

#include "leakscope.h"

#ifdef traceISR_ENTER
#undef traceISR_ENTER
#define traceISR_ENTER(number) leakscope_isr_enter_number((uint32_t)(number))
#endif
