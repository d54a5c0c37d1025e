/*
 * The recorder: streamed through a sink, or standalone. Of the files in recording/ one is linked.
 */
#ifndef RECORDING_H
#define RECORDING_H

/* Before the first task. */
void recording_init(void);
/* Begin and end the recording; debuggers find them by these symbols. */
void heap_trace_start(void);
void heap_trace_stop(void);
/* Whenever there is nothing else to do. */
void recording_attend(void);
/* Hands out what is left. */
void recording_finish(void);

#endif
