/* FreeRTOS' heaps need nothing of it but this. */
#include <stddef.h>
