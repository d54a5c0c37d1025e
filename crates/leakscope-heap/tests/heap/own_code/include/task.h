/* There is one task. */
static inline void vTaskSuspendAll(void) {}
static inline long xTaskResumeAll(void) { return 0; }
