/* Winograd's algorithm along the vertical axis alone: eight rows become rows at eight points, which `correlate` multiplies
 * along the horizontal axis, and rows of products become 9 - taps rows of outputs. */
#ifndef CK_WINOGRAD_ROWS_H
#define CK_WINOGRAD_ROWS_H

#include "ck_convolution.h"

#define CK_ROW_POINTS 8
#define CK_MOST_ROWS 6

/* transformed[c * transformedStride + p * pointStride + x - first]: the columns first ..< end of eight rows at point p, zeros
 * where the picture, whose columns are 0 ..< columns, has none. `first` is a multiple of 16; whole vectors are written. */
typedef struct ck_rows_to_points {
  const float *input; /* column 0 */
  ptrdiff_t channelStride;
  size_t channels;
  const ptrdiff_t *rowOffsets; /* eight; CK_NOWHERE for rows of zeros */
  ptrdiff_t first, end, columns;
  float *transformed;
  ptrdiff_t transformedStride, pointStride;
} ck_rows_to_points;

/* The rows of one output from products at the points. */
typedef struct ck_rows_from_points {
  const float *const *products; /* at each point; NULL at 0 or infinity for zeros */
  size_t rows, count;
  float bias;
  const ck_epilogue *epilogue; /* or NULL; its activation is that of the one output */
  float *const *outputs; /* of each row; NULL where it is not written */
  const float *const *residuals; /* likewise; NULL where there is none */
  float *checks; /* one per column, in whole vectors: becomes NaN where a sum is not finite */
  int streams; /* whether the output is too large for the caches, which it should then not pass through */
} ck_rows_from_points;

#endif
