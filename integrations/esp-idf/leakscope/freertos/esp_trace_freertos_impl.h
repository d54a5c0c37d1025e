/* ESP-IDF 6.0 and later: what FreeRTOSConfig.h includes for an external trace library. */
#pragma once

#include "leakscope_freertos.h"
