/*
 * How the kernel is built. What is there for the recorder is marked (recorder).
 */
#ifndef FREERTOS_CONFIG_H
#define FREERTOS_CONFIG_H

#define configCPU_CLOCK_HZ                        25000000
#define configTICK_RATE_HZ                        1000
#define configTICK_TYPE_WIDTH_IN_BITS             TICK_TYPE_WIDTH_32_BITS
#define configUSE_PREEMPTION                      1
#define configUSE_TIME_SLICING                    1
#define configMAX_PRIORITIES                      5
#ifndef STACK_WORDS
#define STACK_WORDS                               256
#endif
#define configMINIMAL_STACK_SIZE                  STACK_WORDS
#define configMAX_TASK_NAME_LEN                   12
#define configUSE_TASK_NOTIFICATIONS              1
#define configUSE_IDLE_HOOK                       1
#define configUSE_TICK_HOOK                       0
#define configUSE_MALLOC_FAILED_HOOK              0
#define configCHECK_FOR_STACK_OVERFLOW            0
#define configSUPPORT_DYNAMIC_ALLOCATION          1
#define configSUPPORT_STATIC_ALLOCATION           0
#define configTOTAL_HEAP_SIZE                     (96 * 1024)
#define configAPPLICATION_ALLOCATED_HEAP          1 /* in heap.c */
#define INCLUDE_vTaskDelay                        1
#define INCLUDE_vTaskSuspend                      1
#define INCLUDE_xTaskGetCurrentTaskHandle         1

/* The processor's interrupts, of which the upper 3 bits are a priority. */
#define configKERNEL_INTERRUPT_PRIORITY           (7 << 5)
#define configMAX_SYSCALL_INTERRUPT_PRIORITY      (1 << 5)
#define vPortSVCHandler                           supervisor_call
#define xPortPendSVHandler                        pended_switch
#define xPortSysTickHandler                       tick

void assertion_failed(const char *condition);
#define configASSERT(condition) ((condition) ? (void)0 : assertion_failed(#condition))

/* (recorder) So that the size of each stack is known. */
#define configRECORD_STACK_HIGH_ADDRESS           1
/* (recorder) The end of every task's call stack. */
#define configTASK_RETURN_ADDRESS                 0
/* (recorder) The kernel's trace macros. */
#define LEAKSCOPE_FREERTOS
#include "leakscope.h"

#endif
