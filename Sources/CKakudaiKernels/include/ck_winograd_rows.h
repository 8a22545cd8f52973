/* Winograd's algorithm along the vertical axis alone: some rows become rows at as many points, which correlations multiply along
 * the horizontal axis, and rows of products become points + 1 - taps rows of outputs. There are eight points for three to five taps,
 * or ten for five. */
#ifndef CK_WINOGRAD_ROWS_H
#define CK_WINOGRAD_ROWS_H

#include "ck_convolution.h"

#define CK_ROW_POINTS 8
#define CK_MOST_ROW_POINTS 10
#define CK_MOST_ROWS 6
#define CK_SHORT_OUTPUTS 3

/* The finite points of eight or ten: 0, and each of these with both signs. The last point is infinity. */
#define CK_EIGHT_POINTS {0.5625, 1, 1.75}
#define CK_TEN_POINTS {0.4375, 0.8125, 1.25, 2.125}
static inline double ck_row_point(size_t points, size_t index) {
  static const double eight[] = CK_EIGHT_POINTS, ten[] = CK_TEN_POINTS;
  if (index == 0) return 0;
  const double magnitude = (points == CK_ROW_POINTS ? eight : ten)[(index - 1) / 2];
  return index % 2 == 1 ? magnitude : -magnitude;
}

/* `tileRows` rows of each vertical phase of all outputs, in pieces of columns that stay in the caches. For each of them
 *  1. transformed[p * pointStride + (part * channels + c) * transformedStride + i] becomes a column of the rows of a part at
 *     point p, zeros where the picture, whose columns are 0 ..< columns, has none; column i = 0 is the multiple of 16 at or before
 *     the first that is read;
 *  2. the correlations compute products from that;
 *  3. outputs become the transform of products[places[phase * points + p] + o * productStride + x - (the first column of the piece)].
 * Where there are terms, there are eight points and one phase of each axis, and the last two steps are one, in which no product is
 * stored: that of output o at point p is the sum over terms t of what 1. gives at termOffsets[t] + x, from the first column that is
 * read, times a weight: termWeights[(t * 8 + p) * outputs + o] of each CK_SHORT_OUTPUTS outputs after the other. */
typedef struct ck_row_filter {
  const float *input; /* column 0 */
  ptrdiff_t channelStride, columns;
  size_t channels, parts, points;
  const ptrdiff_t *rowOffsets; /* one per point of each part; CK_NOWHERE for rows of zeros */
  /* Column 0 of rows that a later call will want in the caches, or NULL. */
  const float *wanted;
  ptrdiff_t wantedRowStride;
  size_t wantedRows;
  ptrdiff_t firstColumn; /* that the first position reads */
  size_t reach;          /* columns from the first to the last that one position reads */
  size_t width, horizontalPhases;
  size_t piece; /* in positions, a multiple of 16 */
  float *transformed;
  ptrdiff_t transformedStride, pointStride;
  /* All blocks of outputs at all points, but for the width; they read column 0 of what is transformed. */
  const ck_correlation *correlations;
  size_t correlationCount;
  size_t terms;
  const ptrdiff_t *termOffsets;
  const float *termWeights;
  const float *products;
  ptrdiff_t productStride;
  const ptrdiff_t *places; /* CK_NOWHERE where a phase has no products at a point */
  size_t outputs, phases, tileRows;
  const float *bias;           /* one per output, or NULL for zeros */
  const ck_epilogue *epilogue; /* or NULL; without the residual, which stands below */
  float *output;               /* where the first column begins */
  const float *residual;       /* likewise, or NULL */
  ptrdiff_t outputStride, residualStride;
  /* Of row phase * tileRows + i; CK_NOWHERE where it is not written. */
  const ptrdiff_t *outputOffsets, *residualOffsets;
  float *checks; /* one per column, in whole vectors: becomes NaN where a sum is not finite, else 0 */
  int streams;   /* whether the output is too large for the caches, which it should then not pass through */
} ck_row_filter;

#endif
