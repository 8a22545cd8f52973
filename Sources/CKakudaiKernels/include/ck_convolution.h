/* The family behind convolution, transposed convolution, their gradients and the matrix product.
 * Strides and offsets count floats. Memory that a kernel reads must stay readable for CK_READABLE_PAST floats past the
 * last element it uses; what stands there never reaches a result. */
#ifndef CK_CONVOLUTION_H
#define CK_CONVOLUTION_H

#include <stddef.h>
#include <stdint.h>

#define CK_READABLE_PAST 64

/* Weights to be laid out for one pass of `correlate`: the weight of (sum, channel, tap) stands at
 * source[offsets[sum * taps + tap] + channel * channelStride]. */
typedef struct ck_packing {
  const float *source;
  ptrdiff_t channelStride;
  const ptrdiff_t *offsets;
  size_t channels, taps, sums;
} ck_packing;

/* A sum of a block: one of its outputs in one of its phases. */
typedef struct ck_phase_output {
  uint32_t phase, output;
} ck_phase_output;

/* One sum of products for some of the sums of a block, at most `outputBlock` of them. */
typedef struct ck_pass {
  const float *weights; /* channels * taps * sums floats written by `pack` */
  const ptrdiff_t *tapOffsets;
  size_t taps;
  const ck_phase_output *sums;
  size_t sumCount;
  int continues; /* whether an earlier pass has begun these sums */
} ck_pass;

#define CK_NOWHERE PTRDIFF_MIN

/* What happens to the finished sum s of output o before it is stored: r is the residual there, or 0 if there is none.
 * s' = s + (addsAfter ? 0 : r);  s'' = (s' > 0 ? s' : slope * s') + offset + the sum over hinges of height * max(s', place);
 * clamped to low ... high, NaN staying NaN; then + (addsAfter ? r : 0). */
typedef struct ck_epilogue {
  /* ck_activation_size(hinges) floats per output: its slope and, where it has hinges, its offset and then the place and the
   * height of each; or NULL for s'' = s'. */
  const float *activations;
  int hinges;
  float low, high;
  int clamps; /* whether low or high is finite */
  const float *residual; /* or NULL */
  const ptrdiff_t *residualOffsets; /* where the row of each output begins in it */
  int addsAfter;
} ck_epilogue;

#define CK_MOST_HINGES 16

static inline size_t ck_activation_size(int hinges) { return hinges > 0 ? 2 + 2 * (size_t)hinges : 1; }

/* A block of at most `outputBlock` rows of outputs, each of `phases` phases that alternate along it:
 * output[outputOffsets[o] + x * phases + p] = bias[o] + sum over the passes of o and p, then channel c, then tap t, of
 *   weight(o, p, c, t) * input[c * channelStride + tapOffsets[t] + x]          for o < outputs and x * phases + p < width.
 * Rows whose offset is CK_NOWHERE are not written. The same is done `rows` times, each time the row strides further on.
 * Where `joinedLength` is not 0, the one row that is computed is several of so many floats, a multiple of `phases`, which are
 * written outputRowStride apart; there is no residual then. */
typedef struct ck_correlation {
  const float *input;
  ptrdiff_t channelStride, inputRowStride;
  size_t channels;
  const ck_pass *passes;
  size_t passCount, phases, outputs;
  const float *bias; /* one per output, or NULL for zeros */
  float *output;
  const ptrdiff_t *outputOffsets;
  ptrdiff_t outputRowStride, residualRowStride;
  size_t width, rows, joinedLength;
  const ck_epilogue *epilogue; /* or NULL */
  /* A row, as long as the rows read, of each channel that a later call will want in the caches, and the next; or NULL. These
   * channels are at most those that are summed. */
  const float *wanted;
  size_t wantedChannels;
  ptrdiff_t wantedChannelStride, wantedRowStride;
  size_t wantedRows;
  size_t weightsAhead; /* how many floats ahead weights are fetched into the caches, or 0 */
  int streams;    /* whether the output is too large for the caches, which it should then not pass through */
  float *scratch; /* phases * CK_SCRATCH_PER_PHASE floats */
} ck_correlation;

