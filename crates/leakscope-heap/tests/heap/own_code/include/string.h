/* FreeRTOS' heaps need nothing of it but this. */
#include <stddef.h>
void *memset(void *start, int byte, size_t length);
