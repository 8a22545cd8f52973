/* Resampling of pictures along one axis, and the interleaving of their pixels. Memory that a kernel reads must stay readable
 * for CK_READABLE_PAST floats past the last element it uses. */
#ifndef CK_RESAMPLING_H
#define CK_RESAMPLING_H

#include <stddef.h>

/* Each output sample is a weighted sum of a run of input samples:
 * output[x] = sum over t < offsets[x + 1] - offsets[x] of weights[offsets[x] + t] * input[starts[x] + t]. */
typedef struct ck_resampling {
  const ptrdiff_t *starts, *offsets;
  const float *weights;
  size_t outputs;
  /* Outputs repeatFirst ..< repeatEnd, whole periods, have the weights and the number of taps of those `phases` outputs before, and
   * begin to read `step` samples further on. Taps are as many for all phases; phases are 1, 2 or 4, steps 1 or 2. */
  size_t repeatFirst, repeatEnd, phases, taps;
  ptrdiff_t step;
} ck_resampling;

/* Output samples that `resampleRows` computes together. */
#define CK_RESAMPLED_TOGETHER 64

typedef struct ck_resampling_kernels {
  /* Neither of the first two depends on how outputs are dealt out to calls.
   * Resamples `rows` rows, at most as many as a vector has lanes, along themselves. `scratch` holds lanes * (samples + 2 * lanes)
   * floats, where no CK_RESAMPLED_TOGETHER neighbouring outputs need a run of more than `samples` input samples. */
  void (*resampleRows)(const ck_resampling *resampling, const float *input, ptrdiff_t inputStride, float *output,
                       ptrdiff_t outputStride, size_t rows, float *scratch);
  /* With `streams`, the two below write past the caches, and `fence` must be called before another thread reads. */
  /* Resamples columns: output[y * outputStride + i] is the weighted sum of rows[starts[y]][i], rows[starts[y] + 1][i] ... */
  void (*addRows)(const ck_resampling *resampling, const float *const *rows, float *output, ptrdiff_t outputStride,
                  size_t count, int streams);
  /* output[i] = source[(i % phases) * distance + i / phases], i < count */
  void (*interleave)(const float *source, size_t distance, size_t phases, size_t count, float *output, int streams);
  void (*fence)(void);
} ck_resampling_kernels;

#endif
