/* The inner loops of Kakudai: one table of functions per instruction set, chosen once at run time.
 * Kernels neither allocate, nor fail, nor start threads; sizes are 64-bit and in elements unless said otherwise. */
#ifndef CKAKUDAI_KERNELS_H
#define CKAKUDAI_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "ck_convolution.h"
#include "ck_pointwise.h"
#include "ck_resampling.h"
#include "ck_unfolding.h"
#include "ck_maps.h"
#include "ck_winograd.h"
#include "ck_winograd_gradient.h"

/* Tells the processor that a loop waits for another thread. */
static inline void ck_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* All kernels of one instruction set. */
typedef struct ck_kernels {
  const char *name; /* "portable", "avx2", "avx512", "neon" */
  int lanes;        /* floats in one vector */
  ck_convolution_kernels convolution;
  ck_pointwise_kernels pointwise;
  ck_resampling_kernels resampling;
  ck_winograd_kernels winograd;
  ck_map_kernels maps;
  ck_winograd_gradient_kernels winogradGradient;
  void (*unfold)(const ck_unfolding *unfolding);
} ck_kernels;

/* Sets `list` to the tables this machine can run, slowest first, and returns their number. */
size_t ck_available(const ck_kernels *const **list);

#endif
