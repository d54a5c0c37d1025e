/*
 * What is wrong with the program: something that each pair does with its first blocks. The files in fault/ are
 * the variants, of which one is linked.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stddef.h>
#include <stdint.h>

/* Allocates the first block of a round, of `size` bytes or so, and does with it what the fault says. */
void use_first_block(uint32_t pair, uint32_t round, size_t size);

#endif
