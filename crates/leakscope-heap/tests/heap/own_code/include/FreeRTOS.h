/* As much of the kernel as its heaps need. */
#include <stddef.h>
#include <stdint.h>

#define configSUPPORT_DYNAMIC_ALLOCATION 1
#define configAPPLICATION_ALLOCATED_HEAP 1
#define configUSE_MALLOC_FAILED_HOOK     0
#define configENABLE_HEAP_PROTECTOR      0
#define configHEAP_CLEAR_MEMORY_ON_FREE  0
#ifndef portBYTE_ALIGNMENT
#define portBYTE_ALIGNMENT               8
#endif
#define portBYTE_ALIGNMENT_MASK          (portBYTE_ALIGNMENT - 1)
#define portPOINTER_SIZE_TYPE            uint32_t
#define portMAX_DELAY                    0xffffffffU
#define PRIVILEGED_DATA
#define PRIVILEGED_FUNCTION
#define configASSERT(condition)
#define mtCOVERAGE_TEST_MARKER()
#define taskENTER_CRITICAL()
#define taskEXIT_CRITICAL()
#define pdFALSE 0
#define pdTRUE  1

typedef long BaseType_t;

typedef struct {
    size_t xAvailableHeapSpaceInBytes, xSizeOfLargestFreeBlockInBytes, xSizeOfSmallestFreeBlockInBytes;
    size_t xNumberOfFreeBlocks, xMinimumEverFreeBytesRemaining;
    size_t xNumberOfSuccessfulAllocations, xNumberOfSuccessfulFrees;
} HeapStats_t;

typedef struct {
    uint8_t *pucStartAddress;
    size_t   xSizeInBytes;
} HeapRegion_t;

extern size_t told;
#define traceMALLOC(block, size) (told = (size))
#define traceFREE(block, size)

void *pvPortMalloc(size_t size);
void vPortFree(void *block);
void vPortDefineHeapRegions(const HeapRegion_t *regions);
