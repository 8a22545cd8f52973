/* What the kernel of a convolution sees from each of its positions, side by side. */
#ifndef CK_UNFOLDING_H
#define CK_UNFOLDING_H

#include <stddef.h>

/* One axis of a convolution: kernel element k at position t meets sample t * stride + k * dilation - padding. */
typedef struct ck_unfolded_axis {
  ptrdiff_t length, positions, kernel, stride, dilation, padding;
} ck_unfolded_axis;

/* target[(y * columns.positions + x) * targetStride + (c * rows.kernel + i) * columns.kernel + j] =
 *   the sample of channel c that kernel element (i, j) meets at position (y, x), 0 outside the picture. */
typedef struct ck_unfolding {
  const float *source;
  ptrdiff_t channelStride;
  size_t channels;
  ck_unfolded_axis rows, columns;
  float *target;
  ptrdiff_t targetStride;
} ck_unfolding;

#endif
