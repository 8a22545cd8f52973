/* The family behind convolution, transposed convolution, their gradients and the matrix product.
 * Strides and offsets count floats. Memory that a kernel reads must stay readable for CK_READABLE_PAST floats past the
 * last element it uses; what stands there never reaches a result. */
#ifndef CK_CONVOLUTION_H
#define CK_CONVOLUTION_H

#include <stddef.h>

#define CK_READABLE_PAST 64

/* Weights to be laid out for `correlate`: the weight of (output, channel, tap) stands at
 * source[outputOffsets[output] + channel * channelStride + tapOffsets[tap]]. */
typedef struct ck_packing {
  const float *source;
  ptrdiff_t channelStride;
  const ptrdiff_t *tapOffsets;
  const ptrdiff_t *outputOffsets;
  size_t channels, taps, outputs;
} ck_packing;

/* output[o * outputStride + x] = bias[o] + sum over channel c, then tap t, of
 *   weight(o, c, t) * input[c * channelStride + tapOffsets[t] + x]           for o < outputs, x < width. */
typedef struct ck_correlation {
  const float *input;
  ptrdiff_t channelStride;
  const ptrdiff_t *tapOffsets;
  const float *weights; /* channels * taps * outputs floats written by `pack` */
  const float *bias;    /* one per output, or NULL for zeros */
  float *output;
  ptrdiff_t outputStride;
  size_t channels, taps, outputs, width;
} ck_correlation;

/* sums[i * sumStride + j] += sum over row r < rows, x < width, of
 *   left[i * leftStride + r * leftRowStride + x] * right[rightOffsets[j] + r * rightRowStride + x]. */
typedef struct ck_products {
  const float *left;
  ptrdiff_t leftStride, leftRowStride;
  const float *right;
  const ptrdiff_t *rightOffsets;
  ptrdiff_t rightRowStride;
  float *sums;
  ptrdiff_t sumStride;
  size_t lefts, rights, rows, width;
} ck_products;

typedef struct ck_convolution_kernels {
  /* Outputs that `correlate` computes together; more of them are split evenly into blocks of at most this many. */
  size_t outputBlock;
  /* Pixels that `correlate` computes together when it has a full block of outputs. */
  size_t pixelBlock;
  /* Writes channels * taps * outputs floats to `packed`. */
  void (*pack)(const ck_packing *packing, float *packed);
  /* Every output element is summed in one order (bias, channels, taps), so that splitting the outputs or the width into
   * several calls changes no bit. The output must not overlap the input. */
  void (*correlate)(const ck_correlation *correlation);
  /* Weight gradients. The order of summation depends on `rows` and `width` only; samples past `width` have no influence. */
  void (*correlateProducts)(const ck_products *products);
  /* output[i] = row (first + i) % rows at index (first + i) / rows, i < width; row r starts at source[rowOffsets[r]]. */
  void (*interleave)(const float *source, const ptrdiff_t *rowOffsets, size_t rows, size_t first, float *output,
                     size_t width);
  /* output[i] = source[i * stride], i < width. */
  void (*decimate)(const float *source, size_t stride, float *output, size_t width);
} ck_convolution_kernels;

#endif