#define CK_SCRATCH_PER_PHASE 512

#define CK_COPIED_COLUMNS 64
#define CK_COPIED_STRIDE (CK_COPIED_COLUMNS + 16)

/* lines[l * lineStride + x] = sum over channel c of weight(l, c) * input[c * channelStride + x] for x < width; writes up to
 * one vector past that. */
typedef struct ck_lines {
  const float *input;
  ptrdiff_t channelStride;
  size_t channels, width;
  /* What a later call will read in the same way, or NULL. */
  const float *next;
  /* channels * CK_COPIED_STRIDE floats into which samples are copied where their channels stand at distances with which they fall
   * into the same few sets of a cache; or NULL. */
  float *copy;
  /* Of each block of count * i / blocks ..< count * (i + 1) / blocks lines, where the number of blocks is count / outputBlock
   * rounded up: weights (channel, line). */
  const float *weights;
  size_t count;
  float *lines;
  ptrdiff_t lineStride;
} ck_lines;

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

/* target[c * targetChannelStride + r * targetRowStride + x] = `before` zeros, then `count` samples
 * source[c * sourceChannelStride + r * sourceRowStride + i * stride], i = 0, 1, ..., then `after` zeros. */
typedef struct ck_rows {
  const float *source;
  ptrdiff_t sourceChannelStride, sourceRowStride;
  size_t stride;
  float *target;
  ptrdiff_t targetChannelStride, targetRowStride;
  size_t channels, rows, before, count, after;
  /* Whether to write past the caches, which takes a stride of 1 and no zeros. */
  int streams;
} ck_rows;

#define CK_DEPTHWISE_ROWS 4

/* Up to CK_DEPTHWISE_ROWS rows r of 3x3 convolutions of each channel c by itself:
 * output[c * outputChannelStride + outputRows[r] + x] = bias[c] + sum over tap row i < 3, then tap column j < 3, of
 *   weights[9 * c + 3 * i + j] * input[c * inputChannelStride + inputRows[r + i] + x + j]                  for x < width. */
typedef struct ck_depthwise_planes {
  const float *input;
  ptrdiff_t inputChannelStride, inputRows[CK_DEPTHWISE_ROWS + 2];
  const float *weights;
  const float *bias; /* one per channel, or NULL for zeros */
  float *output;
  ptrdiff_t outputChannelStride, outputRows[CK_DEPTHWISE_ROWS];
  size_t channels, width, rows;
  const ck_epilogue *epilogue; /* without a residual; or NULL */
} ck_depthwise_planes;

typedef struct ck_convolution_kernels {
  /* The most outputs of one block, and the pixels that are computed together when it has them all. */
  size_t outputBlock, pixelBlock;
  /* The vectors of a tile of 1, 2, ... outputs of two alternating phases. */
  const unsigned char *pairVectors;
  /* Writes channels * taps * sums floats to `packed`. */
  void (*pack)(const ck_packing *packing, float *packed);
  /* Every output element is summed in one order, so that splitting the outputs or the width into several calls changes no
   * bit. The output must not overlap the input. */
  void (*correlate)(const ck_correlation *correlation);
  void (*multiplyLines)(const ck_lines *lines);
  /* With the bits of `correlate`. */
  void (*convolveDepthwise)(const ck_depthwise_planes *planes);
  /* What `correlate` does to `count` finished sums of one output, for those who finish sums in other ways; `residual` is the
   * row of that output or NULL, and `target` may be `sums`. */
  void (*finish)(const ck_epilogue *epilogue, size_t output, const float *sums, const float *residual, float *target,
                 size_t count);
  /* Weight gradients. The order of summation depends on `rows` and `width` only; samples past `width` have no influence. */
  void (*correlateProducts)(const ck_products *products);
  /* Copies rows with zeros around them. */
  void (*copyRows)(const ck_rows *rows);
} ck_convolution_kernels;

#endif
