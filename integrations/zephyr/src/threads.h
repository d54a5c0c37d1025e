/* What is known of a thread, told. */
#ifndef LEAKSCOPE_THREADS_H
#define LEAKSCOPE_THREADS_H

struct k_thread;

void leakscope_zephyr_thread(const struct k_thread *thread);

#endif
